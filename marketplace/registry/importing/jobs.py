"""Writing imports, household by household, and forgetting those that nobody ran."""

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import enqueue, job
from marketplace.kernel.steps import step
from marketplace.registry.importing.running import drop_import, plan_of, running_imports, stale_imports, write_next
from marketplace.registry.models import FileImport


def run_import(import_id: int) -> None:
    """Write what is left of an import."""
    plan = plan_of(db.session.get_one(FileImport, import_id))
    db.session.rollback()
    more = True
    while more:
        with transaction():
            more = write_next(import_id, plan, now=clock.now())
        step("import.committed")


@job("registry.run_import")
def run_import_job(import_id: int) -> None:
    """Queued when an officer says so. Run twice at once, each household is still written once."""
    run_import(import_id)


@job("registry.watch_imports", every="17 * * * *", lock="registry.watch_imports")
def watch_imports_job(timestamp: int) -> None:
    """Take up imports whose job has failed, and forget the rows of those that were checked and left."""
    now = clock.now()
    with transaction():
        for import_id in running_imports():
            enqueue(run_import_job, import_id=import_id)
        for found in stale_imports(now):
            drop_import(found, by="watch", now=now)
