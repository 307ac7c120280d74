"""What does a request cost the load? CPU per request of FastHttpUser over LeanHttpUser's.

    python benchmarks/load_client.py
    python benchmarks/load_client.py --rounds 20 --users 32

Both users send the same counted requests to one small server, in load processes as tsprof starts
them, and take turns. Counted is the CPU time of the load process alone (schedstat), because the
server shares the machine. Printed is the median over rounds of the ratio within each round, with
its 95 % interval (bootstrap over rounds). wrk, where it is installed, shows what C needs, and
whether the server fails requests.
"""

import argparse
import asyncio
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httptools
from tabulate import tabulate

from tsprof.load.client import LoadProcess
from tsprof.load.messages import LoadLost, Quiet
from tsprof.load.spec import LoadSpec
from tsprof.supervisor.launch import free_port

USERS = ("FastHttpUser", "LeanHttpUser")
LOCUSTFILE = """
from locust import FastHttpUser, constant, task
from tsprof.load import LeanHttpUser

class User({user}):
    wait_time = constant(0)

    @task
    def status(self):
        self.client.get("/status")
"""
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: benchmark\r\n\r\n"
    b'{"status":"ok"}'
)
WARM_UP = 2000
WRK_SECONDS = 1


class Answering(asyncio.Protocol):
    """Answers every request alike."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to parse."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer."""
        self.transport.write(ANSWER)


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=5000, help="per round and user class")
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
        return
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        host = start_server(stack)
        loads = {user: start_load(user, host, options.users, scratch, stack) for user in USERS}
        for load in loads.values():
            segment(load, WARM_UP)
        costs: dict[str, list[float]] = {user: [] for user in USERS}
        wrk: list[float] = []
        for number in range(options.rounds):
            for user in random.Random(number).sample(USERS, len(USERS)):
                costs[user].append(segment(loads[user], options.requests))
            if shutil.which("wrk"):
                wrk.append(run_wrk(host, options.users))
            print(f"round {number + 1}/{options.rounds}", file=sys.stderr)
    report(costs, wrk)


def start_server(stack: ExitStack) -> str:
    """Start the server in a process of its own; return its URL."""
    port = free_port()
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(port)])
    stack.callback(server.wait)
    stack.callback(server.terminate)
    return f"http://127.0.0.1:{port}"


def start_load(user: str, host: str, users: int, scratch: Path, stack: ExitStack) -> LoadProcess:
    """Start a load of one user class."""
    path = scratch / f"{user.lower()}.py"
    path.write_text(LOCUSTFILE.format(user=user), encoding="utf-8")
    load = LoadProcess.start(LoadSpec(host, users, path), path.with_suffix(".log"))
    stack.callback(load.stop)
    return load


def segment(load: LoadProcess, requests: int) -> float:
    """Send counted requests; return the load's microseconds of CPU for each."""
    before = cpu_seconds(load.pid)
    load.open_gate(requests)
    while True:
        for event in load.poll(1.0):
            if isinstance(event, LoadLost):
                raise SystemExit(event.reason)
            if isinstance(event, Quiet):
                if event.failures:
                    raise SystemExit(f"{event.failures} failures: {load.failure_samples}")
                return 1e6 * (cpu_seconds(load.pid) - before) / requests


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads of a process, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def run_wrk(host: str, users: int) -> float:
    """Run wrk; return its microseconds of CPU for each request."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["wrk", "-t1", f"-c{users}", f"-d{WRK_SECONDS}s", f"{host}/status"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "Non-2xx" in output or "Socket errors" in output:
        print(f"wrk saw failures:\n{output}", file=sys.stderr)
    counted = re.search(r"(\d+) requests in", output)
    assert counted
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1e6 * seconds / int(counted[1])


def report(costs: dict[str, list[float]], wrk: list[float]) -> None:
    """Print the table and the ratio."""
    clients = costs | ({"wrk": wrk} if wrk else {})
    rows = [
        {
            "client": client,
            "CPU per request (us)": f"{statistics.median(values):.1f}",
            "requests per second of CPU": f"{1e6 / statistics.median(values):,.0f}",
        }
        for client, values in clients.items()
    ]
    print(tabulate(rows, headers="keys"))
    if not wrk:
        print("wrk is not installed (Debian: apt-get install wrk), so it is not in the table.")
    ratios = [a / b for a, b in zip(*costs.values(), strict=True)]
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2000))
    print(
        f"FastHttpUser over LeanHttpUser: {statistics.median(ratios):.2f}"
        f" (95 % interval {medians[49]:.2f} to {medians[1949]:.2f})"
    )


if __name__ == "__main__":
    main()
