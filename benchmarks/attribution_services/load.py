"""Users who ask one service after another thing, without a pause."""

import random

from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    """Asks for one of many things."""

    wait_time = constant(0)

    @task
    def visit(self) -> None:
        """Ask for something."""
        number = random.randrange(1_000_000)
        self.client.get(f"/?id={number}", name="/")
