"""Orders, each with a state machine for as long as it is handled."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from transitions.extensions.asyncio import AsyncMachine


class Order:
    """An order."""

    def __init__(self) -> None:
        """Start as a new order."""
        self.machine = AsyncMachine(
            model=self,
            states=["new", "paid"],
            initial="new",
            transitions=[{"trigger": "pay", "source": "new", "dest": "paid"}],
            auto_transitions=False,
        )


async def order(_request: Request) -> JSONResponse:
    """Take an order and have it paid."""
    placed = Order()
    await placed.pay()
    return JSONResponse({"state": placed.state})


app = Starlette(routes=[Route("/orders", order)])
