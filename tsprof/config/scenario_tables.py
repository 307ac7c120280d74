"""The tables of the scenarios: users, length and limits of each, and what is its own."""

from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from tsprof.config import values
from tsprof.config.defaults import default
from tsprof.config.table import Criteria, Duration, FilePath, Table, Users


def _users(scenario: str) -> Any:
    return Field(
        default_factory=partial(default, scenario, "users"),
        description="Users at the same time; those of `[load]`, where it says how many, replace "
        "the default.",
        examples=[100],
    )


def _duration(scenario: str, more: str = "") -> Any:
    return Field(
        default_factory=partial(default, scenario, "duration"),
        description=f"How long it runs.{more}",
        examples=["90m"],
    )


def _criteria() -> Any:
    return Field(
        default_factory=dict,
        description="Limits that are this scenario's own, as in `[criteria]`; the scenario has "
        'some by default, and `"off"` drops one.',
        examples=[{"p99_ms": 20, "error_rate": "off"}],
    )


class Baseline(Table):
    """The steady load that later runs are compared with."""

    users: Users = _users("baseline")
    duration: Duration = _duration("baseline")
    criteria: Criteria = _criteria()


class Stress(Table):
    """The climb to the highest rate that the target sustains."""

    users: Users = _users("stress")
    duration: Duration = _duration("stress")
    criteria: Criteria = _criteria()


class Spike(Table):
    """A multiple of the load for a while, and back."""

    users: Users = _users("spike")
    duration: Duration = _duration("spike")
    times: Annotated[float, Field(gt=1, le=1000)] = Field(
        default_factory=partial(default, "spike", "times"),
        description="How many times the load is multiplied by.",
        examples=[5],
    )
    criteria: Criteria = _criteria()


class Endurance(Table):
    """The soak test."""

    duration: Duration = _duration("endurance", " `hours = 4` says the same in hours.")
    checkpoint_every: Duration = Field(
        default=60.0,
        description="The time under load between two checkpoints.",
        examples=["5m"],
    )
    users: Users = _users("endurance")
    criteria: Criteria = _criteria()

    @model_validator(mode="before")
    @classmethod
    def _hours_are_a_duration(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "hours" not in raw:
            return raw
        if "duration" in raw:
            raise ValueError("names both hours and a duration; keep one")
        try:
            seconds = values.hours(raw["hours"])
        except ValueError as error:
            raise ValueError(f"hours: {error}") from None
        return {key: value for key, value in raw.items() if key != "hours"} | {"duration": seconds}


class Compare(Table):
    """Two targets under the same load in turn."""

    reference: Annotated[tuple[str, ...], BeforeValidator(values.command)] = Field(
        default=(),
        description="The program to compare the target with, as `command` of `[target]`.",
        examples=["../v1/.venv/bin/uvicorn app:app --port {port}"],
    )
    reference_cwd: FilePath | None = Field(
        default=None,
        description="The folder that it runs in; that of the target by default.",
        examples=["../v1"],
    )
    users: Users = _users("compare")
    duration: Duration = _duration("compare", " Of both under load, together.")
    criteria: Criteria = _criteria()


class Flame(Table):
    """The picture of where the CPU time goes: how it is sampled."""

    max_time: Duration = Field(
        default=120.0,
        description="How long it may be sampled, where a busy machine lets samples tell little.",
        examples=["3m"],
    )
    samples_per_second: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=500,
        description="How often the call stacks of each process are read.",
        examples=[50],
    )
    native: bool = Field(
        default=False,
        description="Whether functions of C extensions are shown, too. The target is held for each "
        "sample then.",
        examples=[True],
    )
    gil: bool = Field(
        default=True,
        description="Whether only threads that hold the GIL are sampled. Without it system calls "
        "are told apart, but what waits for a processor counts as if it ran.",
        examples=[False],
    )
    threads: bool = Field(
        default=False, description="Whether threads are told apart.", examples=[True]
    )
    idle: bool = Field(
        default=False, description="Whether threads that wait count, too.", examples=[True]
    )
    lines: bool = Field(
        default=False,
        description="Whether a fresh target is then run under Scalene, for CPU time, memory and "
        "copies by line of the code below the folder that it runs in.",
        examples=[True],
    )
