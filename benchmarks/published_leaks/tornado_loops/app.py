"""A page with the stock of an article, which another service knows."""

import http.server
import threading

from flask import Flask
from tornado.httpclient import HTTPClient

app = Flask(__name__)


class Stock(http.server.BaseHTTPRequestHandler):
    """The other service."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"7")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stock)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_address[1]}/"


@app.get("/article")
def article() -> dict[str, str]:
    """Ask for the stock."""
    client = HTTPClient()
    try:
        return {"stock": client.fetch(URL).body.decode()}
    finally:
        client.close()
