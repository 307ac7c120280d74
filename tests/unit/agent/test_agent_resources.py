"""What the agent lists of a process, and which lines it remembers, tried in this one."""

import asyncio
import os
import pty
import select
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from tsprof.agent import origins, resources

HERE = __file__


@pytest.fixture
def recording() -> Iterator[None]:
    assert resources.start({})["recording"] is True
    yield
    resources.forget({})


def own_line(reply: dict[str, Any], number: int | None) -> str:
    """The innermost function of this file on a stack of the reply."""
    assert number is not None
    return next(function for function, file, _ in reply["stacks"][number] if file == HERE)


def of_descriptor(reply: dict[str, Any], number: int) -> tuple[int | None, int | None]:
    found = reply["descriptors"][str(number)]
    return found["id"], found["origin"]


@pytest.mark.usefixtures("recording")
def test_the_line_and_the_owner_of_files_and_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    read, write = os.pipe()
    event = select.epoll()

    def export() -> Any:
        return FileIO("export.csv", "w")

    with (
        export() as kept,
        tempfile.TemporaryFile() as gone,
        socket.socket() as idle,
    ):
        reply = resources.stop({})
        assert of_descriptor(reply, kept.fileno())[0] == id(kept)
        assert own_line(reply, of_descriptor(reply, kept.fileno())[1]).endswith("export")
        assert own_line(reply, of_descriptor(reply, gone.fileno())[1]).startswith("test_the_line")
        assert of_descriptor(reply, idle.fileno())[0] == id(idle)
        assert own_line(reply, of_descriptor(reply, idle.fileno())[1]).startswith("test_the_line")
        assert own_line(reply, of_descriptor(reply, read)[1]).startswith("test_the_line")
        assert of_descriptor(reply, event.fileno()) == (None, None)  # nobody is told of it
    os.close(read)
    os.close(write)
    event.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("recording")
def test_the_line_that_starts_a_program_in_a_terminal() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    reply = resources.stop({})
    assert own_line(reply, of_descriptor(reply, terminal)[1]).endswith("in_a_terminal")
    os.close(terminal)


@pytest.mark.usefixtures("recording")
def test_of_lines_that_open_one_path_the_one_that_does_not_close_it() -> None:
    def closes() -> None:
        with FileIO(HERE):
            pass

    def keeps() -> Any:
        return FileIO(HERE)

    kept = []
    for _ in range(5):
        kept.append(keeps())
        closes()
        closes()
    reply = resources.stop({})
    found = [own_line(reply, of_descriptor(reply, file.fileno())[1]) for file in kept]
    assert all(function.endswith("keeps") for function in found)
    for file in kept:
        file.close()


def test_what_was_open_before_has_no_origin(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    before = sqlite3.connect(path)
    before.execute("CREATE TABLE things (name)")
    resources.start({})
    after = sqlite3.connect(path)
    after.execute("SELECT * FROM things")
    found = list(resources.stop({})["descriptors"].values())
    resources.forget({})
    assert [one["id"] for one in found if one["origin"] is not None] == [id(after)]
    before.close()
    after.close()


@pytest.mark.usefixtures("recording")
def test_a_database_is_owned_by_its_connection(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "app.db")
    connection.execute("CREATE TABLE things (name)")
    reply = resources.stop({})
    (number,) = [
        int(name)
        for name in os.listdir("/proc/self/fd")  # noqa: PTH208 - one closes meanwhile
        if os.path.realpath(f"/proc/self/fd/{name}") == str(tmp_path / "app.db")
    ]
    owner, origin = of_descriptor(reply, number)
    assert owner == id(connection)
    assert own_line(reply, origin).startswith("test_a_database")
    connection.close()


@pytest.mark.usefixtures("recording")
def test_what_threads_run_and_who_started_them() -> None:
    release = threading.Event()

    def worker(_number: int) -> None:
        release.wait()

    wrapped = threading.Thread.start
    thread = threading.Thread(target=partial(worker, 3), name="job-3")
    thread.start()
    try:
        reply = resources.stop({})
    finally:
        release.set()
        thread.join()
    (found,) = [one for one in reply["threads"] if one["native"] == thread.native_id]
    assert found["name"] == "job-3"
    assert found["target"][0].endswith("worker")
    assert own_line(reply, found["stack"]).endswith("worker")
    assert own_line(reply, found["origin"]).startswith("test_what_threads_run")
    assert threading.Thread.start is not wrapped
    assert threading.Thread.start.__module__ == "threading"
    assert os.pipe.__module__ == "posix"


def test_where_tasks_wait_and_where_they_were_made() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    async def poll() -> None:
        await wait()

    async def start() -> "asyncio.Task[None]":
        return asyncio.create_task(poll())

    async def main() -> tuple[dict[str, Any], int]:
        resources.start({})
        await asyncio.sleep(0)  # the loop's turn
        task = await start()
        await asyncio.sleep(0)
        reply = resources.stop({})
        await asyncio.sleep(0)
        assert sys.get_coroutine_origin_tracking_depth() == 0
        task.cancel()
        resources.forget({})
        return reply, id(task)

    reply, identity = asyncio.run(main())
    (found,) = [one for one in reply["tasks"] if one["id"] == identity]
    assert found["coroutine"][0].endswith("poll")
    assert own_line(reply, found["stack"]).endswith("wait")
    assert own_line(reply, found["origin"]).endswith("start")


def test_what_opens_a_socket_in_a_task_of_its_own() -> None:
    async def ask(port: int) -> int:
        connecting = asyncio.open_connection("127.0.0.1", port)
        _, writer = await asyncio.create_task(connecting)
        number: int = writer.get_extra_info("socket").fileno()
        reply.update(resources.stop({}))
        writer.close()
        return number

    async def main() -> int:
        resources.start({})
        await asyncio.sleep(0)  # the loop's turn
        with socket.create_server(("127.0.0.1", 0)) as server:
            return await ask(server.getsockname()[1])

    reply: dict[str, Any] = {}
    try:
        number = asyncio.run(main())
    finally:
        resources.forget({})
    _, origin = of_descriptor(reply, number)
    assert own_line(reply, origin).endswith("ask")


def test_the_same_part_of_many_tasks_is_listed_each_time() -> None:
    async def main() -> tuple[int, set[int], set[int]]:
        tasks = [asyncio.create_task(asyncio.sleep(60)) for _ in range(4000)]
        arguments = {"tasks_one_in": 8}
        before = {one["id"] for one in resources.start(arguments)["tasks"]}
        after = {one["id"] for one in resources.stop(arguments)["tasks"]}
        resources.forget({})
        return len(tasks), before, after

    number, before, after = asyncio.run(main())
    assert sys.get_coroutine_origin_tracking_depth() == 0  # both within one turn of the loop
    assert before == after
    assert number / 12 < len(after) < number / 5


@pytest.mark.usefixtures("recording")
def test_processes_by_their_program() -> None:
    sys.audit("subprocess.Popen", None, ["/usr/bin/convert", "x.png"], None, None)
    sys.audit("os.posix_spawn", b"/bin/true", [], {})
    sys.audit("os.fork")
    reply = resources.stop({})
    programs = {one["program"]: own_line(reply, one["origin"]) for one in reply["spawned"]}
    assert programs.keys() == {"convert", "true", origins.FORK}
    assert all(function.startswith("test_processes") for function in programs.values())


def test_nothing_is_remembered_outside_of_a_recording() -> None:
    resources.start({})
    resources.forget({})
    sys.audit("os.fork")
    with FileIO(HERE) as file:
        reply = resources.stop({})
        assert of_descriptor(reply, file.fileno())[1] is None
    assert reply["spawned"] == []


@pytest.mark.usefixtures("recording")
def test_an_event_that_makes_no_sense_does_no_harm() -> None:
    for event in ("open", "socket.__new__", "subprocess.Popen", "os.posix_spawn"):
        sys.audit(event)
        sys.audit(event, object(), None)
    assert resources.stop({})["spawned"] == []


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins, "_MOST_KEYS", 10)
    recorder = origins.Recorder()
    assert recorder.start()
    try:
        for number in range(100):
            sys.audit("open", f"/nowhere/{number}", "r", 0)
    finally:
        recorder.stop()
    assert list(recorder.opened) == [f"/nowhere/{number}" for number in range(90, 100)]


def test_a_hook_that_is_refused_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "addaudithook", lambda _hook: None)
    recorder = origins.Recorder()
    assert recorder.start() is False
    recorder.stop()
