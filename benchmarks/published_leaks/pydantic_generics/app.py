"""A page of articles, with a model made for the fields that the visitor asks for."""

from typing import Generic, TypeVar

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Item = TypeVar("Item")
Mark = TypeVar("Mark")


def page(count: int) -> str:
    """Fill a page."""

    class Article(BaseModel):
        number: int

    class Shelf(BaseModel, Generic[Item, Mark]):
        item: Item
        mark: Mark

    class Page(BaseModel, Generic[Mark]):
        shelf: Shelf[int, Mark]

    return Page[Article](shelf={"item": count, "mark": {"number": 7}}).model_dump_json()


async def articles(_request: Request) -> Response:
    """Send a page."""
    return Response(page(3), media_type="application/json")


app = Starlette(routes=[Route("/articles", articles)])
