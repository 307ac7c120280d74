"""Puts the gate between Locust's users and the target.

Locust offers no hook before a request, so the request methods of the HTTP sessions, and the
method that runs a task, are wrapped where they are defined: subclasses of a Locust file keep
working, whatever they override.

What the clients send by themselves inside of one request counts once: redirects; a FastHttpUser's
up to eleven repetitions of a GET that the target took and did not answer; a LeanHttpUser's one
repetition of a request for which it found a connection closed that had been kept open.
Requests that an HttpUser sends by another client are recorded if it reports them to Locust, but
take no ticket; they stop when the gate is closed because no task begins then.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import gevent
from locust import FastHttpUser, HttpUser, TaskSet
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.user.task import DefaultTaskSet

from tsprof.load.gate import Gate
from tsprof.load.lean.session import LeanHttpSession
from tsprof.load.recorder import Recorder

Method = Callable[..., Any]

HTTP_USERS = (HttpUser, FastHttpUser)
"""Users whose requests take their tickets themselves; a lean user is a FastHttpUser."""


def pause_after_error(users: int) -> float:
    """Return how many seconds a user waits after a failed connection or an exception.

    A refused connection costs some 150 microseconds, so that without a pause one dead target
    makes thousands of failures per second and a full log. All users together are held to 1,000
    per second; the pause is at least 10 ms and at most 1 s.
    """
    return min(1.0, max(0.010, users / 1000))


def install(gate: Gate, users: int) -> None:
    """Make all requests and tasks of Locust users pass the gate.

    Args:
        gate: The gate.
        users: How many users there will be.
    """
    pause = pause_after_error(users)
    for session in (HttpSession, FastHttpSession, LeanHttpSession):
        _replace(session, "request", _gated_request(session.request, gate, pause))
    for task_set in (TaskSet, DefaultTaskSet):
        _replace(task_set, "execute_task", _gated_task(task_set.execute_task, gate))
    _replace(TaskSet, "_sleep", _sparing_sleep(TaskSet._sleep, gevent.get_hub().loop))  # noqa: SLF001


def listen(events: Any, recorder: Recorder, users: int) -> None:
    """Have requests and exceptions recorded.

    To be called before a Locust file is loaded: a listener that raises, as Locust allows, keeps
    the event from those after it.

    Args:
        events: Locust's event hooks, ``locust.events``, which it does not annotate.
        recorder: What records them.
        users: How many users there will be.
    """
    pause = pause_after_error(users)

    def on_user_error(user_instance: object, exception: BaseException, **_: object) -> None:
        user = getattr(user_instance, "user", user_instance)  # it can be a task set
        recorder.on_exception(type(user).__name__, exception)
        # Locust logs each with its traceback, and a user without wait time tries again at once.
        gevent.sleep(pause)

    events.request.add_listener(recorder.on_request)
    events.user_error.add_listener(on_user_error)


def _replace(owner: type, name: str, method: Method) -> None:
    setattr(owner, name, method)


def _gated_request(send: Method, gate: Gate, pause: float) -> Method:
    @wraps(send)
    def request(*args: Any, **kwargs: Any) -> Any:
        ticket = gate.admit()
        try:
            response = send(*args, **kwargs)
            if not response.status_code:  # there was no answer
                gevent.sleep(pause)
        except BaseException:
            gate.release(ticket)
            raise
        if kwargs.get("stream"):
            # The body is read later, and the target is busy until it is.
            gate.hold(ticket)
        else:
            gate.release(ticket)
        return response

    return request


def _gated_task(execute: Method, gate: Gate) -> Method:
    @wraps(execute)
    def execute_task(task_set: TaskSet, task: Any) -> None:
        if isinstance(task, type) and issubclass(task, TaskSet):
            execute(task_set, task)  # runs its own tasks, one by one
            return
        if isinstance(task_set.user, HTTP_USERS):
            gate.wait_open()
        else:
            gate.admit_task()
        try:
            execute(task_set, task)
        finally:
            gate.let_go()

    return execute_task


def _sparing_sleep(sleep: Method, loop: Any) -> Method:
    """Leave out a user's wait of no time where its task has let the others run by itself.

    A request does, while it waits for the answer, and to do it again costs some 2 microseconds.
    It did if the loop has turned since the user's last wait: it turns only between greenlets.
    """

    @wraps(sleep)
    def _sleep(task_set: Any, seconds: float) -> None:
        turn = loop.iteration
        if seconds == 0 and getattr(task_set, "_tsprof_turn", turn) != turn:
            task_set._tsprof_turn = turn  # noqa: SLF001
            return
        sleep(task_set, seconds)
        task_set._tsprof_turn = loop.iteration  # noqa: SLF001

    return _sleep
