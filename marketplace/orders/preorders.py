"""What holds for orders of a harvest to come: they are paid in advance, and leave when it is in."""

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import update

from marketplace.catalogue.models import Lot
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import OrderState
from marketplace.payments.models import PaymentMethod


def price_of_part(line: OrderLine, quantity: Decimal) -> int:
    """What a part of a line was charged, in fen, rounded down; of the whole line it is the whole price."""
    charged_fen = line.weighing.most_fen if line.weighing is not None else line.total_fen
    return int(charged_fen * quantity / line.quantity)


def missing_fen(line: OrderLine) -> int:
    """What of a line's price was given back or not charged, because it does not come."""
    return price_of_part(line, line.missing)


def uncharged_fen(line: OrderLine) -> int:
    """What of a line's price was never charged, because it was known not to come before anything was paid."""
    return price_of_part(line, line.uncharged)


def waits_for_harvest(line: OrderLine) -> bool:
    """Whether something of a line is still to be harvested and sent."""
    return line.expected and line.missing < line.quantity


def check_prepaid(lines: Iterable[OrderLine], method: PaymentMethod) -> None:
    """Refuse cash on delivery for a harvest to come: its grower plans by what has been paid for."""
    if method == PaymentMethod.CASH_ON_DELIVERY and any(line.expected for line in lines):
        raise Invalid(
            "preorder_prepaid", N_("What is still to be harvested is paid in advance. Please choose another way to pay.")
        )


def check_harvested(order: Order) -> None:
    """Refuse to ship what has not been confirmed as harvested."""
    waiting = [line for line in order.lines if waits_for_harvest(line)]
    if order.state == OrderState.PLACED and waiting:
        days = [line.harvested_on for line in waiting]
        raise Conflict(
            "not_harvested_yet", N_("This order waits for a harvest. Please confirm the harvest first."), expected_on=max(days)
        )


def note_harvest(lot: Lot) -> None:
    """Tell the orders of a ripe lot that owes nothing on which day it was picked; they can leave."""
    db.session.execute(
        update(OrderLine)
        .where(OrderLine.lot_id == lot.id, OrderLine.expected)
        .values(expected=False, harvested_on=lot.harvested_on)
        .execution_options(synchronize_session="fetch")
    )


def note_new_day(lot: Lot) -> None:
    """Tell the orders of a harvest to come its new day."""
    db.session.execute(
        update(OrderLine)
        .where(OrderLine.lot_id == lot.id, OrderLine.expected)
        .values(harvested_on=lot.harvested_on)
        .execution_options(synchronize_session="fetch")
    )
