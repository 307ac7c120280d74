"""Reads HTTP/1 answers from the bytes of one connection."""

from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

FIRST_FINAL_STATUS = 200
SWITCHING_PROTOCOLS = 101
END_OF_HEAD = b"\r\n\r\n"
MAX_HEADS = 8
"""How many heads are remembered for each connection."""
MAX_HEAD = 2000
"""Bytes of a head that is remembered."""


Field = tuple[bytes, bytes]
Head = tuple[bytes, int, list[Field], bool, bool]
"""The head as it was sent, status, fields, whether it sets cookies, whether the body is encoded."""


class AnswerReader:
    """The answer that is being read, and the parser that is fed with its bytes."""

    def __init__(self) -> None:
        """Expect no answer yet."""
        self._parser = HttpResponseParser(self)
        self._heads: dict[int, Head] = {}  # by the length of the whole answer
        self.fields: list[Field] = []
        self.sets_cookies = False
        self.is_encoded = False
        """Whether the body is compressed."""
        self.keep_alive = False
        """Whether another request can be sent on the connection, once the answer is complete."""
        self.expect("GET")

    def expect(self, method: str) -> None:
        """Begin with the answer to a request.

        Args:
            method: The request's method in capitals; an answer to HEAD has no body.
        """
        self._to_head = method == "HEAD"
        self.begun = False
        """Whether a byte of the answer has come."""
        self.status = 0
        """The status, from when the headers are complete."""
        self.body: list[bytes] = []
        self.complete = False

    def feed(self, data: bytes) -> None:
        """Take what the connection received; nothing means that the server closed it.

        Raises:
            HTTPConnectionClosed: It was closed before the first byte of an answer.
            HTTPParseError: The answer is not HTTP, or its end is missing.
        """
        if not data:
            self._end()
        elif self.begun or self._to_head:
            self._parse(data)
        elif not self._take_known(data):
            self._parse(data)
            self._remember(data)

    def _take_known(self, data: bytes) -> bool:
        """Take the answer if it has the head and the length of an earlier one.

        Most answers of a test do: the date in a head changes once a second. That takes 0.25
        microseconds instead of 1.0; where each head is another, it costs 0.5 more to remember it.
        """
        known = self._heads.get(len(data))
        if known is None or not data.startswith(known[0]):
            return False
        head, self.status, self.fields, self.sets_cookies, self.is_encoded = known
        self.body.append(data[len(head) :])
        self.begun = self.complete = self.keep_alive = True
        return True

    def _remember(self, data: bytes) -> None:
        """Remember the head of an answer that was complete with what came first.

        What follows the head is the body as it is, so that the next one with this head and this
        length is complete as well.
        """
        if not (self.complete and self.keep_alive):
            return
        end = data.find(END_OF_HEAD, 0, MAX_HEAD) + len(END_OF_HEAD)
        if b"".join(self.body) != data[end:]:
            return
        if len(self._heads) >= MAX_HEADS:
            self._heads.clear()
        head = data[:end]
        self._heads[len(data)] = head, self.status, self.fields, self.sets_cookies, self.is_encoded

    def _parse(self, data: bytes) -> None:
        self.begun = True
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.keep_alive = False
        except HttpParserError as error:
            if not self.complete:
                raise HTTPParseError(str(error)) from None
            self.keep_alive = False  # there is more than was asked for
        if self.complete and self._to_head:
            self._parser = HttpResponseParser(self)  # the old one goes on to expect a body

    def on_message_begin(self) -> None:
        """Begin with the headers; refuse an answer that nobody asked for."""
        if self.complete:
            raise HttpParserError
        self.fields = []
        self.sets_cookies = self.is_encoded = self.keep_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but no trailer."""
        if self.status:
            return
        self.fields.append((name, value))
        lower = name.lower()
        if lower == b"set-cookie":
            self.sets_cookies = True
        elif lower == b"content-encoding":
            self.is_encoded = True

    def on_headers_complete(self) -> None:
        """Take the status, unless the final answer is still to come."""
        parser = self._parser
        status = parser.get_status_code()
        if status < FIRST_FINAL_STATUS and status != SWITCHING_PROTOCOLS:
            return
        self.status = status
        self.keep_alive = parser.should_keep_alive()
        if self._to_head:
            self.complete = True
            # Without a length the parser takes the missing body to last until the end.
            self.keep_alive = parser.get_http_version() == "1.1" and not self._has(
                b"connection", b"close"
            )

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        self.body.append(piece)

    def on_message_complete(self) -> None:
        """Note the end of the final answer."""
        if self.status:
            self.complete = True

    def _end(self) -> None:
        if not self.begun:
            raise HTTPConnectionClosed("the server closed the connection without an answer")
        if not self.status:
            raise HTTPParseError("the server closed the connection within the headers")
        if self._has(b"content-length", b"") or self._has(b"transfer-encoding", b"chunked"):
            raise HTTPParseError("the server closed the connection within the body")
        self.complete = True
        self.keep_alive = False

    def _has(self, name: bytes, word: bytes) -> bool:
        return any(field.lower() == name and word in value.lower() for field, value in self.fields)
