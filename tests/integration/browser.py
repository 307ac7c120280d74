"""Headless Chromium, told what to do over its debugging pipe: real keys, a real pointer."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CALL_SECONDS = 60
_WITH_PIPE = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for number, end in enumerate(ends, start=3):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Runs a program with the pipe's ends under the numbers that Chromium asks for, 3 and 4."""


class Page:
    """A page that is open."""

    def __init__(self, commands: int, answers: int, process: "subprocess.Popen[bytes]") -> None:
        """Take the two ends of the pipe."""
        self._commands, self._process = commands, process
        self._answers = os.fdopen(answers, "rb", buffering=0)
        self._numbers = itertools.count(1)
        self._session: dict[str, str] = {}
        self._rest = b""
        self.messages: list[str] = []
        """What was written to the console, and what was asked of any other host."""
        self._address = ""

    def open(
        self, page: Path | str, width: int = 1200, height: int = 800, scheme: str = "light"
    ) -> None:
        """Load a file or an address, and wait until it is loaded."""
        self._address = page.as_uri() if isinstance(page, Path) else page
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        scheme_feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[scheme_feature])
        self.call("Page.navigate", url=self._address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")
        self.settle()

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def settle(self) -> None:
        """Wait until what was begun has been drawn."""
        self.value("new Promise(done => requestAnimationFrame(() => setTimeout(done, 30)))")

    def until(self, condition: str) -> None:
        """Wait until an expression is true; fail after the time of a call."""
        self.value(
            "new Promise((done, fail) => { const began = Date.now(); const look = () => {"
            f"if ({condition}) done(); else if (Date.now() - began > {CALL_SECONDS * 1000}) fail();"
            "else setTimeout(look, 10); }; look(); })"
        )

    def value(self, expression: str) -> Any:
        """Evaluate an expression in the page."""
        told = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        return str(self.value(f"document.querySelector({json.dumps(selector)}).textContent"))

    def shown(self, selector: str) -> str:
        """Return the text that is seen of an element; nothing of a hidden one."""
        found = self.value(f"document.querySelector({json.dumps(selector)})?.innerText")
        return str(found or "")

    def screenshot(self, file: Path, width: int = 1100, height: int = 2600) -> None:
        """Write a picture of the page in a window of this size."""
        self.resize(width, height)
        picture = self.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(picture["data"]))

    def key(self, key: str, text: str = "") -> None:
        """Press a key."""
        codes = {"Enter": 13, "Escape": 27, "Backspace": 8, "ArrowLeft": 37}
        codes |= {"ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        code = {"windowsVirtualKeyCode": codes[key]} if key in codes else {}
        sent = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **code, **sent)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)
        self.settle()

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self.call("Input.insertText", text=text)

    def point(self, left: float, top: float, *, click: bool = False) -> None:
        """Move the pointer to a place, and press its button there."""
        where = {"x": left, "y": top}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", **where)
        if click:
            pressed = {**where, "button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type="mousePressed", **pressed)
            self.call("Input.dispatchMouseEvent", type="mouseReleased", **pressed)
        self.settle()

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the debugging protocol."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            self._note(answer)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            piece = self._answers.read(1 << 16)
            assert piece, f"chromium ended with {self._process.poll()}"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, message: Any) -> None:
        said = message.get("params", {})
        if message.get("method") == "Log.entryAdded":
            self.messages.append(said["entry"]["text"])
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.messages.append(str(said["args"]))
        elif message.get("method") == "Runtime.exceptionThrown":
            self.messages.append(str(said["exceptionDetails"]))
        elif message.get("method") == "Network.requestWillBeSent":
            address = said["request"]["url"]
            if not address.startswith(("file:", "data:", self._address)):
                self.messages.append(address)


@contextmanager
def browser(chromium: str, directory: Path) -> Iterator[Page]:
    """Start Chromium with a profile of its own in a directory; it ends with the block."""
    down, commands = os.pipe()
    answers, up = os.pipe()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", _WITH_PIPE, str(down), str(up)),
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--no-first-run",
            "--remote-debugging-pipe",
            f"--user-data-dir={directory / 'chromium'}",
        ],
        pass_fds=(down, up),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(down)
    os.close(up)
    page = Page(commands, answers, process)
    try:
        yield page
        page.call("Browser.close")
    finally:
        os.close(commands)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        page._answers.close()  # noqa: SLF001
