"""The agent in real Python programs of every supported version, and in awkward ones."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import PATIENCE, python, wait_for

from tsprof.supervisor.agents import ENDED, Agents
from tsprof.supervisor.control import positive_control

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
QUESTION = "checkpoint"

KEEPS_ON_COMMAND = """
import ctypes, sys
kept = []
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
print("ready", flush=True)
for line in sys.stdin:
    kept.append([bytes(200) for _ in range(1000)])
    malloc(1_000_000)
    print("done", flush=True)
"""

AWAITS_FUTURES = """
import asyncio, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
async def wait(loop):
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    await future
async def main():
    print("ready", flush=True)
    for line in sys.stdin:
        await asyncio.gather(*(wait(asyncio.get_running_loop()) for _ in range(10)))
        print("done", flush=True)
asyncio.run(main())
"""

REGISTERS_EXPORTERS = """
import functools, os
class Exporter: pass
for number in range(200):
    os.register_at_fork(after_in_child=functools.partial(bool, Exporter()))
print("ready", flush=True)
input()
"""

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(agents: Agents) -> Iterator[Run]:
    """Run a program with the agent in it until its first line of output."""
    processes: list[subprocess.Popen[str]] = []

    def run(source: str, *, interpreter: str = sys.executable, **env: str) -> Any:
        environment = {**os.environ, **env}
        process = subprocess.Popen(
            [interpreter, "-c", source],
            env={**environment, **agents.environment(environment)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        first_line = read_line(process)
        assert first_line == "ready", process.communicate(timeout=PATIENCE)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.communicate()


def read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def command(process: "subprocess.Popen[str]") -> str:
    """Have the program do its next step; return what it says of it."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return read_line(process)


def said_nothing_more(process: "subprocess.Popen[str]") -> bool:
    process.terminate()
    return process.communicate(timeout=PATIENCE) == ("", "")


def counters(agents: Agents, pid: int) -> Any:
    wait_for(lambda: pid in agents.connected(), "the agent")
    reply = agents.ask(QUESTION, pids=[pid])[pid]
    assert not isinstance(reply, str), reply
    return reply


@pytest.mark.parametrize("version", VERSIONS)
def test_counters_are_exact(agents: Agents, run: Run, version: str) -> None:
    process = run(KEEPS_ON_COMMAND, interpreter=python(version))
    assert command(process) == "done"  # the first time allocates more
    before = counters(agents, process.pid)
    for _ in range(5):
        assert command(process) == "done"
    after = counters(agents, process.pid)
    # A bytes object of 200 has a header of 33 and takes a block of 240; the list of them is large.
    live = after["python"]["live"] - before["python"]["live"]
    assert live == pytest.approx(5 * 1000 * 240, abs=4096)
    blocks = after["python"]["blocks"] - before["python"]["blocks"]
    assert blocks == pytest.approx(5 * 1002, abs=50)
    native = after["native"]["live"] - before["native"]["live"]
    assert native == pytest.approx(5 * (1_000_000 + 8 * 1000), rel=0.02)
    assert agents.connected()[process.pid].python.startswith(version)
    assert positive_control(agents, [process.pid])[process.pid].passed
    assert said_nothing_more(process)


@pytest.mark.parametrize("version", VERSIONS)
def test_checkpoints_leave_nothing_behind(agents: Agents, run: Run, version: str) -> None:
    process = run(KEEPS_ON_COMMAND, interpreter=python(version))
    for _ in range(20):
        before = counters(agents, process.pid)
    for _ in range(100):
        after = counters(agents, process.pid)
    grown = sum(after[heap]["live"] - before[heap]["live"] for heap in ("python", "native"))
    assert grown < 1000


def test_looks_at_the_heap_leave_the_free_list_of_asyncio_alone(agents: Agents, run: Run) -> None:
    process = run(AWAITS_FUTURES, interpreter=python("3.12"))  # harms up to 3.12.5 only
    for question in ("census.take", "census.take", "holders.find", QUESTION):
        assert command(process) == "done"
        wait_for(lambda: process.pid in agents.connected(), "the agent")
        reply = agents.ask(question, pids=[process.pid], timeout=10.0)[process.pid]
        assert not isinstance(reply, str), reply
    assert command(process) == "done"
    assert said_nothing_more(process)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_interpreter_itself_holds(agents: Agents, run: Run, version: str) -> None:
    process = run(REGISTERS_EXPORTERS, interpreter=python(version))
    wait_for(lambda: process.pid in agents.connected(), "the agent")
    wanted = {"types": ["__main__.Exporter"]}
    (reply,) = agents.ask("holders.find", wanted, pids=[process.pid], timeout=10.0).values()
    assert not isinstance(reply, str), reply
    (holder,) = reply["holders"]
    assert holder["path"] == "os.register_at_fork(after_in_child=...) -> list"


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8", "3.15"])
def test_a_python_that_the_agent_does_not_know_runs_as_without(
    agents: Agents, run: Run, version: str
) -> None:
    process = run(
        "import sys; sys.stdout.write('ready\\n'); sys.stdout.flush(); sys.stdin.readline()",
        interpreter=python(version),
    )
    assert agents.connected() == {}
    assert said_nothing_more(process)


@pytest.mark.parametrize(("version", "known"), [("3, 14", True), ("3, 15", False)])
def test_the_newest_version_that_the_agent_starts_on(
    agents: Agents, version: str, *, known: bool
) -> None:
    source = (
        f"import sys; sys.version_info = ({version}, 0, 'final', 0); import sitecustomize;"
        "print('_tsprof_agent.core' in sys.modules)"
    )
    environment = {**os.environ, **agents.environment({})}
    program = [sys.executable, "-S", "-c", source]  # without site, which would start it before
    told = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert (told.stdout, told.stderr) == (f"{known}\n", "")


@pytest.mark.parametrize("version", VERSIONS)
def test_tasks_are_counted(agents: Agents, run: Run, version: str) -> None:
    source = """
import asyncio
class Task(asyncio.Task):
    pass
class Lazy:
    @property
    def __class__(self):
        raise RuntimeError("this runs the program's code")
lazy = Lazy()
async def main():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.ensure_future(asyncio.sleep(600)) for _ in range(6)]
    tasks.append(Task(asyncio.sleep(600), loop=loop))
    done = asyncio.ensure_future(asyncio.sleep(0))
    await done
    print("ready", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    process = run(source, interpreter=python(version))
    assert counters(agents, process.pid)["tasks"] == 8


def test_the_programs_own_sitecustomize_runs(agents: Agents, run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.customized = True\n")
    process = run(
        "import sys; print('ready' if customized and 'inject' not in ''.join(sys.path) "
        "and sys.modules['sitecustomize'].__file__.startswith(sys.path[1]) else 'not', flush=True);"
        "input()",
        PYTHONPATH=str(tmp_path),
    )
    counters(agents, process.pid)


@pytest.mark.parametrize("version", VERSIONS[2:])
def test_subinterpreters_have_no_agent(agents: Agents, run: Run, version: str) -> None:
    name = "_xxsubinterpreters" if version in ("3.11", "3.12") else "_interpreters"
    process = run(
        f"""
import {name} as interpreters
for _ in range(3):
    interpreters.run_string(interpreters.create(), "import json; json.dumps([])")
print("ready", flush=True)
input()
""",
        interpreter=python(version),
    )
    assert counters(agents, process.pid)["python"]["live"] > 0
    assert list(agents.connected()) == [process.pid]
    assert said_nothing_more(process)


def test_a_program_that_gevent_has_patched(agents: Agents, run: Run) -> None:
    process = run("""
from gevent import monkey
monkey.patch_all()
import threading, time
done = []
threads = [threading.Thread(target=lambda: (time.sleep(0.01), done.append(1))) for _ in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("ready", flush=True)
time.sleep(600)
""")
    counters(agents, process.pid)
    assert positive_control(agents, [process.pid])[process.pid].passed
    assert said_nothing_more(process)


def test_forked_processes_have_agents_of_their_own(agents: Agents, run: Run) -> None:
    process = run("""
import os, signal
for _ in range(3):
    if os.fork() == 0:
        signal.pause()
print("ready", flush=True)
input()
""")
    wait_for(lambda: len(agents.connected()) == 4, "four agents")
    children = [child.pid for child in psutil.Process(process.pid).children()]
    assert agents.ask(QUESTION).keys() == {process.pid, *children}
    psutil.Process(children[0]).kill()
    wait_for(lambda: len(agents.connected()) == 3, "one to end")
    assert agents.ask(QUESTION).keys() == {process.pid, *children[1:]}


def test_a_program_may_close_every_descriptor(agents: Agents, run: Run) -> None:
    """The agent comes back, and touches nothing that the program has opened since."""
    process = run("""
import os, sys
os.closerange(3, 4096)
files = [os.open("/dev/null", os.O_RDONLY) for _ in range(500)]
print("ready", flush=True)
for _ in sys.stdin:
    [os.fstat(file) for file in files]
    print("all there", flush=True)
""")
    wait_for(lambda: process.pid in agents.connected(), "the agent")
    for _ in range(3):
        assert agents.ask(QUESTION)[process.pid]["python"]["live"] > 0  # type: ignore[index]  # no text
        assert command(process) == "all there"


def test_a_program_may_become_another(agents: Agents, run: Run) -> None:
    process = run(f"""
import os, sys
print("ready", flush=True)
input()
os.execv(sys.executable, [sys.executable, "-c", {KEEPS_ON_COMMAND!r}])
""")
    counters(agents, process.pid)
    first = agents.connected()[process.pid]
    assert command(process) == "ready"
    wait_for(lambda: agents.connected().get(process.pid, first) is not first, "its agent")
    assert counters(agents, process.pid)["python"]["live"] > 0


def test_a_program_that_becomes_something_else_is_told_of_once(agents: Agents, run: Run) -> None:
    source = (
        "import os; print('ready', flush=True); os.read(0, 1); os.execlp('sleep', 'sleep', '9')"
    )
    process = run(source)
    counters(agents, process.pid)
    agents.ask(QUESTION)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    wait_for(lambda: psutil.Process(process.pid).name() == "sleep", "the other program")
    assert agents.ask(QUESTION) == {process.pid: ENDED}
    assert agents.ask(QUESTION) == {}


def test_a_program_outlives_its_supervisor(run: Run, agents: Agents) -> None:
    process = run(KEEPS_ON_COMMAND)
    counters(agents, process.pid)
    threads = psutil.Process(process.pid).num_threads()
    agents.__exit__(None, None, None)
    wait_for(lambda: psutil.Process(process.pid).num_threads() < threads, "the agent to end")
    assert command(process) == "done"
    assert said_nothing_more(process)


@contextmanager
def deaf_supervisor() -> Iterator[str]:
    """Listen, but accept nothing and let nobody wait."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0tsprof-test-{os.getpid()}")
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(listener.getsockname())
            yield f"@tsprof-test-{os.getpid()}"


def test_a_program_never_waits_for_its_supervisor(agents: Agents) -> None:
    """It forks faster than the supervisor accepts, or there is none any more."""
    source = "import os; [os.wait() for _ in range(20) if os.fork() or os._exit(0)]; print('end')"
    environment = {**os.environ, **agents.environment(os.environ)}
    with deaf_supervisor() as name:
        for address in (name, "@nobody", "/nowhere/at/all"):
            finished = subprocess.run(
                [sys.executable, "-c", source],
                env={**environment, "TSPROF_AGENT_SOCKET": address},
                capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
            assert (finished.returncode, finished.stdout, finished.stderr) == (0, "end\n", "")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_a_program_that_root_gave_to_another_user_has_its_agent(agents: Agents) -> None:
    program = subprocess.Popen(
        ["/usr/bin/python3", "-c", "input()"],
        env=agents.environment({}), user=65534, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_for(lambda: program.pid in agents.connected(), "the agent")
    assert program.communicate(b"\n", PATIENCE) == (None, b"")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_other_users_are_no_agents(agents: Agents) -> None:
    """Unless they are processes of the target: this one's parent ends before it connects."""
    source = """
import os, socket, sys
sys.stdin.readline()
connection = socket.socket(socket.AF_UNIX)
connection.connect("\\0" + os.environ["TSPROF_AGENT_SOCKET"][1:])
connection.sendall(b'{"hello": 1}\\n')
try:
    print(connection.recv(1))
except ConnectionResetError:
    print(b"")
"""
    parent = subprocess.Popen(
        ["/bin/sh", "-c", 'exec 3<&0; "$@" <&3 &', "sh", "/usr/bin/python3", "-I", "-c", source],
        env=agents.environment({}), user=65534, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert parent.wait(PATIENCE) == 0
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write("\n")
    parent.stdin.flush()
    while not select.select([parent.stdout], [], [], 0.01)[0]:
        assert agents.connected() == {}
    assert parent.communicate()[0] == "b''\n"
