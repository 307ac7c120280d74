"""What a Locust file gets back from a request."""

import io
import zlib
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

import brotli  # type: ignore[import-untyped]  # comes with Locust
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPParseError
from locust.contrib.fasthttp import FastRequest, FastResponse, ResponseContextManager

from tsprof.load.lean.pool import Connection

Sent = tuple[str, str, tuple[tuple[str, str], ...], bytes]
"""Method, URL, headers and body of a request."""


class BufferedBody(io.BytesIO):
    """A body that was received."""

    def release(self) -> None:
        """Do nothing: the connection is in use no more."""


class StreamedBody:
    """A body that is received while it is read."""

    def __init__(self, connection: Connection) -> None:
        """Read from a connection whose headers have been received."""
        self._connection: Connection | None = connection
        self._rest = b""

    def read(self, length: int | None = None) -> bytes:
        """Return ``length`` bytes, or those that are left; None for all.

        Raises:
            OSError: The connection broke, or the time is over.
            HTTPParseError: The body's end is missing.
        """
        pieces, have = [self._rest], len(self._rest)
        while self._connection is not None and (length is None or have < length):
            try:
                piece = self._connection.read()
            except BaseException:
                self.release()
                raise
            if not piece:
                self.release()
            pieces.append(piece)
            have += len(piece)
        data = b"".join(pieces)
        end = len(data) if length is None else length
        self._rest = data[end:]
        return data[:end]

    def release(self) -> None:
        """Give the connection back, which is closed if there is more to read."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    __del__ = release


class LeanResponse(FastResponse):
    """Locust's response; what few ask for is made when it is asked for.

    Its state is in its ``__dict__``, which Locust copies where a ``with`` block judges it.
    """

    status_code: int = 0
    error: Exception | None = None
    """What makes a failure of it, such as its status."""
    seconds = 0.0
    """Until it had come, or its headers, if it is streamed."""
    history: Sequence["LeanResponse"] = ()  # type: ignore[assignment]
    """The redirects that led to it."""

    _response: "BufferedBody | StreamedBody | None" = None  # type: ignore[assignment]

    def __init__(self, connection: Connection, sent: Sent, stream: bool) -> None:  # noqa: FBT001
        """Take the answer that a connection has read.

        Args:
            connection: The connection. It is released, at once or after the body was read.
            sent: The request.
            stream: Whether the body is to be read piece by piece.
        """
        reader = connection.reader
        self.status_code = reader.status
        self.sets_cookies = reader.sets_cookies
        self._fields = reader.fields
        self._sent = sent
        if not reader.complete:
            self._response = StreamedBody(connection)
            return
        body = b"".join(reader.body)
        connection.release()
        if stream or reader.is_encoded:
            self._response = BufferedBody(body)
        else:
            self._cached_content = body

    @cached_property
    def headers(self) -> Headers:  # type: ignore[override]  # an attribute there
        """The headers; names in any case."""
        headers = Headers()
        for name, value in self._fields:
            headers.add(name.decode("latin-1"), value.decode("latin-1"))
        return headers

    @cached_property
    def request(self) -> FastRequest:  # type: ignore[override]  # an attribute there
        """The request."""
        method, url, fields, payload = self._sent
        return FastRequest(url, method, Headers(fields), payload)

    @property
    def elapsed(self) -> timedelta:
        """Time until it had come, or its headers, if it is streamed."""
        return timedelta(seconds=self.seconds)

    def release(self) -> None:
        """Give up what was not read of a streamed body."""
        if self._response is not None:
            self._response.release()

    def _content(self) -> Any:
        try:
            return super()._content()  # type: ignore[no-untyped-call]
        except (brotli.error, zlib.error, ValueError) as error:
            encoding = self.headers.get("content-encoding")
            raise HTTPParseError(
                f"the body is not of Content-Encoding {encoding}: {error}"
            ) from None


class CheckedResponse(ResponseContextManager, LeanResponse):
    """A response in a ``with`` block that judges it."""
