"""A page with the stock of an article, which another service knows."""

import http.server
import sys
import threading

import httpx
import tornado.ioloop
import tornado.web


class Stock(http.server.BaseHTTPRequestHandler):
    """The other service."""

    protocol_version = "HTTP/1.1"

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
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None))


class Article(tornado.web.RequestHandler):
    """The page."""

    async def get(self) -> None:
        """Ask for the stock."""
        answer = await client.get(URL)
        self.write({"stock": answer.text})


tornado.web.Application([("/article", Article)]).listen(int(sys.argv[1]), "127.0.0.1")
tornado.ioloop.IOLoop.current().start()
