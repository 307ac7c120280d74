"""The settings of a run as data, each with the sentence and the example that documents it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tsprof.config import criteria, values
from tsprof.config.scenario_tables import Baseline, Compare, Endurance, Flame, Spike, Stress
from tsprof.config.table import Criteria, Duration, FilePath, Pause, Table, Users

DEFAULT_HOST = "http://127.0.0.1:{port}"
STDOUT = Path("-")
"""As the name of an output file: the standard output."""


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
    ready: Annotated[str, BeforeValidator(values.ready)] | None = Field(
        default=None,
        description='When the target is ready: `"tcp"` when its port accepts, `"log:REGEX"` when a '
        "line of its output matches, or a URL or path that answers below 500. By default when "
        "the first `url` of the load is answered in any way; with a Locust file, `tcp`.",
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
        "valgrind and massif run a native target once more, slowly: the one finds invalid accesses "
        "as well, the other draws its heap over time; jemalloc runs it once more at about its own "
        "speed, and samples.",
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


class Watch(Table):
    """A gauge whose drift a soak is judged by."""

    worse: Literal["less", "more"]
    margin: Annotated[float, BeforeValidator(criteria.margin)] = 0.1


class Gauges(Table):
    """What the target says of itself, read between segments."""

    url: Annotated[tuple[str, ...], BeforeValidator(values.gauge_addresses)] = Field(
        default=(),
        description="Where the target tells it, as Prometheus text or JSON: a path, or a URL on "
        "this machine where it has another port; several as a list.",
        examples=["/metrics", ["/metrics", "http://127.0.0.1:9100/metrics"]],
    )
    watch: Annotated[dict[str, Watch], BeforeValidator(criteria.watched)] = Field(
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
