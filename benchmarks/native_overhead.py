"""What does the agent cost a native program? CPU per request, with it and without.

    python benchmarks/native_overhead.py
    python benchmarks/native_overhead.py --rounds 100 --only nginx

As `overhead.py`, on nginx (one worker; left out where it is not installed) and on a small C server
with a thread for each connection, which allocates for each request.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from overhead import ROOT, WARM_UP, Variant, row, segment, start
from tabulate import tabulate

from tsprof.load.spec import LoadSpec
from tsprof.supervisor import native_agent
from tsprof.supervisor.agents import Agents

SOURCE = ROOT / "tests/integration/targets/native_service.c"
LOAD = LoadSpec(host="http://127.0.0.1", users=4, paths=("/",))
NGINX = (
    "daemon off; error_log stderr; pid nginx.pid; events {} http { access_log off; "
    "client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; "
    'scgi_temp_path t; server { listen 127.0.0.1:{port}; location / { return 200 "ok"; } } }'
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--requests", type=int, default=4000, help="per round and variant")
    parser.add_argument("--only", choices=["nginx", "C server"], default="")
    options = parser.parse_args()
    rows = []
    with ExitStack() as stack:
        agents = stack.enter_context(Agents())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, commands in services(scratch).items():
            if options.only not in {"", name}:
                continue
            environment = agents.environment({})
            environment |= native_agent.environment(os.environ, native_agent.library())
            plain = Variant(name, commands[0])
            measured = Variant(f"{name} with the agent", commands[1], environment)
            for variant in (plain, measured):
                start(variant, scratch, stack, LOAD)
                segment(variant, WARM_UP)
            assert agents.connected(), "no agent is in the service"
            for number in range(options.rounds):
                for variant in random.Random(number).sample((plain, measured), 2):
                    variant.cpu.append(segment(variant, options.requests) / options.requests)
                print(f"{name}: round {number + 1}/{options.rounds}", file=sys.stderr)
            rows += [row(variant, plain) for variant in (plain, measured)]
    print(tabulate(rows, headers="keys"))


def services(scratch: Path) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the commands of each service, without the agent and with it."""
    program = scratch / "service"
    subprocess.run(["cc", "-O2", "-pthread", SOURCE, "-o", program], check=True)
    found = {"C server": ((str(program), "{port}", "clean"),) * 2}
    if shutil.which("nginx"):
        folders = (scratch / "plain", scratch / "measured")
        for folder in folders:
            folder.mkdir()
        shell = 'printf "%s" "$1" > "$0/nginx.conf"; exec nginx -p "$0" -c nginx.conf'
        plain, measured = (("sh", "-c", shell, str(folder), NGINX) for folder in folders)
        found["nginx"] = (plain, measured)
    return found


if __name__ == "__main__":
    main()
