"""What happens when a time is over: answers close, choices lapse, counter-offers end, silence counts, purchases are placed.

Called outside any transaction, each thing has one of its own; whatever a crash leaves is found by the next round.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, or_, select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.steps import step
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.sourcing import accepting, contracting, demands, quoting
from marketplace.sourcing.models import Contract, ContractPart, Demand, Quote
from marketplace.sourcing.ordering import place_due
from marketplace.sourcing.states import TIME_TO_WEIGH, ContractState, DemandState, PartState, QuoteState

_log = logging.getLogger("marketplace.sourcing")
_BATCH = 2_000


def go_on(*, now: datetime) -> int:
    """Do all that is due; answers how many things moved."""
    moved = _each(_due_demands(now), lambda name: demands.move_by_clock(demands.get_demand(name, lock=True), now=now))
    moved += _each(_due_quotes(now), lambda name: quoting.lapse(quoting.lock_quote(name), now=now))
    moved += _each(_due_contracts(now), lambda name: contracting.lapse(contracting.lock_contract(name), now=now))
    moved += place_due(now=now)
    moved += _each(_due_parts(now), lambda name: accepting.move_by_clock(accepting.lock_part(name), now=now))
    return moved


def _each(query: Select[tuple[str]], act: Callable[[str], bool]) -> int:
    """Do something with each thing by its public id, under its lock, in a transaction of its own."""
    with transaction():
        due: Sequence[str] = db.session.scalars(query.limit(_BATCH)).all()
    moved = 0
    for name in due:
        try:
            with transaction():
                moved += act(name)
                step("sourcing.moved")
            step("sourcing.committed")
        except DomainError as error:
            _log.warning("%s is not moved by the clock: %s", name, error)
        except Exception:
            # One that cannot be moved for whatever reason holds up none of the others.
            _log.exception("%s is not moved by the clock", name)
    return moved


def _due_demands(now: datetime) -> Select[tuple[str]]:
    waiting = Demand.state.in_((DemandState.OPEN, DemandState.CHOOSING))
    return select(Demand.public_id).where(waiting, Demand.due_at <= now).order_by(Demand.id)


def _due_quotes(now: datetime) -> Select[tuple[str]]:
    return select(Quote.public_id).where(Quote.state == QuoteState.COUNTERED, Quote.due_at <= now).order_by(Quote.id)


def _due_contracts(now: datetime) -> Select[tuple[str]]:
    waiting = Contract.state == ContractState.TO_APPROVE
    return select(Contract.public_id).where(waiting, Contract.due_at <= now).order_by(Contract.id)


def _due_parts(now: datetime) -> Select[tuple[str]]:
    """Parts whose time is over, whose goods have waited at the door for too long, or whose order has ended otherwise."""
    waiting = ContractPart.state.in_((PartState.ORDERED, PartState.WEIGHED, PartState.QUESTIONED))
    ordered = ContractPart.state == PartState.ORDERED
    unweighed = and_(ordered, Order.state == OrderState.DELIVERED, Order.delivered_at <= now - TIME_TO_WEIGH)
    cancelled = and_(ordered, Order.state == OrderState.CANCELLED)
    return (
        select(ContractPart.public_id)
        .join(Order, Order.id == ContractPart.order_id)
        .where(waiting, or_(ContractPart.due_at <= now, unweighed, cancelled))
        .order_by(ContractPart.id)
    )
