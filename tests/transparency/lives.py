"""A life for ``tests.orders.test_faults``: the log is added to and signed, the process dies somewhere, the jobs go round."""

from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select

from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db
from marketplace.ledger.models import Transfer
from marketplace.transparency.checking import check_books
from marketplace.transparency.jobs import sign_head_now
from marketplace.transparency.models import LogLeaf, TreeHead
from marketplace.transparency.queries import newest_head
from tests.orders.purchases import Basket, buy
from tests.payments.double import Double


def keep_the_log(basket: Basket, double: Double, now: datetime) -> None:
    """Something is bought, and the log takes it in and is signed."""
    buy(basket, double, now)
    sign_head_now(now=_next_night(now))


LIVES = {"keep_the_log": keep_the_log}


def _next_night(now: datetime) -> datetime:
    """Half an hour into the first day that has no head yet, whatever other lives have signed."""
    head = newest_head()
    db.session.rollback()
    return now if head is None else day_start(head.day + timedelta(days=1)) + timedelta(minutes=30)


def go_round(now: datetime) -> None:
    """The job runs again, for the same day if it had not been signed."""
    sign_head_now(now=_next_night(now))


def log_faults(basket: Basket) -> list[str]:
    """Everything that is wrong with the log; empty when each row is in it once and its heads are whole."""
    books = check_books()
    found = [books.fault] if books.fault is not None else []
    for kind, model in (("transfer", Transfer), ("audit_event", AuditEvent)):
        rows = db.session.scalar(select(func.count()).select_from(model))
        leaves = db.session.scalar(select(func.count()).select_from(LogLeaf).where(LogLeaf.kind == kind))
        if rows != leaves:
            found.append(f"{rows} rows of {kind} and {leaves} leaves")
    days = db.session.scalars(select(TreeHead.day).order_by(TreeHead.id)).all()
    if any(later - earlier != timedelta(days=1) for earlier, later in pairwise(days)):
        found.append(f"heads of {days}")
    head = newest_head()
    if head is None or head.size != books.leaves:
        found.append("the newest head is not over the whole log")
    return found
