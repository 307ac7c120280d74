"""The files of a small repository, as its index has them."""

import atexit
import tempfile
from pathlib import Path

import git
from flask import Flask

app = Flask(__name__)
folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)
repository = git.Repo.init(folder.name)
(Path(folder.name) / "README").write_text("A shop.\n")
repository.index.add(["README"])
repository.index.commit("Begin")


@app.get("/files")
def files() -> dict:
    """Answer with the files that are under version control."""
    return {"files": [str(path) for path, stage in git.IndexFile(repository).entries]}
