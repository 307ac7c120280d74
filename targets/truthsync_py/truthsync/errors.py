"""The errors of the service."""

from http import HTTPStatus


class SettingsError(ValueError):
    """The environment asks for something that the service cannot do."""


class BadRequestError(Exception):
    """A request that the client must change."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        """Take the status to answer with, and what is wrong."""
        super().__init__(message)
        self.status = status
