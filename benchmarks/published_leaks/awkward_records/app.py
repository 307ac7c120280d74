"""Tracks of a detector, read one by one."""

import asyncio
import sys

import awkward
import tornado.web

tracks = awkward.Array([{"energy": 1.5, "hits": [1, 2]}, {"energy": 2.5, "hits": []}])


class Track(tornado.web.RequestHandler):
    """Answers with a track."""

    def get(self, number: str) -> None:
        """Write the hits of a track."""
        track = tracks[int(number)]
        self.write({"energy": track.energy, "hits": awkward.to_list(track.hits)})


async def main() -> None:
    """Serve until the end."""
    application = tornado.web.Application([(r"/tracks/(\d)", Track)], log_function=lambda _: None)
    application.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
