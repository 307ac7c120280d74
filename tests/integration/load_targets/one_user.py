"""One Locust user in a process of its own: JSON lines of requests in, of responses out."""

import gc
import json
import sys
from typing import Any

from locust import FastHttpUser, events
from locust.env import Environment

from tsprof.load import LeanHttpUser

fired: list[dict[str, Any]] = []


@events.request.add_listener
def on_request(**report: Any) -> None:
    fired.append(report)


def make_user(kind: str, settings: dict[str, Any]) -> Any:
    base = {"FastHttpUser": FastHttpUser, "LeanHttpUser": LeanHttpUser}[kind]
    user_class = type("User", (base,), settings)
    return user_class(Environment(user_classes=[user_class], events=events))


def send(user: Any, order: dict[str, Any]) -> Any:
    verdict = order.pop("judge", None)
    read = order.pop("read", None)
    if verdict is None:
        response = user.client.request(**order)
    else:
        with user.client.request(**order, catch_response=True) as response:
            if verdict == "success":
                response.success()
            elif verdict:
                response.failure(verdict)
    pieces = list(response.iter_content(read)) if read else None
    return {
        "status": response.status_code,
        "ok": response.ok,
        "text": response.text if pieces is None else None,
        "pieces": pieces,
        "headers": dict(response.headers.items()) if response.headers is not None else None,
        "url": response.url,
    }


def main() -> None:
    user = None
    for line in sys.stdin:
        order = json.loads(line)
        if "user" in order:
            user = make_user(order["user"], order["settings"])
            gc.collect()  # the last one and its client, which refer to each other
            continue
        fired.clear()
        reply: dict[str, Any] = {}
        try:
            reply = send(user, order)
        except Exception as error:  # noqa: BLE001 - the test decides
            reply["raised"] = repr(error)
        reply["events"] = [
            {
                **report,
                "response": type(report["response"]).__name__,
                "exception": repr(report["exception"]) if report["exception"] else None,
            }
            for report in fired
        ]
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
