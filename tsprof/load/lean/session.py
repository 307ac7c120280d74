"""Sends one user's requests and reports them to Locust."""

import json as jsonlib
import ssl
from base64 import b64encode
from collections.abc import Callable
from time import perf_counter, time
from typing import Any

import gevent.ssl
from locust import User
from locust.contrib.fasthttp import (
    FAILURE_EXCEPTIONS,
    ErrorResponse,
    FastHttpSession,
    FastResponse,
    ResponseContextManager,
    insecure_ssl_context_factory,
)

from tsprof.load.lean.cookies import RememberingJar
from tsprof.load.lean.pool import ConnectionPool
from tsprof.load.lean.response import CheckedResponse, LeanResponse
from tsprof.load.lean.user_agent import LeanUserAgent


class LeanHttpSession(FastHttpSession):
    """Locust's session over connections that cost less."""

    def __init__(
        self,
        base_url: str | None,
        request_event: Any,
        user: User | None,
        *,
        insecure: bool = True,
        ssl_context_factory: Callable[[], ssl.SSLContext] | None = None,
        network_timeout: float | None = 60.0,
        connection_timeout: float | None = 60.0,
        max_redirects: int = 30,
        concurrency: int = 10,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            base_url: What URLs without a host are appended to.
            request_event: Locust's hook that is told of each request.
            user: Adds its context to each request.
            insecure: Whether a server's certificate is accepted whatever it is.
            ssl_context_factory: Makes the TLS context, if not gevent.
            network_timeout: Seconds to wait for the server each time.
            connection_timeout: Seconds to wait for a connection.
            max_redirects: How many redirects are followed.
            concurrency: How many requests to one server may be under way at the same time.
            headers: Sent with each request that does not have them itself.
        """
        super().__init__(base_url, request_event, user)
        self._has_context = getattr(user and user.context, "__func__", None) is not User.context
        self.cookiejar: RememberingJar = RememberingJar()
        pool = ConnectionPool(
            concurrency=concurrency,
            connection_timeout=connection_timeout,
            network_timeout=network_timeout,
            context_factory=_context_factory(ssl_context_factory, insecure=insecure),
        )
        self.client: LeanUserAgent = LeanUserAgent(pool, self.cookiejar, headers, max_redirects)

    def request(  # type: ignore[override] # noqa: PLR0917 - as Locust has it
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,  # noqa: FBT001, FBT002
        stream: bool = False,  # noqa: FBT001, FBT002
        headers: dict[str, Any] | None = None,
        auth: tuple[str | bytes, str | bytes] | None = None,
        json: Any = None,
        allow_redirects: bool = True,  # noqa: FBT001, FBT002
        context: dict[str, Any] | None = None,
        params: Any = None,
        files: Any = None,
        max_redirects: int | None = None,
    ) -> FastResponse:
        """Send a request.

        Args:
            method: The method.
            url: Appended to the base URL, unless it begins with http itself.
            name: What the request is called in statistics; by default ``url``.
            data: The body: text, bytes, a dict of form fields, an open file, or pieces.
            catch_response: Whether the request is reported at the end of a ``with`` block.
            stream: Whether the body is read later, by ``iter_content``.
            headers: The headers.
            auth: Name and password for basic authentication.
            json: Sent as the body if there is no ``data``.
            allow_redirects: Whether redirects are followed.
            context: Handed to the request event.
            params: What to add to the URL's query.
            files: What to make a multipart body of.
            max_redirects: How many redirects are followed, if not the session's number.

        Returns:
            The response; its status is 0 if there was none.
        """
        start_time = time()
        built_url = f"{self.base_url}{url}" if url[:1] == "/" else self._build_url(url)
        if not allow_redirects:
            max_redirects = 0
        fields = dict(headers) if headers else {}
        if auth or self.auth_header:
            fields["Authorization"] = _basic(*auth) if auth else self.auth_header
        if json is not None and not data:
            data = jsonlib.dumps(json)
            _set_default(fields, "Content-Type", "application/json")
            _set_default(fields, "Accept", "application/json")

        began = perf_counter()
        response: FastResponse
        length = 0
        try:
            response = self.client.urlopen(
                built_url, method, fields, data, stream, params, files, max_redirects
            )
        except FAILURE_EXCEPTIONS as error:
            seconds = perf_counter() - began
            exception: BaseException | None = error
            response = ErrorResponse(
                self.client.full_request(built_url, method, fields, payload=data), error
            )
        else:
            exception = response.error
            try:
                length = _declared_length(response) if stream else len(response.content)
            except FAILURE_EXCEPTIONS as error:
                exception = error
            response.seconds = seconds = perf_counter() - began
        if context or self._has_context:
            own = self.user.context() if self.user else {}
            context = {**own, **(context or {})}
        report = {
            "request_type": method,
            "name": name or self.request_name or url,
            "context": context or {},
            "response": response,
            "exception": exception,
            "start_time": start_time,
            "url": built_url,
            "response_length": length,
            "response_time": seconds * 1000,
        }
        if not catch_response:
            self.request_event.fire(**report)
            return response
        kind = CheckedResponse if isinstance(response, LeanResponse) else ResponseContextManager
        return kind(response, self.request_event, report, catch_response=True)


def _declared_length(response: LeanResponse) -> int:
    length = response.headers.get("content-length")
    return int(length) if isinstance(length, str) else 0


def _set_default(fields: dict[str, Any], name: str, value: str) -> None:
    if name not in fields and name.lower() not in fields:
        fields[name] = value


def _basic(name: str | bytes, password: str | bytes) -> str:
    pair = (part.encode("latin-1") if isinstance(part, str) else part for part in (name, password))
    return f"Basic {b64encode(b':'.join(pair)).decode('ascii')}"


def _context_factory(
    given: Callable[[], ssl.SSLContext] | None, *, insecure: bool
) -> Callable[[], ssl.SSLContext]:
    if given is None:
        return insecure_ssl_context_factory if insecure else gevent.ssl.create_default_context

    def make() -> ssl.SSLContext:
        context = given()
        context.check_hostname = not insecure
        return context

    return make
