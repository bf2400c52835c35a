"""Weighing goods when they are packed: the most was charged, what they weigh is paid, the rest goes back.

An order is weighed once. The rest is given back at once, and what is on its way to a buyer's bank cannot be asked back: a
second, heavier figure would need a payment that nobody has agreed to, and a second, lighter one is a refund like any other,
which the operator decides. So the same figures sent again change nothing and other figures are refused.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.catalogue.catch_weight import price_of_weight
from marketplace.kernel import audit
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.collecting import send_refunds
from marketplace.orders.dues import lower_amount_due
from marketplace.orders.following import tell_booked
from marketplace.orders.models import Order, OrderGroup, OrderLine, Weighing
from marketplace.orders.news import News, tell
from marketplace.orders.preorders import check_harvested, missing_fen
from marketplace.orders.refunds import close_repaid, promise_back
from marketplace.orders.service import lock_order
from marketplace.orders.states import OrderState
from marketplace.orders.weights import lines_by_weight
from marketplace.payments.models import Payment, PaymentMethod, RefundReason
from marketplace.payments.queries import get_payment_for
from marketplace.payments.states import PaymentState


class WeightIsLight(Conflict):
    """Less than the lightest there can be was weighed: a slip of the hand, or a small animal. A person has to say which."""


def weigh_and_give_back(
    order_id: str,
    producer_id: int,
    grams: Mapping[str, int],
    *,
    light_is_right: bool = False,
    actor: str,
    now: datetime,
    within: Callable[[], AbstractContextManager[Any]] = transaction,
) -> int:
    """Weigh an order in a transaction of its own and have the rest sent back; see ``weigh_order``.

    ``within`` opens that transaction, for a caller that has more to check or to note inside it.
    """
    with within():
        given_back_fen, payment_id = weigh_order(
            order_id, producer_id, grams, light_is_right=light_is_right, actor=actor, now=now
        )
    step("weighing.committed")
    if given_back_fen:
        send_refunds(payment_id, now=now)
    return given_back_fen


def weigh_order(
    order_id: str, producer_id: int, grams: Mapping[str, int], *, light_is_right: bool = False, actor: str, now: datetime
) -> tuple[int, str]:
    """Note what the goods of a producer's own order weigh, and promise back what was charged beyond that.

    Of an order that has not been paid the amount due falls instead. An order of which the operator had given back the rest is
    cancelled: nobody packs what has been paid back. Line totals and benefit follow the weight; the service's
    fee and the producer's part follow as after any refund.

    Parameters
    ----------
    grams : mapping of a weighing's public id to int
        All of the line's pieces together, for every line of the order that is weighed.
    light_is_right : bool
        Whether somebody has looked again at what is lighter than it should be.

    Returns
    -------
    tuple of (int, str)
        By how many fen the order became cheaper, 0 when the same had been noted before; the payment's public id.

    Raises
    ------
    NotFound
        When the order is not this producer's.
    Invalid
        ``weights_incomplete``; ``weight_range`` for what weighs nothing or more than was paid for.
    Conflict
        ``weight_light``, ``weighed_already`` with other figures, ``nothing_to_weigh``, ``not_paid_yet`` for an online payment
        that has not come, ``not_harvested_yet``, ``order_state`` when the order has left or was cancelled.
    """
    payment = _lock_payment(order_id)
    order, group = lock_order(order_id, producer_id=producer_id)
    weighings = _lock_weighings(order)
    if not weighings:
        raise Conflict("nothing_to_weigh", N_("Nothing of this order is sold by weight when packed."))
    if {row.public_id for row in weighings} != grams.keys():
        raise Invalid("weights_incomplete", N_("Please give one weight for each line."))
    if all(row.grams == grams[row.public_id] for row in weighings):
        return 0, payment.public_id
    _check_may_weigh(order, payment, weighings)
    for row in weighings:
        _check_grams(row, grams[row.public_id], light_is_right)
    less_fen = 0
    for row in weighings:
        less_fen += _apply_weight(row, grams[row.public_id], order.total_fen - order.refunded_fen - less_fen, now)
    db.session.flush()
    step("weighing.weights_written")
    if less_fen and payment.state == PaymentState.PAID:
        promise_back(payment, order, less_fen, RefundReason.WEIGHED, now=now)
        tell(News.REFUNDED, group, order, amount_fen=less_fen, now=now)
    elif less_fen:
        lower_amount_due(payment, group, order, less_fen, now=now)
    close_repaid(payment, order, group, actor, now)
    db.session.flush()
    data = {"grams": {row.public_id: row.grams for row in weighings}, "less_fen": less_fen}
    audit.record("order.weighed", "order", order.public_id, actor=actor, at=now, **data)
    if group.paid_at is not None:
        # The day on which it was paid has sold a little less.
        tell_booked(group.paid_at)
    step("weighing.money_moved")
    return less_fen, payment.public_id


def _lock_payment(order_id: str) -> Payment:
    """The payment first, as everywhere, so that a message of the provider and this cannot wait for each other."""
    group_id = db.session.scalar(select(OrderGroup.public_id).join(Order).where(Order.public_id == order_id))
    if group_id is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return get_payment_for("order_group", group_id, lock=True)


def _lock_weighings(order: Order) -> Sequence[Weighing]:
    """An order's weighings by line, fresh: of two who weigh at once the second finds what the first has found."""
    # A harvest may have made it smaller since its lines were read.
    db.session.scalars(select(OrderLine).filter_by(order_id=order.id).execution_options(populate_existing=True)).all()
    return db.session.scalars(
        select(Weighing)
        .where(Weighing.line_id.in_([line.id for line in lines_by_weight(order)]))
        .order_by(Weighing.line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _check_may_weigh(order: Order, payment: Payment, weighings: Sequence[Weighing]) -> None:
    if any(row.grams is not None for row in weighings):
        raise Conflict(
            "weighed_already",
            N_("This order has been weighed and the rest given back. If a figure was wrong, please call the operator."),
        )
    if order.state != OrderState.PLACED:
        raise Conflict("order_state", N_("This order can no longer be changed that way."))
    # How much of it there is to weigh is settled by then.
    check_harvested(order)
    # A page on which the most is being paid cannot be told another amount.
    if payment.method == PaymentMethod.ONLINE and payment.state != PaymentState.PAID:
        raise Conflict("not_paid_yet", N_("Please wait with weighing until the payment has been confirmed."))


def _check_grams(row: Weighing, grams: int, light_is_right: bool) -> None:
    line = row.line
    titles = {"title": line.title_zh, "title_zh": line.title_zh, "title_en": line.title_en, "line": row.public_id}
    if not 0 < grams <= row.most_grams:
        raise Invalid(
            "weight_range",
            N_("%(title)s: the weight must be more than 0 g and at most %(most)s g, for which the buyer has paid."),
            most=row.most_grams,
            **titles,
        )
    if grams < row.least_grams and not light_is_right:
        raise WeightIsLight(
            "weight_light",
            N_("%(title)s: that is lighter than the %(least)s g it should weigh at least. Please look at the scales again."),
            least=row.least_grams,
            **titles,
        )


def _apply_weight(row: Weighing, grams: int, left_fen: int, now: datetime) -> int:
    """Write a weight and what follows for its line; answers by how many fen it is cheaper.

    What was given back before, of what did not grow, for a claim or as the operator decided, is not given back again: the line
    becomes cheaper by no more than it and its order (``left_fen``) have left.
    """
    line = row.line
    row.grams, row.weighed_at = grams, now
    own_fen = row.most_fen - missing_fen(line)
    less_fen = own_fen - price_of_weight(row.unit, row.price_fen, grams)
    less_fen = max(0, min(less_fen, own_fen - line.refunded_fen, left_fen))
    line.total_fen = row.most_fen - less_fen
    # Rounded down: a badge never promises more than there is.
    line.benefit_fen = line.benefit_fen * line.total_fen // row.most_fen
    return less_fen
