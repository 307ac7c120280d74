import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tsprof.config import Settings, complete, for_scenario, gauge_limits, load_settings, merge
from tsprof.config.criteria import comparison
from tsprof.config.problems import validated
from tsprof.config.reference import fields, toml
from tsprof.errors import UsageError

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(text: str, name: str = "tsprof.toml") -> Path:
        file = tmp_path / name
        file.write_text(text)
        return file

    return writer


def settings_of(text: str) -> Settings:
    return validated(tomllib.loads(text), lambda table, key: f"[{table}] {key}".strip())


def problem(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        settings_of(text)
    return str(caught.value)


def test_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path)
    assert loaded.source is None
    assert loaded.notes == ()
    settings = loaded.settings
    assert settings.load.users == 10
    assert settings.load.host == "http://127.0.0.1:{port}"
    assert settings.target.ready is None
    assert settings.target.ready_timeout == 30
    assert settings.check.max_time == 55
    assert settings.check.drain == 15
    assert settings.check.attribute
    assert settings.check.agent
    assert settings.endurance.duration == 4 * 3600


def test_a_file_is_read_in_the_units_people_write(tmp_path: Path, write: Write) -> None:
    write(
        """
        [target]
        command = "uvicorn 'app dir:app' --port {port}"
        env = { WORKERS = 2, DEBUG = "0" }
        ready_timeout = "2m"
        [load]
        url = "/items"
        [check]
        max_time = "1m30s"
        drain = 0
        [endurance]
        hours = 1.5
        [criteria]
        p99_ms = "0.05s"
        p95_ms = 30
        error_rate = "1%"
        memory = "512MB"
        cpu_percent = "80%"
        requests_per_second = 500
        cache_hit_rate = "> 80%"
        cache.hit_rate = ">=0.8"
        "rate(errors_total{kind='5xx'})" = " < 0.1% "
        "mean(seconds)" = "< 50ms"
        [gauges]
        url = ["/metrics", "http://localhost:{port}/stats", "/metrics"]
        watch = { queue = { worse = "more", margin = "20%" }, "rate(jobs)" = { worse = "less" } }
        """
    )
    loaded = load_settings(tmp_path)
    assert loaded.source == tmp_path / "tsprof.toml"
    settings = loaded.settings
    assert settings.target.command == ("uvicorn", "app dir:app", "--port", "{port}")
    assert settings.target.env == {"WORKERS": "2", "DEBUG": "0"}
    assert settings.target.ready_timeout == 120
    assert settings.load.url == ("/items",)
    assert settings.check.max_time == 90
    assert settings.check.drain == 0
    assert settings.endurance.duration == 5400
    assert settings.criteria == {
        "p99_ms": 50,
        "p95_ms": 30,
        "error_rate": 0.01,
        "memory": 512_000_000,
        "cpu_percent": 80,
        "requests_per_second": 500,
        "cache_hit_rate": "> 80%",
        "cache.hit_rate": ">=0.8",
        "rate(errors_total{kind='5xx'})": "< 0.1%",
        "mean(seconds)": "< 50ms",
    }
    assert settings.gauges.url == ("/metrics", "http://localhost:{port}/stats")
    watched = {name: (w.worse, w.margin) for name, w in settings.gauges.watch.items()}
    assert watched == {"queue": ("more", 0.2), "rate(jobs)": ("less", 0.1)}
    assert merge(settings, {"load": {"users": 3}}).gauges == settings.gauges
    assert merge(settings, {"load": {"users": 3}}).criteria == settings.criteria


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("> 0.8", (">", 0.8)),
        (">=80%", (">=", 0.8)),
        (" < 150 % ", ("<", 1.5)),
        ("<= 50ms", ("<=", 0.05)),
        ("< 2 MB", ("<", 2_000_000)),
        ("< 1e3", ("<", 1000)),
    ],
)
def test_comparisons_take_units(text: str, limit: tuple[str, float]) -> None:
    sign, number = comparison(text)
    assert (sign, number) == (limit[0], pytest.approx(limit[1]))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().load.users = 5


def test_pyproject_is_read_at_its_tool_table(tmp_path: Path, write: Write) -> None:
    write('[project]\nname = "x"\n[tool.tsprof.load]\nusers = 3', "pyproject.toml")
    loaded = load_settings(tmp_path)
    assert loaded.settings.load.users == 3
    assert loaded.source == tmp_path / "pyproject.toml"


def test_a_pyproject_of_other_tools_is_no_configuration(tmp_path: Path, write: Write) -> None:
    file = write('[project]\nname = "x"', "pyproject.toml")
    assert load_settings(tmp_path).source is None
    with pytest.raises(UsageError, match=r"has no table \[tool.tsprof\]"):
        load_settings(tmp_path, file)


def test_tsprof_toml_wins_over_pyproject_and_says_so(tmp_path: Path, write: Write) -> None:
    write("[load]\nusers = 1")
    write("[tool.tsprof.load]\nusers = 2", "pyproject.toml")
    loaded = load_settings(tmp_path)
    assert loaded.settings.load.users == 1
    assert "pyproject.toml is ignored" in loaded.notes[0]


@pytest.mark.parametrize("text", ["[project]\nname = 'x'", "not toml"])
def test_a_pyproject_without_our_table_is_not_mentioned(
    tmp_path: Path, write: Write, text: str
) -> None:
    write("")
    write(text, "pyproject.toml")
    assert load_settings(tmp_path).notes == ()


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path, write: Write) -> None:
    file = write(
        '[target]\ncwd = "backend"\n[load]\nlocustfile = "load.py"\n'
        '[report]\nhtml = "/out/r.html"\njson = "-"\njunit = "j.xml"'
    )
    settings = load_settings(Path("/elsewhere"), file).settings
    assert settings.target.cwd == tmp_path / "backend"
    assert settings.load.locustfile == tmp_path / "load.py"
    assert settings.report.html_file == Path("/out/r.html")
    assert settings.report.json_file == Path("-")
    assert settings.report.junit_file == tmp_path / "j.xml"
    assert settings.report.markdown_file is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[load\n", "is not TOML: .*line 1"),
        (b"a = 1\na = 2", "is not TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"#" * (1 << 20) + b"#", "is larger than a megabyte"),
        (b"x = " + b"[" * 5000, "is not TOML"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "tsprof.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=rf"tsprof\.toml {message}"):
        load_settings(tmp_path)


def test_an_open_quote_is_asked_for(tmp_path: Path, write: Write) -> None:
    write('[target]\ncommand = "python app.py\n')
    with pytest.raises(UsageError, match="is not TOML") as caught:
        load_settings(tmp_path)
    assert caught.value.hint == "is the quote closed?"


def test_a_file_that_is_not_there_or_has_no_end(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        load_settings(tmp_path, tmp_path / "none.toml")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load_settings(tmp_path, tmp_path)
    with pytest.raises(UsageError, match="larger than a megabyte"):
        load_settings(tmp_path, Path("/dev/zero"))


def test_the_message_names_file_table_and_key(tmp_path: Path, write: Write) -> None:
    write("[tool.tsprof.load]\nusers = 0\nrat = 1", "pyproject.toml")
    with pytest.raises(UsageError) as caught:
        load_settings(tmp_path)
    file = tmp_path / "pyproject.toml"
    assert str(caught.value).splitlines() == [
        f"{file}: [tool.tsprof.load] users must be at least 1, not 0",
        f"{file}: [tool.tsprof.load] has no key 'rat'; did you mean 'rate'?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[chek]", "no table [chek]; did you mean [check]?"),
        ("users = 3", "no table [users]; did you mean 'users' in [load]?"),
        ("zzz = 3", "no table [zzz]"),
        ("[check]\nmax_tme = 3", "[check] has no key 'max_tme'; did you mean 'max_time'?"),
        ("[check]\nmax-time = 3", "did you mean 'max_time'?"),
        ("[check]\nready = 'tcp'", "[check] has no key 'ready'; did you mean 'ready' in [target]?"),
        ("[report]\njson_file = 'x'", "[report] has no key 'json_file'"),
        ("[endurance]\nhour = 3", "did you mean 'hours'?"),
        ("load = 3", "[load] must be a table, not 3"),
        ("[load]\nusers = '10'", "[load] users must be a whole number, not '10'"),
        ("[load]\nusers = true", "[load] users must be a whole number, not True"),
        ("[load]\nusers = 100001", "[load] users must be at most 100,000, not 100001"),
        ("[load]\nrate = 0", "[load] rate must be more than 0, not 0"),
        ("[load]\nrate = nan", "[load] rate must be at most 10,000,000, not nan"),
        ("[load]\nurl = 'items'", "[load] url must begin with a slash: write '/items'"),
        ("[load]\nurl = []", "[load] url is empty"),
        ("[load]\nurl = 'http://x/y'", "takes a path such as /items"),
        ("[load]\nurl = '/a b'", "percent-encoded"),
        ("[load]\nurl = '/a\\r\\nHost: x'", "percent-encoded"),
        ('[load]\nurl = "/a\\r\\nHost:x"', "percent-encoded"),
        ("[load]\nurl = [1]", "[load] url must be a text or a list of texts, not [1]"),
        ("[load]\nurl = '/'\nlocustfile = 'l.py'", "[load] names both a locustfile and a url"),
        ("[load]\nhost = 'localhost:8000'", "[load] host must be a URL such as"),
        ("[load]\nhost = 'ftp://x'", "[load] host must be a URL such as"),
        ("[load]\nhost = 'http://x:99999'", "[load] host must be a URL such as"),
        ("[load]\nhost = 'http://x/?a'", "must not have a query"),
        ("[load]\nhost = 'http://[x'", "[load] host must be a URL such as"),
        ("[load]\nlocustfile = ''", "[load] locustfile must be a path"),
        ("[target]\ncommand = ''", "[target] command is empty"),
        ("[target]\ncommand = []", "[target] command is empty"),
        ("[target]\ncommand = ['']", "[target] command is empty"),
        ("[target]\ncommand = [1]", "[target] command must be a text or a list of texts"),
        ('[target]\ncommand = "a \'b"', "[target] command cannot be split into words"),
        ("[target]\ncommand = 'a && b'", "[target] command runs without a shell"),
        ("[target]\ncommand = 'A=1 b'", "no shell reads it: give --env A=1, or env in the file"),
        ('[target]\ncommand = ["a\\u0000"]', "[target] command holds a NUL"),
        ("[target]\ncommand = 'a'\npid = 3", "[target] names both a command and a pid"),
        ("[target]\npid = 0", "[target] pid must be at least 1"),
        ("[target]\nenv = 'A=1'", "[target] env must be a table"),
        ("[target]\nenv = { A = true }", "[target] env A must be a text, not True"),
        ("[target]\nenv = { 'A=B' = '1' }", "cannot be the name of a variable"),
        ("[target]\nready = 'soon'", '[target] ready must be "tcp"'),
        ("[target]\nready = 'log:'", "[target] ready has no pattern after log:"),
        ("[target]\nready = 'log:('", "[target] ready has a wrong regular expression, '('"),
        ("[target]\nready = 'http://'", "[target] ready must be a URL such as"),
        ("[target]\nready_timeout = 0", "[target] ready_timeout must be more than 0"),
        ("[check]\nmax_time = 'abc'", "[check] max_time 'abc' is not a duration; write it such"),
        ("[check]\nmax_time = true", "[check] max_time must be a number or a text, not True"),
        ("[check]\nmax_time = '400d'", "[check] max_time must be more than 0 and at most a year"),
        ("[check]\nattribute = 'yes'", "[check] attribute must be true or false, not 'yes'"),
        ("[check]\nprofiler = '../x'", "[check] profiler must be a name"),
        ("[endurance]\nhours = 'x'", "[endurance] hours: 'x' is not a duration"),
        ("[endurance]\nhours = 1\nduration = 1", "[endurance] names both hours and a duration"),
        ("[criteria]\np99ms = 3", "[criteria] has no key 'p99ms'; did you mean 'p99_ms'?"),
        ("[criteria]\n'P 99' = 3", "[criteria] has no key 'P 99'"),
        ("[criteria]\nzzzz = 3", "there are p50_ms, p95_ms, p99_ms, error_rate"),
        ("[criteria]\nerror_rate = 5", "[criteria] error_rate: '5' is not a share"),
        ("[criteria]\np99_ms = true", "[criteria] p99_ms: must be a number"),
        ("criteria = 3", "[criteria] must be a table"),
        ("[criteria]\nhit_rate = 0.8", 'is compared, as in "> 0.8"'),
        ("[criteria]\nhit_rate = '> many'", "[criteria] hit_rate: must compare with a number"),
        ("[criteria]\nhit_rate = '>'", "[criteria] has no key 'hit_rate'"),
        ("[gauges]\nurl = 'metrics'", "[gauges] url must begin with a slash"),
        ("[gauges]\nurl = 'ftp://x/'", "[gauges] url takes a path"),
        ("[gauges]\nurl = 'http://'", "[gauges] url must be a URL"),
        ("[gauges]\nurl = 3", "[gauges] url must be a text or a list of texts"),
        ("[gauges]\nwatch = 'x'", "[gauges] watch must be a table, such as"),
        ("[gauges]\nwatch = { x = 'more' }", "[gauges] watch x: must be a table, such as"),
        ("[gauges.watch.x]\nbetter = 'more'", "[gauges] watch x: must be a table, such as"),
        ("[gauges.watch.x]\nworse = 'up'", '[gauges] watch x: worse must be "less" or "more"'),
        ("[gauges.watch.x]\nmargin = 1", '[gauges] watch x: worse must be "less" or "more"'),
        ("[gauges.watch.x]\nworse = 'less'\nmargin = 0", "a margin must be more than 0"),
        ("[gauges.watch.x]\nworse = 'less'\nmargin = 'x'", "'x' is not a number"),
    ],
)
def test_each_mistake_gets_its_line(text: str, message: str) -> None:
    said = problem(text)
    assert message in said
    assert "\n" not in said
    assert "pydantic" not in said


def test_a_huge_wrong_value_is_cut() -> None:
    assert len(problem(f"[load]\nusers = '{'9' * 100_000}'")) < 200


def test_options_win_over_the_file() -> None:
    settings = settings_of("[load]\nusers = 3\nrate = 5\n[check]\nagent = true")
    merged = merge(settings, {"load": {"users": 7, "rate": None}, "check": {"agent": False}})
    assert (merged.load.users, merged.load.rate, merged.check.agent) == (7, 5, False)


def test_without_options_nothing_changes() -> None:
    settings = settings_of("[endurance]\nhours = 2\n[report]\njson = 'r.json'")
    assert merge(settings, {"load": {"users": None}, "report": {}}) == settings


@pytest.mark.parametrize(
    ("text", "overrides", "gone"),
    [
        ("[load]\nlocustfile = 'l.py'", {"load": {"url": ("/",)}}, ("load", "locustfile")),
        ("[load]\nurl = '/'", {"load": {"locustfile": "l.py"}}, ("load", "url")),
        ("[target]\ncommand = 'a'", {"target": {"pid": 5}}, ("target", "command")),
        ("[target]\npid = 5", {"target": {"command": ("a",)}}, ("target", "pid")),
    ],
)
def test_an_option_replaces_what_it_excludes(
    text: str, overrides: dict[str, dict[str, Any]], gone: tuple[str, str]
) -> None:
    table, key = gone
    before = settings_of(text)
    assert getattr(getattr(before, table), key)
    assert not getattr(getattr(merge(before, overrides), table), key)


@pytest.mark.parametrize("scenario", ["baseline", "stress", "spike", "endurance"])
def test_users_on_the_command_line_replace_those_of_a_scenario(scenario: str) -> None:
    before = settings_of(f"[{scenario}]\nusers = 5")
    assert for_scenario(before, scenario).load.users == 5
    after = merge(before, {"load": {"users": 2}})
    assert for_scenario(after, scenario).load.users == 2


def test_a_scenario_has_its_own_users_and_limits_unless_the_file_says_otherwise() -> None:
    plain = for_scenario(Settings(), "baseline", 0.1)
    assert (plain.load.users, plain.baseline.duration) == (50, 180)
    assert plain.criteria == {"p99_ms": 10, "error_rate": 0.001}
    assert gauge_limits(plain, "baseline") == {"cache_hit_rate": "> 80%"}
    told = settings_of(
        "[load]\nusers = 7\n[criteria]\np99_ms = 30\np50_ms = 2\n"
        "[baseline.criteria]\nerror_rate = 'off'\ncache_hit_rate = '> 0.5'"
    )
    changed = for_scenario(told, "baseline")
    assert changed.load.users == 7
    assert changed.criteria == {"p99_ms": 30, "p50_ms": 2, "cache_hit_rate": "> 0.5"}
    assert gauge_limits(told, "baseline") == {}
    assert for_scenario(told, "check").criteria == {"p99_ms": 30, "p50_ms": 2}


def test_an_option_replaces_hours() -> None:
    settings = settings_of("[endurance]\nhours = 2")
    assert merge(settings, {"endurance": {"duration": "10m"}}).endurance.duration == 600


def test_variables_are_added_to_those_of_the_file() -> None:
    settings = settings_of("[target]\nenv = { A = '1', B = '2' }")
    merged = merge(settings, {"target": {"env": {"B": "3", "C": "4"}}})
    assert merged.target.env == {"A": "1", "B": "3", "C": "4"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"load": {"users": 0}}, "--users must be at least 1, not 0"),
        ({"check": {"max_time": 0}}, "--max-time must be more than 0"),
        ({"load": {"url": ("x",)}}, "--url must begin with a slash"),
        ({"target": {"command": ("A=1", "b")}}, "the command begins with 'A=1'"),
        ({"load": {"url": ("/",), "locustfile": "l.py"}}, "--url and --locustfile exclude each"),
        ({"target": {"command": ("a",), "pid": 5}}, "the command and --pid exclude each other"),
        ({"target": {"command": ("A=1 b",)}}, "begins with 'A=1'; .* give --env A=1,"),
        ({"load": {"url": ("POST /orders",)}}, "POST needs a Locust file"),
        ({"load": {"url": ("http://x/y",)}}, r"the server goes into host \(--host\)"),
        ({"endurance": {"duration": 0}}, "the length of the soak must be more than 0"),
    ],
)
def test_a_wrong_option_is_named(overrides: dict[str, dict[str, Any]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        merge(Settings(), overrides)


COMMAND = {"target": {"command": ("a",)}}


def test_the_default_locust_file_is_used_where_it_exists(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").touch()
    assert complete(merge(Settings(), COMMAND), tmp_path).load.locustfile == Path("locustfile.py")
    with_url = merge(Settings(), COMMAND | {"load": {"url": ("/",)}})
    assert complete(with_url, tmp_path).load.locustfile is None


def test_no_load_shows_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no load") as caught:
        complete(merge(Settings(), COMMAND), tmp_path)
    assert "--url" in caught.value.hint
    assert "--locustfile" in caught.value.hint


def test_no_target_shows_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no target") as caught:
        complete(Settings(), tmp_path)
    assert "-- uvicorn" in caught.value.hint
    assert "tsprof init" in caught.value.hint
    with pytest.raises(UsageError, match="no target") as caught:
        complete(Settings(), tmp_path, "compare")
    assert "tsprof compare -- uvicorn" in caught.value.hint


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"load": {"locustfile": "gone.py"}}, "no Locust file gone.py"),
        ({"target": {"command": ("a",), "cwd": "gone"}}, "gone is not a folder"),
        ({"target": {"pid": 5}}, "not where it serves"),
        ({"criteria": {"hit_rate": "> 0.8"}}, "hit_rate is to be judged as a gauge, but no"),
        ({"criteria": {"p99": "< 20"}}, r"no gauges are read; did you mean 'p99_ms'\?"),
        ({"gauges": {"watch": {"queue": {"worse": "more"}}}}, "queue is to be judged as a gauge"),
        ({"gauges": {"url": ("http://example.invalid/metrics",)}}, "not from example.invalid"),
    ],
)
def test_what_a_run_would_miss_is_found_before_it(
    tmp_path: Path, overrides: dict[str, dict[str, Any]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        complete(merge(Settings(), COMMAND | {"load": {"url": ("/",)}} | overrides), tmp_path)


def test_gauges_may_be_read_at_another_port_of_the_target(tmp_path: Path) -> None:
    for address in ("http://[::1]:9100/m", "http://localhost/m", "http://shop.invalid:{port}/m"):
        overrides = {
            "load": {"url": ("/",), "host": "http://shop.invalid:80"},
            "gauges": {"url": (address,)},
        }
        settings = complete(merge(Settings(), COMMAND | overrides), tmp_path)
        assert settings.gauges.url == (address,)


def test_every_documented_example_is_accepted() -> None:
    documented = fields()
    assert {field.table for field in documented} == set(Settings.model_fields)
    for field in documented:
        assert field.examples, field
        assert field.description.endswith("."), field
        for example in field.examples:
            settings_of(f"[{field.table}]\n{field.key} = {toml(example)}")


@pytest.mark.parametrize("host", ["http://127.0.0.1:{port}", "http://localhost:8000"])
def test_workers_of_other_machines_are_not_sent_to_themselves(host: str, tmp_path: Path) -> None:
    load = {"url": "/", "host": host, "expect_workers": 1}
    here = Settings.model_validate({"target": {"command": "app"}, "load": load})
    assert complete(here, tmp_path).load.expect_workers == 1
    wide = {"master_bind_host": "0.0.0.0"}
    with pytest.raises(UsageError, match="each of them itself"):
        complete(merge(here, {"load": wide}), tmp_path)
    reachable = wide | {"host": "http://10.0.0.5:{port}"}
    assert complete(merge(here, {"load": reachable}), tmp_path).load.host.endswith("{port}")


def test_somebody_makes_the_load() -> None:
    with pytest.raises(UsageError, match="nobody makes the load"):
        merge(Settings(), {"load": {"processes": 0}})
    assert merge(Settings(), {"load": {"processes": 0, "expect_workers": 1}})
