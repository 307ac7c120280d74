"""What breaks a load, and what is left then: one clear line, and no process."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from load_targets.loading import (
    USERS,
    Loads,
    is_gone,
    reason_of_loss,
    segment,
    ticks_until,
    write,
)
from load_targets.locustfiles import BROKEN
from load_targets.server import CountingServer
from waiting import wait_until

from tsprof.errors import LoadError, UsageError
from tsprof.load.bounded_log import LIMIT
from tsprof.load.client import LoadProcess
from tsprof.load.spec import LoadSpec


@pytest.mark.parametrize("what", BROKEN)
def test_a_locust_file_that_cannot_be_used_is_explained_in_one_line(
    what: str, loads: Loads, tmp_path: Path
) -> None:
    write(tmp_path / "broken_beside.py", "import sys\nVALUE = 1 / 0\n")
    text, parts = BROKEN[what]
    with pytest.raises(UsageError) as caught:
        loads.start(text or "\n")
    message = str(caught.value)
    assert [part for part in parts if part not in message] == [], message
    assert "\n" not in message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["missing.py", "."])
def test_a_locust_file_that_is_not_there(name: str, tmp_path: Path) -> None:
    log = tmp_path / "load.log"
    with pytest.raises(UsageError, match=r"does not exist|is not a file"):
        LoadProcess.start(LoadSpec("http://127.0.0.1:1", 1, tmp_path / name), log)
    assert not log.exists()


def test_a_load_process_that_dies_at_once(loads: Loads) -> None:
    with pytest.raises(LoadError, match=r"exit status 7.*last words"):
        loads.start("import os\nprint('last words')\nos._exit(7)\n")


def test_a_locust_file_that_does_not_finish_loading(tmp_path: Path) -> None:
    path = write(tmp_path / "locustfile.py", "while True: pass")
    with pytest.raises(LoadError, match=r"not ready within 2 s"):
        LoadProcess.start(LoadSpec("http://127.0.0.1:1", 1, path), tmp_path / "load.log", timeout=2)


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no-such-directory"):
        LoadProcess.start(
            LoadSpec("http://127.0.0.1:1", 1, paths=("/",)), tmp_path / "no-such-directory" / "log"
        )


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("def on_start(self): raise KeyError('nobody')", "all 8 users have ended"),
        ("def on_start(self): raise KeyError('nobody')", "KeyError('nobody')"),
        (
            "def __init__(self, environment): raise KeyError('none')",
            "Locust could not start the users: KeyError('none')",
        ),
        (
            "def on_start(self):\n    from locust.exception import StopUser\n    raise StopUser",
            "all 8 users have ended",
        ),
        ("def on_start(self): self.environment.runner.quit()", "test was stopped"),
        ("def on_start(self):\n    import os\n    os.kill(os.getpid(), 9)", "signal SIGKILL"),
        ("def on_start(self):\n    import sys\n    sys.exit(5)", "exit status 5"),
    ],
)
def test_users_that_end_all_are_a_lost_load(body: str, part: str, loads: Loads) -> None:
    load = loads.start(
        "from locust import HttpUser, task\n\nclass MyUser(HttpUser):\n"
        + textwrap.indent(body, "    ")
        + "\n\n    @task\n    def index(self):\n        self.client.get('/')\n"
    )
    load.open_gate(100)
    assert part in reason_of_loss(load)


def test_a_killed_load_process_is_lost(loads: Loads) -> None:
    load = loads.start(paths=("/",))
    load.open_gate(None)
    ticks_until(load, lambda tick: tick.requests > 0)
    os.kill(load.pid, signal.SIGKILL)
    wait_until(lambda: select.select([load], [], [], 0)[0])
    assert "signal SIGKILL" in reason_of_loss(load)
    load.close_gate()
    load.stop()


def test_stopping_does_not_wait_for_a_hung_target(loads: Loads, server: CountingServer) -> None:
    load = loads.start(paths=("/hang",))
    load.open_gate(None)
    wait_until(lambda: server.active == USERS)
    load.stop(timeout=20)
    assert is_gone(load.pid)
    assert load.poll(0) == []
    load.stop()


BUSY = {
    "waiting": "self.client.get('/')",
    "in a loop": "exec('while True: pass')",
    "in a loop of C that keeps the interpreter's lock": "re.match('(a+)+$', 'a' * 64 + 'b')",
}


@pytest.mark.parametrize("how", BUSY)
def test_nothing_is_left_when_the_supervisor_is_killed(
    how: str, server: CountingServer, tmp_path: Path
) -> None:
    log = tmp_path / "load.log"
    locustfile = write(
        tmp_path / "locustfile.py",
        f"""
        import re
        import subprocess
        from locust import HttpUser, task

        class MyUser(HttpUser):
            @task
            def index(self):
                child = subprocess.Popen(["sleep", "600"])
                print("CHILD", child.pid, flush=True)
                {BUSY[how]}
        """,
    )
    supervisor = f"""
        import os, sys
        from pathlib import Path
        from tsprof.load.client import LoadProcess
        from tsprof.load.spec import LoadSpec

        spec = LoadSpec({server.host!r}, 1, Path({str(locustfile)!r}))
        load = LoadProcess.start(spec, Path({str(log)!r}))
        load.open_gate(1)
        print(load.pid, flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(supervisor)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        wait_until(lambda: "CHILD" in log.read_text(encoding="utf-8"))
        child = int(log.read_text(encoding="utf-8").split("CHILD ")[1].split()[0])
        time.sleep(0.1)
        assert not is_gone(pid)
        process.kill()
    wait_until(lambda: is_gone(pid) and is_gone(child))


def test_ctrl_c_and_the_terminal_are_not_for_the_load_process(loads: Loads) -> None:
    load = loads.start(paths=("/",))
    assert os.getsid(load.pid) == load.pid != os.getsid(0)
    load.open_gate(None)
    os.kill(load.pid, signal.SIGINT)
    ticks_until(load, lambda tick: tick.requests > 0)


def test_a_busy_load_process_can_be_stopped(loads: Loads) -> None:
    load = loads.start("""
        from locust import HttpUser, task

        class MyUser(HttpUser):
            @task
            def index(self):
                print("BUSY", flush=True)
                while True: pass
    """)
    load.open_gate(1)
    wait_until(lambda: "BUSY" in loads.log.read_text(encoding="utf-8"))
    load.stop(timeout=0.2)
    assert is_gone(load.pid)


def test_output_without_end_does_not_fill_the_disk(loads: Loads) -> None:
    load = loads.start("""
        import os
        from locust import HttpUser, task

        class MyUser(HttpUser):
            @task
            def index(self):
                self.client.get("/")
                print("y" * 300_000)
                os.write(2, b"z" * 100_000)
    """)
    for _ in range(4):
        segment(load, 20)
        assert loads.log.stat().st_size <= LIMIT + 20 * 100_000
