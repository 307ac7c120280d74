"""Jobs made of steps that know their job; a job strikes itself off the list when it is freed."""

from collections.abc import Callable, Iterable

open_jobs: dict[int, "Job"] = {}


class Step:
    """One step of a job."""

    def __init__(self, job: "Job", name: str) -> None:
        """Belong to a job."""
        self.job = job
        self.name = name


class Job:
    """Something to be done."""

    def __init__(self, query: str) -> None:
        """Plan the steps, and put the job on the list."""
        self.steps = [Step(self, f"{name} {query}") for name in ("fetch", "store")]
        open_jobs[id(self)] = self

    def __del__(self) -> None:
        """Strike the job off the list. The list keeps it from ever being freed."""
        open_jobs.pop(id(self), None)

    def run(self) -> bytes:
        """Do all steps."""
        return b", ".join(step.name.encode() for step in self.steps)


def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Run a job."""
    answer = Job(environ["QUERY_STRING"]).run()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
