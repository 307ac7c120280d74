"""A server under Scalene, launched and ended as tsprof does it."""

import importlib.util
import os
import sys
import urllib.request
from pathlib import Path

import pytest

from tsprof.errors import UsageError
from tsprof.profilers.scalene import prefix, read_profile, require
from tsprof.supervisor.launch import LaunchOrder, Target, free_port, wait_until_ready
from tsprof.supervisor.readiness import readiness

APP = """
def copy():
    data = bytes(2_000_000)
    return bytes(bytearray(data))

def app(environ, start):
    total = 0
    for number in range(100_000):
        total += number
    body = str(total + len(copy())).encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


@pytest.mark.skipif(importlib.util.find_spec("scalene") is None, reason="Scalene is not installed")
def test_a_forked_worker_is_seen_by_line(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    port, profile = free_port(), tmp_path / "profile.json"
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    host = f"http://127.0.0.1:{port}"
    order = LaunchOrder(
        command=[*prefix(profile, tmp_path), gunicorn, "app:app", "--bind", f"127.0.0.1:{port}"],
        cwd=tmp_path,
        environment=dict(os.environ),
        log=tmp_path / "log",
    )
    with Target(order) as target:
        ready, what = readiness("tcp", host, (), target.log)
        wait_until_ready(target, ready, 60, what, lambda: None)
        for _ in range(100):
            urllib.request.urlopen(host, timeout=30).read()
        target.stop(30)
    [source] = read_profile(profile)
    costs = {line.text.strip(): line for line in source.lines}
    assert Path(source.path).name == "app.py"
    assert costs["total += number"].time > 0.1
    assert costs["data = bytes(2_000_000)"].allocated > 100e6


def test_an_interpreter_without_scalene_is_told_how_to_get_it(tmp_path: Path) -> None:
    interpreter = tmp_path / "python3"
    interpreter.write_text("#!/bin/sh\nexit 1\n")
    interpreter.chmod(0o755)
    with pytest.raises(UsageError, match="not installed") as error:
        require([str(interpreter), "app.py"], tmp_path)
    assert f"{interpreter} -m pip install" in error.value.hint


def test_an_old_scalene_is_refused(tmp_path: Path) -> None:
    interpreter = tmp_path / "python3"
    interpreter.write_text("#!/bin/sh\necho 1.5.54; echo /somewhere\n")
    interpreter.chmod(0o755)
    with pytest.raises(UsageError, match=r"Scalene 1\.5\.54 is too old"):
        require([str(interpreter), "app.py"], tmp_path)
