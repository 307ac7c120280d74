"""The user that Locust files inherit from."""

from typing import Any

from locust import FastHttpUser
from locust.exception import StopTest

from tsprof.load.lean.session import LeanHttpSession

UNSUPPORTED = ("client_pool", "max_retries", "proxy_host")


class LeanHttpUser(FastHttpUser):
    """Locust's ``FastHttpUser`` at about a fifth of its CPU per request.

    Its client has the same methods, responses and events, and the class the same settings, but
    for a client pool shared by users, proxies and retries. What is sent differs in one point: a
    ``FastHttpUser`` sends a GET that was not answered up to eleven times; this user sends a
    request a second time only when it is idempotent, and the server had closed the connection,
    kept open since an earlier request, without a byte of an answer.
    """

    abstract = True

    def __init__(self, environment: Any) -> None:
        """Make the client.

        Args:
            environment: Locust's environment.

        Raises:
            StopTest: There is no host, or a setting that this user does not have.
        """
        super().__init__(environment)
        for name in UNSUPPORTED:
            if getattr(self, name):
                raise StopTest(f"A LeanHttpUser has no {name}: use Locust's FastHttpUser for it.")
        self.client: LeanHttpSession = LeanHttpSession(
            self.host,
            environment.events.request,
            self,
            insecure=self.insecure,
            ssl_context_factory=self.ssl_context_factory,
            network_timeout=self.network_timeout,
            connection_timeout=self.connection_timeout,
            max_redirects=self.max_redirects,
            concurrency=self.concurrency,
            headers=self.default_headers,
        )
