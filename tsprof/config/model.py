"""The settings of a run as data, each with the sentence and the example that documents it."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tsprof.config import values
from tsprof.config.defaults import default

DEFAULT_HOST = "http://127.0.0.1:{port}"
STDOUT = Path("-")
"""As the name of an output file: the standard output."""

Duration = Annotated[float, BeforeValidator(values.duration)]
Pause = Annotated[float, BeforeValidator(values.pause)]
FilePath = Annotated[Path, BeforeValidator(values.path)]
Criteria = Annotated[dict[str, float | str], BeforeValidator(values.criteria)]
Users = Annotated[int, Field(ge=1, le=100_000)]


class Table(BaseModel):
    """One table of the configuration file."""

    # Strict, because pydantic would otherwise take true for 1 and "10" for 10.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Target(Table):
    """The program under test: how to start it, and how to see that it serves."""

    command: Annotated[tuple[str, ...], BeforeValidator(values.command)] = Field(
        default=(),
        description="The program and its arguments, as a list or as one text that is split into "
        "words without a shell. `{port}` becomes a free port.",
        examples=["uvicorn app:app --port {port}"],
    )
    pid: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="A running process to measure from outside instead of starting a command.",
        examples=[4711],
    )
    cwd: FilePath | None = Field(
        default=None,
        description="The folder that the command runs in; the one that tsprof runs in by default.",
        examples=["backend"],
    )
    env: Annotated[dict[str, str], BeforeValidator(values.environment)] = Field(
        default_factory=dict,
        description="Variables added to the environment. `{port}` becomes the port.",
        examples=[{"PORT": "{port}", "DEBUG": "0"}],
    )
    ready: Annotated[str, BeforeValidator(values.ready)] = Field(
        default="tcp",
        description='When the target is ready: `"tcp"` when its port accepts, `"log:REGEX"` when a '
        "line of its output matches, or a URL or path that answers below 500.",
        examples=["/ready"],
    )
    ready_timeout: Duration = Field(
        default=30.0,
        description="How long the target may take to be ready.",
        examples=["2m"],
    )

    @model_validator(mode="after")
    def _one_target(self) -> "Target":
        if self.command and self.pid is not None:
            raise ValueError("names both a command and a pid; keep one")
        return self


class Load(Table):
    """The requests that the target is put under."""

    locustfile: FilePath | None = Field(
        default=None,
        description="The Locust file that says what users do; `locustfile.py` by default, if it "
        "is there and no url is given.",
        examples=["load/locustfile.py"],
    )
    url: Annotated[tuple[str, ...], BeforeValidator(values.url_paths)] = Field(
        default=(),
        description="Instead of a Locust file: paths to request with GET, in turn.",
        examples=["/items", ["/items", "/items/1"]],
    )
    host: Annotated[str, BeforeValidator(values.host)] = Field(
        default=DEFAULT_HOST,
        description="Where the target serves.",
        examples=["http://127.0.0.1:8000"],
    )
    users: Users = Field(
        default=10,
        description="How many users there are: the most requests that are under way at the same "
        "time.",
        examples=[50],
    )
    rate: Annotated[float, Field(gt=0, le=10_000_000)] | None = Field(
        default=None,
        description="Requests per second of all users together, due on a schedule whatever the "
        "target does; latency counts from when each was due. By default each user sends its next "
        "request when it has its answer.",
        examples=[200],
    )
    processes: Annotated[int, Field(ge=0, le=256)] = Field(
        default=1,
        description="How many processes on this machine make the load together; 0 leaves it to "
        "workers on other machines.",
        examples=[4],
    )
    expect_workers: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0,
        description="How many workers on other machines (`tsprof worker`) make load as well; the "
        "run waits for all of them.",
        examples=[2],
    )
    master_bind_host: str = Field(
        default="127.0.0.1",
        description="The address of this machine at which these workers find the run. Whoever "
        "reaches it can join the run and read the Locust file: what goes through it is neither "
        "encrypted nor authenticated.",
        examples=["10.0.0.5"],
    )
    master_bind_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=5557, description="And the port.", examples=[5557]
    )
    locust_ui: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        default=None,
        description="The port of 127.0.0.1 at which Locust's own web page shows the load, to look "
        "at only; 0 for a free one.",
        examples=[8089],
    )

    @model_validator(mode="after")
    def _one_load(self) -> "Load":
        if self.locustfile is not None and self.url:
            raise ValueError("names both a locustfile and a url; keep one")
        if self.processes + self.expect_workers < 1:
            raise ValueError("has neither processes nor expect_workers, so nobody makes the load")
        return self


class Check(Table):
    """The leak check, and how every scenario measures."""

    max_time: Duration = Field(
        default=55.0,
        description="How long the target may be under load before a verdict.",
        examples=["3m"],
    )
    attribute: bool = Field(
        default=True,
        description="Whether a leak is followed to the lines that allocate it.",
        examples=[False],
    )
    profiler: Annotated[str, BeforeValidator(values.word)] | None = Field(
        default=None,
        description="The profiler that finds those lines: memray or tracemalloc in Python, "
        "heaptrack in native programs; the best that this machine and the target allow by default. "
        "valgrind runs a native target once more, slowly, and finds invalid accesses as well; "
        "jemalloc runs it once more at about its own speed, and samples.",
        examples=["valgrind"],
    )
    hot_paths: bool = Field(
        default=True,
        description="Whether call stacks are sampled under load now and then, to tell where the "
        "CPU time goes.",
        examples=[False],
    )
    agent: bool = Field(
        default=True,
        description="Whether an agent runs inside the target. Without it, tsprof measures "
        "from outside and sees only larger leaks.",
        examples=[False],
    )
    keep_going: bool = Field(
        default=False,
        description="Whether to use the whole time although the verdict is already certain.",
        examples=[True],
    )
    drain: Pause = Field(
        default=15.0,
        description="How long a target that grew may rest, to see whether it lets go by itself; "
        "while it does, up to a minute longer. 0 leaves that out.",
        examples=["1m", 0],
    )
    hang_timeout: Duration = Field(
        default=30.0,
        description="How long requests may wait while no answer at all comes; then the target has "
        "hung.",
        examples=["2m"],
    )
    baseline: FilePath | None = Field(
        default=None,
        description="What an earlier run saved with `--save-baseline`: only what is worse fails.",
        examples=["baseline.json"],
    )
    acknowledged: FilePath | None = Field(
        default=None,
        description="The file of acknowledged findings; `.tsprof-acknowledged.toml` by default, if "
        "it is there.",
        examples=["acknowledged.toml"],
    )


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


class Watch(Table):
    """A gauge whose drift a soak is judged by."""

    worse: Literal["less", "more"]
    margin: Annotated[float, BeforeValidator(values.margin)] = 0.1


class Gauges(Table):
    """What the target says of itself, read between segments."""

    url: Annotated[tuple[str, ...], BeforeValidator(values.gauge_addresses)] = Field(
        default=(),
        description="Where the target tells it, as Prometheus text or JSON: a path, or a URL on "
        "this machine where it has another port; several as a list.",
        examples=["/metrics", ["/metrics", "http://127.0.0.1:9100/metrics"]],
    )
    watch: Annotated[dict[str, Watch], BeforeValidator(values.watched)] = Field(
        default_factory=dict,
        description="Gauges besides hit rates that must not drift in a soak: which way is worse, "
        "and the change over the run that matters (10% where it is left out).",
        examples=[{"rate(errors_total)": {"worse": "more", "margin": "20%"}}],
    )


class Outputs(Table):
    """The files that a report is written to; ``-`` is the standard output."""

    json_file: FilePath | None = Field(
        default=None, alias="json", description="As JSON.", examples=["report.json"]
    )
    junit_file: FilePath | None = Field(
        default=None, alias="junit", description="As JUnit XML.", examples=["junit.xml"]
    )
    markdown_file: FilePath | None = Field(
        default=None, alias="markdown", description="As Markdown.", examples=["summary.md"]
    )
    html_file: FilePath | None = Field(
        default=None, alias="html", description="As one HTML page.", examples=["report.html"]
    )


class Settings(Table):
    """Everything that a scenario needs to know; one attribute per table."""

    target: Target = Target()
    load: Load = Load()
    check: Check = Check()
    baseline: Baseline = Field(default_factory=Baseline)
    stress: Stress = Field(default_factory=Stress)
    spike: Spike = Field(default_factory=Spike)
    endurance: Endurance = Field(default_factory=Endurance)
    compare: Compare = Field(default_factory=Compare)
    flame: Flame = Flame()
    gauges: Gauges = Gauges()
    criteria: Criteria = Field(
        default_factory=dict,
        description="Limits that a run must keep, by name; one that is missed fails the run. A "
        'gauge of the target\'s own is compared: `cache_hit_rate = "> 0.8"`.',
    )
    report: Outputs = Outputs()
