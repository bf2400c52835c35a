"""The database handle and the one transaction.

Services flush and never commit. A view, a command or a job owns one ``with transaction():``, which does not nest and rolls
back on any exception. What must wait for the commit (mail, cache) goes through ``after_commit``; jobs do not, they are rows
of the same transaction (``kernel.jobs``).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, select
from sqlalchemy.orm import DeclarativeBase

from marketplace.kernel import audit_chain


class Base(DeclarativeBase):
    """Every model. Constraint names follow from their columns, so a test can name the one it expects."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# A failed statement is logged without its parameters, which can be anything that anybody has entered.
db = SQLAlchemy(model_class=Base, engine_options={"pool_pre_ping": True, "hide_parameters": True})
Row = TypeVar("Row", bound=Base)


@contextmanager
def transaction() -> Iterator[None]:
    """Commit on leaving, roll back on any exception, then run what asked to wait for the commit.

    Raises
    ------
    RuntimeError
        When one is open already: a service must not open its own.
    """
    info = db.session().info
    if info.get("transaction_open"):
        raise RuntimeError("transaction() does not nest: a service must not open one")
    info.update(transaction_open=True, after_commit=[], audit_events=[])
    try:
        yield
        # The chain's lock is taken last and held for the commit alone, so audited work does not queue behind it.
        audit_chain.append(db.session(), info["audit_events"])
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        waiting, info["after_commit"] = info["after_commit"], []
        info.update(transaction_open=False, audit_events=[])
    for callback in waiting:
        callback()


@contextmanager
def savepoint() -> Iterator[None]:
    """A part of the open transaction that is undone alone, with the acts noted in it, when an exception leaves it."""
    info = db.session().info
    acts, waiting = len(info["audit_events"]), len(info["after_commit"])
    try:
        with db.session.begin_nested():
            yield
    except BaseException:
        del info["audit_events"][acts:], info["after_commit"][waiting:]
        raise


def after_commit(callback: Callable[[], Any]) -> None:
    """Run ``callback`` once the open transaction has been committed, and never if it is rolled back."""
    info = db.session().info
    if not info.get("transaction_open"):
        raise RuntimeError("after_commit() needs an open transaction()")
    info["after_commit"].append(callback)


def lock_rows(model: type[Row], row_ids: Sequence[int]) -> dict[int, Row]:
    """Read rows to be changed, locked in the order of their ids so that two callers cannot wait for each other.

    Returns
    -------
    dict of id to row
        Fresh values from the database; an id that does not exist is absent.
    """
    table: Any = model
    rows = db.session.scalars(
        select(model)
        .where(table.id.in_(sorted(set(row_ids))))
        .order_by(table.id)
        # Rows that only point to these (a line in a basket, an event) need not wait: nobody changes an id.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}  # type: ignore[attr-defined]
