"""Leaks of descriptors, threads, tasks and processes in real targets are named."""

import sys
import sysconfig
from pathlib import Path

import psutil
from attribution_target import LIBRARIES, SERVE, Target, script
from pydantic import TypeAdapter

from tsprof.analysis.attribution.counted_resources import COUNTED, CountedResource, Held, grown
from tsprof.analysis.attribution.culprits import Culprit, Seen, culprit, worth_naming
from tsprof.analysis.attribution.listings import Listing, made, merged
from tsprof.probes.resources import children, descriptors, threads
from tsprof.profilers.origin import origins
from tsprof.supervisor.resources import temporary_files

REQUESTS = 30

LEAKY = (
    """
import asyncio, itertools, subprocess, tempfile, threading

numbers = itertools.count()
kept = []
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()

def export():
    kept.append(open("x-%d.csv" % next(numbers), "w"))

def notify():
    threading.Event().wait()

def start_notifier():
    threading.Thread(target=notify, name="notifier-%d" % next(numbers), daemon=True).start()

async def poll():
    await asyncio.sleep(600)

async def start_poll():
    kept.append(asyncio.ensure_future(poll()))

def convert():
    kept.append(subprocess.Popen(["sleep", "600"]))

def hash_files():
    open("x.csv", "w").close()

def keep_upload():
    with tempfile.NamedTemporaryFile(suffix=".upload", delete=False) as file:
        file.write(b"content")

def scratch():
    with tempfile.TemporaryDirectory() as folder:
        open(folder + "/part", "w").close()

def handle():
    export()
    keep_upload()
    scratch()
    start_notifier()
    asyncio.run_coroutine_threadsafe(start_poll(), loop).result()
    hash_files()
    if next(numbers) % 2:
        convert()
"""
    + SERVE
)


def listed(target: Target, pid: int, command: str, temporary: Path) -> tuple[Held, ...]:
    process = psutil.Process(pid)
    listing = TypeAdapter(Listing).validate_python(
        target.ask(pid, command, temporary=str(temporary))
    )
    outside = descriptors(process, process.net_connections("all")) + threads(process)
    outside += [child for child in children(process.children()) if child.pid == pid]
    files = made(temporary_files(temporary), [listing])
    return (*merged(outside, listing, pid), *files)


def test_what_leaks_is_named_with_its_line(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = (sys.executable, script(tmp_path, LEAKY))
    with Target(tmp_path, *command, TMPDIR=str(temporary)) as target:
        pid = target.agent()
        target.load(5)
        before = listed(target, pid, "resources.start", temporary)
        target.load(REQUESTS)
        after = listed(target, pid, "resources.stop", temporary)
        for child in psutil.Process(pid).children():
            child.kill()
    groups = grown(before, after)
    origin_of = origins(libraries=[LIBRARIES], standard_library=Path(sysconfig.get_path("stdlib")))

    def named(resource: CountedResource) -> Culprit:
        worth = worth_naming(groups, resource, expected=REQUESTS / 2, clients=1)
        seen = Seen(
            resource=resource,
            groups=worth,
            holders={},
            requests=REQUESTS,
            expected=REQUESTS / 2,
            recorders={pid: "Python", 0: "Python"},
        )
        return culprit(seen, origin_of)

    app = tmp_path / "app.py"
    assert named("fd").title == f"regular file {tmp_path}/x-*.csv, opened in export ({app}:10)"
    assert named("thread").title == (
        f'thread "notifier-*" running notify ({app}:12), started in start_notifier ({app}:16)'
    )
    assert named("task").title == f"poll ({app}:18), created in start_poll ({app}:22)"
    assert f"{REQUESTS} of them are now in poll ({app}:19)" in named("task").details
    assert named("process").title == f'process "sleep 600", started in convert ({app}:25)'
    assert named("temporary_file").title == (
        f"temporary file {temporary}/tmp*.upload, made in keep_upload ({app}:31)"
    )
    assert all(named(name).sites[0].share == 1 for name in COUNTED)
