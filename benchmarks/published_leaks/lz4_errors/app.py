"""A store of compressed texts that says of each whether it can still be read."""

import lz4.frame
from flask import Flask

app = Flask(__name__)
text = b"a text of some length; " * 300


def damaged(frame: bytes) -> bytes:
    """Return a frame with one wrong byte."""
    return frame[:30] + bytes([frame[30] ^ 0xFF]) + frame[31:]


BLOBS = {name: lz4.frame.compress(text, block_checksum=True) for name in ("1", "2")}
BLOBS["damaged"] = damaged(BLOBS["1"])


def read(name: str) -> bytes | None:
    """Return a text, or nothing when its frame is damaged."""
    try:
        return lz4.frame.decompress(BLOBS[name])
    except RuntimeError:
        return None


@app.get("/blobs/<name>")
def state(name: str) -> dict[str, object]:
    """Answer whether a text can be read."""
    content = read(name)
    return {"name": name, "readable": content is not None, "length": len(content or b"")}
