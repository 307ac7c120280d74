"""The agent in native programs: a small server of ours, and real services where they are there."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import PATIENCE, TARGETS, CommandLine, wait_for

from tsprof.analysis.attribution.counted_resources import CountedResource, Held, grown
from tsprof.analysis.attribution.culprits import Seen, culprit
from tsprof.analysis.attribution.listings import with_origins
from tsprof.analysis.attribution.sites import leaking_sites
from tsprof.probes.resources import descriptors, threads
from tsprof.profilers import heaptrack, jemalloc
from tsprof.profilers.capture_digest import digest
from tsprof.profilers.native_origin import native_origin
from tsprof.supervisor import native_agent
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.checkpoints import take_checkpoint
from tsprof.supervisor.control import positive_control
from tsprof.supervisor.launch import free_port, is_listening
from tsprof.supervisor.load_totals import LoadTotals
from tsprof.supervisor.native_origins import end_native_notes, start_native_notes

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on this machine")

SOURCE = TARGETS / "native_service.c"
CHUNK = 112
"""Bytes that glibc takes for a block of 100."""
LIBRARIES = Path("/usr/lib", f"{os.uname().machine}-linux-gnu")

Run = Callable[..., psutil.Process]
Keeps = Callable[..., tuple[psutil.Process, float]]


def compiled(compiler: str, to: Path, *flags: str) -> str:
    program = shutil.which(compiler)
    if program is None:
        pytest.skip(f"no {compiler} on this machine")
    command = [program, "-O2", "-g", "-o", str(to), str(SOURCE), *flags, "-pthread"]
    built = subprocess.run(command, check=False, capture_output=True, text=True)
    if built.returncode and flags:
        pytest.skip(f"cannot build with {flags}: {built.stderr[-200:]}")
    assert built.returncode == 0, built.stderr
    return str(to)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compiled("cc", tmp_path_factory.mktemp("native") / "service")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def run(agents: Agents, port: int) -> Iterator[Run]:
    """Start a program with the agents on its way in, and wait until it serves at the port."""
    started: list[psutil.Popen] = []

    def run(*command: str, **extra: str) -> psutil.Process:
        if shutil.which(command[0]) is None:
            pytest.skip(f"no {command[0]} on this machine")
        environment = os.environ | extra
        environment |= agents.environment(environment)
        environment |= native_agent.environment(environment, native_agent.library())
        process = psutil.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        started.append(process)
        wait_for(lambda: is_listening(f"http://127.0.0.1:{port}"), f"{command} to listen")
        return process

    yield run
    for process in started:
        for each in (*process.children(recursive=True), process):
            each.kill()
        process.wait(PATIENCE)


def live(agents: Agents, pid: int) -> int:
    wait_for(lambda: pid in agents.connected(), "the agent")
    reply = agents.ask("checkpoint", pids=[pid])[pid]
    assert not isinstance(reply, str), reply
    size: int = reply["native"]["live"]
    return size


@pytest.fixture
def request_it(port: int) -> Iterator[Callable[[int], None]]:
    """Send so many requests over four connections; the service has a thread for each."""
    with ExitStack() as stack:
        clients = [HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _ in range(4)]
        for client in clients:
            stack.callback(client.close)

        def request_it(times: int) -> None:
            for index in range(times):
                clients[index % 4].request("GET", "/")
                assert clients[index % 4].getresponse().read() == b"ok"

        yield request_it


def gained(agents: Agents, pid: int, work: Callable[[], Any]) -> int:
    """Return how many live bytes the same work leaves behind when it is done again."""
    work()  # the first time allocates more
    before = live(agents, pid)
    work()
    return live(agents, pid) - before


@pytest.fixture
def keeps(agents: Agents, run: Run, port: int, request_it: Callable[[int], None]) -> Keeps:
    """Run a service; return its process, and the bytes per request that it keeps."""

    def keeps(*command: str, **extra: str) -> tuple[psutil.Process, float]:
        process = run(command[0], str(port), *command[1:], **extra)
        kept = gained(agents, process.pid, lambda: request_it(1000)) / 1000
        assert positive_control(agents, [process.pid])[process.pid].passed
        return process, kept

    return keeps


def test_the_heaps_of_all_threads_count(keeps: Keeps, service: str) -> None:
    _, kept = keeps(service, "leak", "100")
    assert kept == CHUNK


@pytest.mark.parametrize("fault", ["clean", "fork"])
def test_a_program_that_keeps_nothing(
    agents: Agents, keeps: Keeps, service: str, fault: str
) -> None:
    """Forked children bring an agent of their own, and take it along."""
    process, kept = keeps(service, fault)
    assert kept == 0
    wait_for(lambda: list(agents.connected()) == [process.pid], "the children to be gone")


@pytest.mark.parametrize("library", ["libjemalloc.so.2", "libtcmalloc_minimal.so.4"])
def test_allocators_that_tell(keeps: Keeps, service: str, library: str) -> None:
    if not (LIBRARIES / library).exists():
        pytest.skip(f"no {library} on this machine")
    _, kept = keeps(service, "leak", str(CHUNK), LD_PRELOAD=library)
    assert kept == CHUNK


def test_an_allocator_that_does_not(agents: Agents, run: Run, port: int, service: str) -> None:
    if not (LIBRARIES / "libmimalloc.so.2").exists():
        pytest.skip("no libmimalloc.so.2 on this machine")
    process = run(service, str(port), "clean", LD_PRELOAD="libmimalloc.so.2")
    wait_for(agents.connected, "the agent")
    assert "libmimalloc.so.2, tells no counters" in agents.connected()[process.pid].blindness
    checkpoint, _ = take_checkpoint(0, [process], agents, LoadTotals(), seconds=0, quiet=True)
    assert [(r.source, r.live) for r in checkpoint.processes] == [("outside", None)]


def test_an_allocator_in_the_executable(keeps: Keeps, tmp_path: Path) -> None:
    """Its functions for statistics are no exported ones."""
    flags = ("-l:libjemalloc.a", "-lm", "-ldl", "-lstdc++")
    _, kept = keeps(compiled("cc", tmp_path / "service", *flags), "leak", str(CHUNK))
    assert kept == CHUNK


@pytest.mark.parametrize("compiler", ["musl-gcc", "cc -static", "cc -fsanitize=address"])
def test_programs_that_are_left_alone(
    agents: Agents, run: Run, port: int, tmp_path: Path, compiler: str
) -> None:
    run(compiled(*compiler.split()[:1], tmp_path / "service", *compiler.split()[1:]), str(port), "")
    assert not [pid for pid, agent in agents.connected().items() if not agent.blindness]


@pytest.mark.parametrize(
    "launcher",
    [
        ("sh", "-c", '"$0" "$@"; true'),
        ("unshare", "--map-root-user"),
        ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    ],
    ids=["shell", "unshare", "setpriv"],
)
def test_programs_that_start_the_service(
    agents: Agents, run: Run, port: int, service: str, launcher: tuple[str, ...]
) -> None:
    """They would fail with a second thread in them; the service may run as another user."""
    tried = subprocess.run([*launcher, "true"], check=False, capture_output=True)
    if tried.returncode:
        pytest.skip(f"{launcher[0]} may not be used here")
    for folder in Path(service).parents[:3]:  # pytest's are for this user only
        folder.chmod(0o755)
    run(*launcher, service, str(port), "clean")
    (pid,) = wait_for(agents.connected, "the agent")
    assert psutil.Process(pid).cmdline()[0] == service
    assert live(agents, pid) > 0


def test_python_and_native_programs_have_one_agent_each(
    agents: Agents, run: Run, port: int, service: str
) -> None:
    source = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    process = run(sys.executable, "-c", source, service, str(port), "clean")
    wait_for(lambda: len(agents.connected()) == 2, "two agents")
    (child,) = process.children()
    assert {pid: bool(a.python) for pid, a in agents.connected().items()} == {
        process.pid: True,
        child.pid: False,
    }
    assert agents.interpreters().keys() == {process.pid}


def test_a_leak_in_forked_workers_fails(tsprof: CommandLine, service: str) -> None:
    finished = tsprof.run(
        *("check", "--url", "/", "--drain", "0", "--rate", "3000", "--"),
        *(service, "{port}", "workers", "100"),
    )
    assert finished.code == 1
    assert finished.finding("memory")["per_request"] == pytest.approx(CHUNK, rel=0.01)
    owners = {row["owner"]: row["bytes_per_request"] for row in finished.report["ledger"]}
    assert owners["native_heap"] == pytest.approx(CHUNK, rel=0.01)
    assert "python_objects" not in owners
    assert [p["source"] for p in finished.report["processes"]] == ["native"] * 3
    assert "Python" not in finished.out
    if heaptrack.find() is None:
        assert "heaptrack is not installed" in finished.out
        return
    (site,) = finished.finding("memory")["sites"]
    assert (site["function"], Path(site["file"]).name) == ("work", SOURCE.name)
    assert SOURCE.read_text().splitlines()[site["line"] - 1].endswith("malloc(bytes);")
    assert site["blocks_per_request"] == pytest.approx(1, rel=0.01)
    assert site["share"] == pytest.approx(1, rel=0.01)
    opened = finished.finding("fd")
    assert opened["per_request"] == pytest.approx(1 / 50, rel=0.1)
    (site,) = opened["sites"]
    assert (site["function"], Path(site["file"]).name) == ("open_at_times", SOURCE.name)
    assert SOURCE.read_text().splitlines()[site["line"] - 1].endswith("O_RDONLY);")
    assert f", opened in open_at_times ({site['file']}:{site['line']})" in opened["title"]


@pytest.mark.skipif(heaptrack.find() is None, reason="no heaptrack on this machine")
def test_heaptrack_names_the_functions_of_a_rust_program(
    agents: Agents, run: Run, port: int, tmp_path: Path
) -> None:
    """Its symbols are of both kinds: the standard library's are the newer ones."""
    compiler = shutil.which("rustc")
    if compiler is None:
        pytest.skip("no rustc on this machine")
    source, program = TARGETS / "native_service.rs", tmp_path / "service"
    command = [compiler, "-O", "-g", "-o", str(program), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    process = run(str(program), str(port))
    wait_for(agents.connected, "the agent")
    tool = heaptrack.require()
    capture = tmp_path / "window"
    arguments = {"library": str(tool.recorder), "file": str(capture)}
    assert agents.ask("window.start", arguments)[process.pid] == {"started": True}
    refused = agents.ask("window.start", arguments)[process.pid]
    assert refused == {"refused": "a window is open already"}
    client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def request_it() -> None:
        for _ in range(500):
            client.request("GET", "/")
            assert client.getresponse().read() == b"ok"

    request_it()
    assert agents.ask("window.mark")[process.pid] == {"marked": True}
    request_it()
    agents.ask("window.stop")
    size = capture.stat().st_size
    request_it()
    assert capture.stat().st_size == size
    refused = agents.ask("window.start", arguments)[process.pid]
    assert refused == {"refused": "heaptrack records a process once only"}
    client.close()
    found = digest(capture, early_until=0, requests_early=500, requests_total=1000)
    (leak,) = leaking_sites([found], native_origin)
    line = (
        source.read_text()
        .splitlines()
        .index("            keeper.keep(number, |n| Box::new([n; 12]));")
    )
    assert leak.site.function.startswith("native_service::main::{")  # the closure, which is inlined
    assert (Path(leak.site.file).name, leak.site.line) == (source.name, line + 1)
    assert (leak.site.bytes_per_request, leak.site.blocks_per_request) == (CHUNK, 1)


@pytest.mark.skipif(jemalloc.find() is None, reason="no jemalloc on this machine")
@pytest.mark.skipif(heaptrack.find() is None, reason="no heaptrack on this machine")
def test_jemalloc_samples_the_line_that_leaks(
    agents: Agents,
    run: Run,
    port: int,
    service: str,
    request_it: Callable[[int], None],
    *,
    tmp_path: Path,
) -> None:
    extra = {"LD_PRELOAD": "libjemalloc.so.2"} | jemalloc.configuration(jemalloc.FINEST)
    process = run(service, str(port), "leak", "100", **extra)
    moments = []
    for number in range(3):
        request_it(500)
        file = tmp_path / str(number)
        assert agents.ask("heap.dump", {"file": str(file)})[process.pid] == {"dumped": True}
        with file.open() as text:
            moments.append(jemalloc.read_dump(text))
    (leak,) = leaking_sites([jemalloc.digest_of(moments, 500, 1000)], native_origin)
    assert (leak.site.function, Path(leak.site.file).name) == ("work", SOURCE.name)
    error = jemalloc.sampling_error(moments[0], moments[-1])
    assert 0.03 < error < 0.15
    assert leak.site.bytes_per_request == pytest.approx(CHUNK, rel=6 * error)


def held(process: psutil.Process) -> list[Held]:
    return descriptors(process, process.net_connections("all")) + threads(process)


@pytest.mark.skipif(heaptrack.find() is None, reason="no heaptrack on this machine")
@pytest.mark.parametrize(
    ("fault", "resource", "function", "code", "said"),
    [
        ("descriptor", "fd", "open_at_times", "O_RDONLY);", "device /dev/null, opened in"),
        ("thread", "thread", "work", "end_later, malloc(100));", 'thread "service", started in'),
    ],
    ids=["descriptor", "thread"],
)
def test_the_lines_that_open_and_start_what_stays(
    agents: Agents,
    run: Run,
    port: int,
    service: str,
    request_it: Callable[[int], None],
    *,
    fault: str,
    resource: CountedResource,
    function: str,
    code: str,
    said: str,
) -> None:
    """What was there before has none."""
    process = run(service, str(port), fault)
    request_it(200)
    problems: list[str] = []
    assert start_native_notes(agents, [process.pid], problems.append) == {process.pid}
    before = held(process)
    request_it(500)
    time.sleep(0.2)  # the last of the threads may not have run yet
    found = end_native_notes(agents, [process.pid], problems.append)
    after = with_origins(held(process), found.listings[process.pid])
    assert not problems
    assert not [each for each in after if each.origin and each in before]
    (group,) = grown(before, after)
    named = culprit(
        Seen(
            resource=resource, groups=(group,), holders={}, requests=500, expected=group.gained,
            recorders={process.pid: "native"},
        ),
        found.origins_beside(native_origin),
    )  # fmt: skip
    assert named.title.startswith(f"{said} {function} (")
    (site,) = named.sites
    assert (site.function, Path(site.file).name, site.share) == (function, SOURCE.name, 1)
    assert SOURCE.read_text().splitlines()[site.line - 1].endswith(code)
    agents.ask("resources.forget")
    request_it(200)
    assert process.is_running()


def test_what_the_program_opens_by_system_calls_has_no_line(
    agents: Agents, run: Run, port: int, service: str, request_it: Callable[[int], None]
) -> None:
    """Least of all that of a call whose number it has got."""
    process = run(service, str(port), "unseen")
    request_it(20)
    before = len(held(process))
    assert agents.ask("resources.start")[process.pid] == {"recording": True}
    request_it(20)
    noted = agents.ask("resources.stop")[process.pid]
    assert len(held(process)) == before + 60
    assert noted == {"descriptors": {}, "threads": {}, "stacks": {}}


NGINX = """
daemon off; worker_processes 2; pid nginx.pid; error_log stderr;
events {{}}
http {{
  access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;
  uwsgi_temp_path t; scgi_temp_path t;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}
}}
"""


def test_nginx_passes(tsprof: CommandLine, port: int) -> None:
    """Run as root, its workers run as another user."""
    if shutil.which("nginx") is None:
        pytest.skip("no nginx on this machine")
    (tsprof.folder / "nginx.conf").write_text(NGINX.format(port=port), encoding="utf-8")
    finished = tsprof.run(
        *("check", "--url", "/", "--host", f"http://127.0.0.1:{port}", "--"),
        *("nginx", "-p", str(tsprof.folder), "-c", "nginx.conf"),
    )
    assert finished.code == 0
    assert [p["source"] for p in finished.report["processes"]] == ["native"] * 3
    assert finished.report["growth"]["detectable_bytes_per_request"] <= 2
    assert "showed in the ledger of 3 processes" in finished.notes


def test_redis_grows_by_its_data_only(agents: Agents, run: Run, port: int) -> None:
    """Its allocator is jemalloc, as Debian builds it."""
    process = run("redis-server", "--port", str(port), "--save", "", "--appendonly", "no")
    with socket.create_connection(("127.0.0.1", port)) as client, client.makefile("rwb") as lines:

        def say(*commands: str) -> None:
            lines.write("".join(f"{command}\r\n" for command in commands).encode())
            lines.flush()
            for _ in commands:
                assert lines.readline() in (b"+OK\r\n", b"+PONG\r\n")

        assert abs(gained(agents, process.pid, lambda: say(*["PING"] * 1000))) <= 4096
        text = "x" * 1000
        say(*[f"SET early:{number} {text}" for number in range(1000)])
        before = live(agents, process.pid)
        say(*[f"SET late:{number} {text}" for number in range(1000)])
        assert 1000 * 1000 < live(agents, process.pid) - before < 1000 * 1500
        assert positive_control(agents, [process.pid])[process.pid].passed
