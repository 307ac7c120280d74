"""Which requests are redirected, asked of a server in this process."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tsprof.supervisor.launch import free_port
from tsprof.supervisor.redirects import redirect_notes

PLACES = {
    "/dir": "/dir/",
    "/relative/a": "b",
    "/away": "https://elsewhere.example/\x1b[31mlogin",
    "/nowhere": "",
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        place = PLACES.get(self.path)
        self.send_response(404 if self.path == "/missing" else 200 if place is None else 308)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_redirect_is_told_with_what_to_request(host: str) -> None:
    assert redirect_notes(host, ["/", "/missing", "/nowhere", "/dir"]) == [
        "GET /dir is redirected to /dir/: both count as one request, so request that itself"
    ]


def test_where_a_redirect_leads_is_told_in_full_and_cleaned(host: str) -> None:
    relative, away = redirect_notes(f"{host}/", ["/relative/a", "/away"])
    assert "redirected to /relative/b: " in relative
    assert "redirected to https://elsewhere.example/" in away
    assert away.isprintable()


def test_a_target_that_does_not_answer_is_asked_once_and_has_no_note() -> None:
    assert redirect_notes(f"http://127.0.0.1:{free_port()}", ["/", "/dir"]) == []
