"""A greeting in the language of the request, which is kept in a Local as Django does."""

from collections.abc import Callable, Iterable

from asgiref.local import Local

active = Local()


class Language:
    """A language, with its greeting."""

    def __init__(self, name: str) -> None:
        """Make the language of that name."""
        self.name = name
        self.greeting = f"hello in {name}"


def app(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer with a greeting."""
    active.language = Language(environ.get("HTTP_ACCEPT_LANGUAGE", "en"))
    body = active.language.greeting.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
