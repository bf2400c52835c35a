"""Work done later, by a worker, from rows in the same database (procrastinate).

``enqueue`` writes the job in the open transaction: it exists exactly when the change that needs it does. A job function is
an edge like a view: it owns its own ``transaction()``.
"""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import procrastinate
from procrastinate.tasks import Task
from sqlalchemy import text

from marketplace.kernel.db import db

queue = procrastinate.App(connector=procrastinate.PsycopgConnector())


class _Surroundings:
    """What a job runs inside of; the worker sets it to the application's context."""

    enter: Callable[[], AbstractContextManager[Any]] = staticmethod(nullcontext)


def run_jobs_inside(enter: Callable[[], AbstractContextManager[Any]]) -> None:
    """Tell the worker's process what each job must be surrounded with."""
    _Surroundings.enter = staticmethod(enter)


def job(name: str, *, every: str | None = None, lock: str | None = None) -> Callable[[Callable[..., Any]], Task[Any, Any, Any]]:
    """Make a function a job.

    Parameters
    ----------
    name : str
        The job's lasting name: queued rows carry it across releases.
    every : str, optional
        A cron expression in UTC; the job then takes one argument, the moment in Unix seconds.
    lock : str, optional
        Jobs with the same lock never run at the same time, and one that waits is not queued twice.
    """

    def register(function: Callable[..., Any]) -> Task[Any, Any, Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with _Surroundings.enter():
                return function(*args, **kwargs)

        task = queue.task(name=name, lock=lock, queueing_lock=lock)(run)
        return queue.periodic(cron=every)(task) if every else task

    return register


def enqueue(task: Task[Any, Any, Any], **arguments: Any) -> None:
    """Queue a job in the open transaction. One that already waits under the same lock is not queued again."""
    savepoint = db.session.begin_nested()
    connection = db.session.connection().connection.driver_connection
    try:
        task.configure(connection=connection).defer(**arguments)
    except procrastinate.exceptions.AlreadyEnqueued:
        savepoint.rollback()
    else:
        savepoint.commit()


@queue.periodic(cron="* * * * *")
@queue.task(name="jobs.requeue_stalled", queueing_lock="jobs.requeue_stalled", pass_context=True)
async def requeue_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
    """Queue again what a worker that died was doing; it would otherwise keep its lock for ever.

    A worker counts as dead when its heartbeat has stopped. Should it be alive after all, the job runs twice, so every job takes
    only what nobody else holds.
    """
    manager = context.app.job_manager
    for stalled in await manager.get_stalled_jobs():
        await manager.retry_job(stalled)


def waiting_jobs() -> int:
    """How many jobs wait for a worker now; those planned for later are not among them."""
    return int(
        db.session.scalar(
            text(
                "SELECT count(*) FROM procrastinate_jobs"
                " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())"
            )
        )
        or 0
    )


def is_waiting(task: Task[Any, Any, Any]) -> bool:
    """Whether a job of this kind waits for a worker."""
    statement = text("SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :name)")
    return bool(db.session.scalar(statement, {"name": task.name}))
