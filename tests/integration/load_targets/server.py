"""A target that counts what reaches it: http.server, in a thread of the test."""

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class CountingServer(ThreadingHTTPServer):
    """Answers every path.

    ``/hang`` waits until ``answers`` is set, ``/redirect`` leads to ``/``, ``/fail`` is a 500,
    ``/slow`` takes 20 ms, and ``/stream`` sends its body in pieces for 0.3 s.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), _Handler)
        self.paths: Counter[str] = Counter()
        self.connections = 0
        self.active = 0
        self.answers = threading.Event()
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    @property
    def count(self) -> int:
        return self.paths.total()

    def verify_request(self, *_: object) -> bool:
        self.connections += 1
        return True

    def begin(self, path: str) -> None:
        with self._lock:
            self.paths[path] += 1
            self.active += 1

    def end(self) -> None:
        with self._lock:
            self.active -= 1

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.answers.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about clients that were killed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one segment per answer, or Nagle's algorithm adds 40 ms to each
    server: CountingServer

    def do_GET(self) -> None:
        self.server.begin(self.path)
        try:
            end = self._answer()
        finally:
            self.server.end()  # before the last bytes, so that no client is ahead of it
        self.wfile.write(end)
        self.wfile.flush()

    do_POST = do_GET  # noqa: N815 - http.server looks for this name

    def _answer(self) -> bytes:
        """Write all of the answer but its end, and return that."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status = {"/fail": 500, "/redirect": 302}.get(self.path, 200)
        if self.path == "/hang":
            self.server.answers.wait()
        if self.path == "/slow":
            time.sleep(0.02)
        pieces = 5 if self.path == "/stream" else 0
        self.send_response(status)
        self.send_header("content-length", str(pieces + 1))
        if status == 302:
            self.send_header("location", "/")
        self.end_headers()
        for _ in range(pieces):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.06)
        return b"x"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Write nothing."""
