"""Loads the user classes of a Locust file, and says in one line what is wrong with it."""

import contextlib
import io
import itertools
import logging
import sys
import sysconfig
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Any

import locust
import locust.log
from locust import FastHttpUser, HttpUser, User, task
from locust.argument_parser import get_parser
from locust.env import Environment
from locust.runners import Runner
from locust.util.load_locustfile import load_locustfile

from tsprof.errors import UsageError
from tsprof.load.bounded_stats import BoundedStats
from tsprof.load.lean.user import LeanHttpUser
from tsprof.load.recorder import printable
from tsprof.load.spec import LoadSpec

MAX_LINE = 400
REQUESTS_PER_CONNECTION = 50
"""Of the load on paths. Kept for the whole run, ten connections would hide what a server keeps of
each: asgiref 3.2.7 under gevent keeps 89 B of each, and passed."""


def prepare(
    spec: LoadSpec, runner: Callable[[Environment], Runner]
) -> tuple[Environment, tuple[str, ...]]:
    """Load what makes the load, up to and including the Locust file's init hooks.

    Args:
        spec: The load.
        runner: Makes the environment's runner, before these hooks run.

    Returns:
        A Locust environment with its runner, and notes on what is not used.

    Raises:
        UsageError: The Locust file cannot be used.
    """
    if spec.locustfile is None:
        environment = _environment(spec, [path_user(spec.paths)], None)
        environment.runner = runner(environment)
        return environment, ()
    path = spec.locustfile.resolve()
    # For good, not only during the import: tasks may import as well.
    sys.path.insert(0, str(path.parent))
    with _explained(path):
        classes, shapes = load_locustfile(str(path))
        if not classes:
            raise UsageError(
                f"{spec.locustfile} defines no user that Locust could run",
                hint="define a class that inherits from locust.HttpUser and has a method that is "
                "decorated with @task; a class marked abstract = True does not count",
            )
        options = _options(spec)
        environment = _environment(spec, list(classes.values()), options)
        environment.runner = runner(environment)
        _fire_init(environment, spec.locustfile)
    _require_tasks(environment.user_classes, spec.locustfile)
    notes = [
        f"{type(shape).__name__} in {spec.locustfile} is not used: the number of users stays "
        "the same, and the gate decides when they send."
        for shape in shapes
    ]
    return environment, tuple(notes)


def path_user(paths: Sequence[str]) -> type[User]:
    """Return a user class that requests the paths with GET, all users taking turns.

    Now and then a user asks the server to close its connection, and opens another.
    """
    turns = itertools.cycle(paths)
    numbers = itertools.count(1)

    class PathUser(LeanHttpUser):
        @task
        def get(self) -> None:
            last = next(numbers) % REQUESTS_PER_CONNECTION == 0
            self.client.get(next(turns), headers={"Connection": "close"} if last else None)

    return PathUser


def _environment(
    spec: LoadSpec, classes: list[type[User]], options: Namespace | None
) -> Environment:
    environment = Environment(
        user_classes=classes,
        events=locust.events,
        host=spec.host,
        locustfile=spec.locustfile.name if spec.locustfile else None,
        parsed_locustfiles=[str(spec.locustfile)] if spec.locustfile else [],
        parsed_options=options,
        stop_timeout=0,
    )
    for user_class in environment.user_classes:
        user_class.host = spec.host
    environment.stats = BoundedStats()
    return environment


def _options(spec: LoadSpec) -> Namespace:
    """Return Locust's options, with those that the Locust file adds, as its hooks expect them."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            options: Namespace = get_parser().parse_args([])
    except SystemExit as error:
        raise UsageError(
            f"Locust does not accept the options of {spec.locustfile}: "
            f"{printable(complaint.getvalue().rpartition('error: ')[2], MAX_LINE)}",
            hint="tsprof passes no command line to Locust: give the options of the Locust file "
            "defaults, or set them in locust.conf or by their environment variables",
        ) from error
    options.host = spec.host
    options.num_users = options.spawn_rate = spec.users
    options.headless = True
    options.run_time = options.tags = options.exclude_tags = None
    return options


def _fire_init(environment: Environment, path: Path) -> None:
    """Run the init hooks; Locust logs their exceptions, and its command line gives up as here."""
    handler = BufferingHandler(capacity=1000)
    logging.getLogger().addHandler(handler)
    events: Any = environment.events  # Locust does not annotate its hooks
    events.init.fire(environment=environment, runner=environment.runner, web_ui=None)
    logging.getLogger().removeHandler(handler)
    if locust.log.unhandled_greenlet_exception:
        messages = [record.getMessage() for record in handler.buffer] or ["unknown"]
        last_line = messages[-1].strip().splitlines()[-1]
        raise UsageError(
            f"an events.init hook of {path} failed: {printable(last_line, MAX_LINE)}",
            hint=f"locust --headless -f {path} shows all of the traceback",
        )


def _require_tasks(classes: Sequence[type[User]], path: Path) -> None:
    """Refuse a Locust file in which no user has anything to do."""
    for user_class in classes:
        makes_its_own = user_class.on_start is not User.on_start or user_class.__init__ not in {
            User.__init__,
            HttpUser.__init__,
            FastHttpUser.__init__,
            LeanHttpUser.__init__,
        }
        if user_class.tasks or makes_its_own or hasattr(user_class, "functions"):
            return
    names = ", ".join(user_class.__name__ for user_class in classes)
    raise UsageError(
        f"{path}: no tasks in {names}",
        hint="decorate the methods that make requests with @task",
    )


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn whatever the code of a Locust file raises into a UsageError, and log it in full."""
    try:
        yield
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        raise explain(error, path) from error


def explain(error: BaseException, path: Path) -> UsageError:
    """Say in one line what is wrong with a Locust file.

    Args:
        error: What its import raised.
        path: The Locust file.

    Returns:
        The error that names the last line of the user's own code in the traceback.
    """
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame, path)]
    where, code = str(path), ""
    if isinstance(error, SyntaxError) and error.lineno:
        where, code = f"{error.filename or path}:{error.lineno}", (error.text or "").strip()
    elif own:
        where, code = f"{own[-1].filename}:{own[-1].lineno}", own[-1].line or ""
    what = traceback.format_exception_only(error)[-1].strip()
    message = printable(f"{where}: {what}{f', at: {code}' if code else ''}", MAX_LINE)
    if isinstance(error, SystemExit):
        return UsageError(message, hint="a Locust file must not exit when it is imported")
    if isinstance(error, ImportError):
        return UsageError(
            message,
            hint=f"the Locust file runs on {sys.executable}: what it imports belongs there",
        )
    return UsageError(message, hint=f"{sys.executable} {path} shows all of the traceback")


def _is_own(frame: traceback.FrameSummary, path: Path) -> bool:
    libraries = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    file = Path(frame.filename)
    return file.is_relative_to(path.parent) and not any(map(file.is_relative_to, libraries))
