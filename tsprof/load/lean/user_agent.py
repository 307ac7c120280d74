"""Sends requests for one user: redirects are followed, cookies kept."""

from typing import Any

from geventhttpclient.useragent import RetriesExceeded
from locust.contrib.fasthttp import FastRequest, LocustBadStatusCode, LocustUserAgent

from tsprof.load.lean.cookies import RememberingJar
from tsprof.load.lean.pool import ConnectionPool
from tsprof.load.lean.response import LeanResponse
from tsprof.load.lean.wire import Fields, as_fields, encode

DEFAULT_HEADERS = {"User-Agent": "python/tsprof", "Accept-Encoding": "gzip, deflate, br"}
TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
BINARY = (("Content-Type", "application/octet-stream"),)
PLAIN_PAYLOADS = (type(None), str, bytes)


class LeanUserAgent(LocustUserAgent):
    """Locust's user agent over connections that cost less.

    A request that needs more than to be sent becomes one of geventhttpclient's own, so that
    redirects, cookies, forms and multipart bodies are what they are with a FastHttpUser.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        cookiejar: RememberingJar,
        headers: dict[str, str] | None,
        max_redirects: int,
    ) -> None:
        """Put the parts together.

        Args:
            pool: The connections.
            cookiejar: The cookies.
            headers: Sent with each request that does not have them itself.
            max_redirects: How many redirects are followed.
        """
        super().__init__(
            headers=DEFAULT_HEADERS | (headers or {}), max_redirects=max_redirects, max_retries=0
        )
        self.cookiejar: RememberingJar = cookiejar
        self.clientpool: ConnectionPool = pool  # type: ignore[assignment]
        defaults = as_fields(self.default_headers)
        self._defaults = {type(None): defaults, str: defaults + TEXT, bytes: defaults + BINARY}

    def urlopen(  # type: ignore[override] # noqa: PLR0917 - fewer options, of every request
        self,
        url: str,
        method: str,
        headers: dict[str, Any],
        payload: Any,
        stream: bool,  # noqa: FBT001
        params: Any,
        files: Any,
        max_redirects: int | None,
    ) -> LeanResponse:
        """Send a request, and those that it is redirected to.

        Args:
            url: The URL, with http or https.
            method: The method.
            headers: The headers.
            payload: The body: text, bytes, a dict of form fields, an open file, or pieces.
            stream: Whether the body of the answer is to be read later.
            params: What to add to the URL's query.
            files: What to make a multipart body of.
            max_redirects: How many redirects to follow, if not the agent's number.

        Returns:
            The last response. Its ``error`` is set if it has a bad status.

        Raises:
            OSError: A connection failed, or the time is over.
            HTTPParseError: An answer is not HTTP, or its end is missing.
            RetriesExceeded: There are more redirects than are followed.
            ValueError: The request cannot be sent like this.
        """
        method = method.upper()
        limit = self.max_redirects if max_redirects is None else max_redirects
        kind: type = type(payload or None)
        if params or files or kind not in PLAIN_PAYLOADS:
            request = self.full_request(
                url, method, headers, payload=payload, params=params, files=files
            )
            return self._follow(request, None, limit, stream=stream)
        fields = as_fields(headers) if headers else ()
        if self.cookiejar.is_used:
            fields = self._with_cookies(fields, url)
        body = payload.encode() if kind is str else payload or b""
        response = self._send(method, url, fields, body, self._defaults[kind], stream)
        if response.sets_cookies or response.status_code in self.redirect_response_codes:
            request = self.full_request(url, method, headers, payload=payload)
            return self._follow(request, response, limit, stream=stream)
        return self._judged(response, url)

    def full_request(
        self,
        url: str,
        method: str,
        headers: dict[str, Any],
        *,
        payload: Any,
        params: Any = None,
        files: Any = None,
    ) -> FastRequest:
        """Return a request that knows all about itself; the arguments are those of ``urlopen``."""
        fields = self.default_headers.copy()
        fields.update(as_fields(headers))
        request = self._make_request(
            url, method, headers=fields, payload=payload, params=params, files=files
        )
        assert isinstance(request, FastRequest)
        return request

    def _with_cookies(self, fields: Fields, url: str) -> Fields:
        cookies = self.cookiejar.header_for(url)
        if not cookies or any(name.lower() == "cookie" for name, _ in fields):
            return fields
        return (*fields, ("Cookie", cookies))

    def _follow(
        self, request: FastRequest, response: LeanResponse | None, limit: int, *, stream: bool
    ) -> LeanResponse:
        """Send the request if there is no response to it yet, and those that it leads to."""
        url = request.url
        history: list[LeanResponse] = []
        for _ in range(limit + 1):
            if response is None:
                self.cookiejar.add_cookie_header(request)
                body = _as_bytes(request.payload)
                fields = tuple(request.headers.items())
                response = self._send(
                    request.method, str(request.url_split), fields, body, (), stream
                )
            if response.sets_cookies:
                self.cookiejar.extract_cookies(response, request)  # type: ignore[arg-type]
            location = response.headers.get("location")
            if (
                not limit
                or response.status_code not in self.redirect_response_codes
                or not isinstance(location, str)
            ):
                response.history = history
                return self._judged(response, request.url)
            history.append(response)
            response.release()
            request.redirect(response.status_code, location)
            response = None
        raise RetriesExceeded(url, f"Redirection limit reached ({limit})")

    def _send(  # noqa: PLR0917 - on the way of every request
        self,
        method: str,
        url: str,
        fields: Fields,
        body: bytes,
        defaults: Fields,
        stream: bool,  # noqa: FBT001
    ) -> LeanResponse:
        origin, data = encode(method, url, fields, body, defaults)
        connection = self.clientpool.exchange(origin, method, data, whole=not stream)
        return LeanResponse(connection, (method, url, fields, body), stream)

    def _judged(self, response: LeanResponse, url: str) -> LeanResponse:
        if response.status_code not in self.valid_response_codes:
            response.error = LocustBadStatusCode(url, code=response.status_code)
        return response


def _as_bytes(payload: Any) -> bytes:
    """Return a body in one piece."""
    if payload is None:
        return b""
    if hasattr(payload, "read"):
        payload = payload.read()
    if isinstance(payload, str):
        return payload.encode()
    if isinstance(payload, bytes | bytearray | memoryview):
        return bytes(payload)
    return b"".join(_as_bytes(piece) for piece in payload)
