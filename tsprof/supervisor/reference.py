"""The second target of a comparison: a run of its own, in a folder of the run that compares."""

from contextlib import suppress
from pathlib import Path

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.config import Settings
from tsprof.errors import NotReadyError, StoreError, UsageError
from tsprof.store.runs import TARGET_LOG
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.equip import Beginning, equip, open_database
from tsprof.supervisor.plan import Plan


def equip_reference(plan: Plan, settings: Settings, folder: Path, beginning: Beginning) -> Engine:
    """Bring the reference up with a load of its own, and return its engine, which shows nothing.

    Args:
        plan: of the run.
        settings: of the run; the reference is not held to its criteria.
        folder: to create, for the reference's database and logs.
        beginning: what the run has.

    Raises:
        As ``equip``; what went wrong is said of the reference.
    """
    own = settings.model_copy(
        update={
            "target": settings.target.model_copy(
                update={
                    "command": settings.compare.reference,
                    "cwd": settings.compare.reference_cwd or settings.target.cwd,
                }
            ),
            "criteria": {},
            "load": settings.load.model_copy(update={"locust_ui": None}),  # it shows the target's
        }
    )
    try:
        folder.mkdir()
    except OSError as error:
        raise StoreError(f"{folder} cannot be created: {error.strerror}") from error
    allowances = Allowances(today=beginning.started.date())
    database = open_database(plan, own, folder, allowances, beginning)
    try:
        return equip(plan, own, folder, database, beginning, show=lambda _: None)
    except NotReadyError as error:
        with suppress(OSError):  # it is this log that the user will want to read
            (folder / TARGET_LOG).replace(folder.parent / TARGET_LOG)
        raise NotReadyError(f"the reference, as the target: {error}", hint=error.hint) from error
    except UsageError as error:
        where = "see --reference, or reference under [compare]"
        raise UsageError(f"the reference, as the target: {error}", hint=where) from error
