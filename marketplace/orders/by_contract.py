"""Orders that a contract brought about: weighed and graded when they arrive, and paid for as far as they were found good.

Only accepted goods are owed. What was refused is taken off the amount due before anybody pays, and goes back to its farm or is
written off; what never arrived is written off. An order of which nothing was accepted is cancelled, because nothing was sold.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import ColumnElement, exists, select

from marketplace.catalogue.write_offs import write_off
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.orders.astray import make_good
from marketplace.orders.claim_moves import left_of_line
from marketplace.orders.dues import lower_amount_due
from marketplace.orders.models import Order, OrderGroup, OrderLine, ReturnedGoods
from marketplace.orders.notices import NoticeKind, give_notice
from marketplace.orders.preorders import check_harvested, missing_fen, price_of_part
from marketplace.orders.refunds import close_repaid
from marketplace.orders.service import lock_order, move_on
from marketplace.orders.states import OrderAction, OrderState
from marketplace.payments.models import Payment, PaymentMethod
from marketplace.payments.queries import get_payment_for

_THOUSANDTH = Decimal("0.001")


def is_by_contract() -> ColumnElement[bool]:
    """The condition that an order is paid after it was found good."""
    return exists().where(OrderGroup.id == Order.group_id, OrderGroup.payment_method == PaymentMethod.AFTER_ACCEPTANCE)


def grams_of(order: Order) -> int:
    """What an order is to bring, in grams, without what was known before not to come."""
    return int(sum((line.quantity - line.missing) * line.unit_grams for line in order.lines))


def lock_by_contract(order_public_id: str) -> tuple[Payment, Order, OrderGroup]:
    """An order of a contract with its payment and purchase, locked in the order of all who change a purchase."""
    group_id = db.session.scalars(
        select(OrderGroup.public_id)
        .join(Order, Order.group_id == OrderGroup.id)
        .where(Order.public_id == order_public_id, OrderGroup.payment_method == PaymentMethod.AFTER_ACCEPTANCE)
    ).one()
    payment = get_payment_for("order_group", group_id, lock=True)
    order, group = lock_order(order_public_id)
    return payment, order, group


def take_in(order_public_id: str, accepted_g: int, refused_g: int, *, goes_back: bool, actor: str, now: datetime) -> OrderState:
    """Accept so many grams of an order and refuse others; answers how the order ended, ``accepted`` or ``cancelled``.

    Parameters
    ----------
    accepted_g, refused_g : int
        Of what was weighed. What of the order is in neither did not arrive.
    goes_back : bool
        Whether refused goods travel back to their farm, which looks at them; else they are written off.

    Raises
    ------
    Invalid
        ``more_than_ordered`` when more is accepted than the order is to bring.
    Conflict
        ``order_state`` when it has ended otherwise, ``not_harvested_yet``.
    """
    payment, order, group = lock_by_contract(order_public_id)
    check_grams(order, accepted_g)
    if order.state == OrderState.PLACED:
        # It is here, whatever its farm has forgotten to say.
        check_harvested(order)
        move_on(order, group, OrderAction.SHIP, actor=actor, now=now)
    if not accepted_g:
        if order.state not in (OrderState.SHIPPED, OrderState.DELIVERED):
            raise Conflict("order_state", N_("This order can no longer be changed that way."))
        make_good(order, group, payment, came_back=goes_back and refused_g > 0, actor=actor, now=now)
        step("acceptance.refused_whole")
        return OrderState(order.state)
    lacking_g = grams_of(order) - accepted_g
    if lacking_g:
        _take_off(payment, order, group, lacking_g, refused_g if goes_back else 0, now)
    move_on(order, group, OrderAction.ACCEPT, actor=actor, now=now)
    data = {"accepted_g": accepted_g, "refused_g": refused_g}
    audit.record("order.taken_in", "order", order.public_id, actor=actor, at=now, **data)
    step("acceptance.taken_in")
    return OrderState(order.state)


def check_grams(order: Order, accepted_g: int) -> None:
    """Refuse to accept more of an order than it is to bring."""
    most_g = grams_of(order)
    if not 0 <= accepted_g <= most_g:
        raise Invalid(
            "more_than_ordered",
            N_("No more can be accepted than was ordered, which is %(most)s g. Please refuse the rest."),
            most=most_g,
        )


def _take_off(payment: Payment, order: Order, group: OrderGroup, lacking_g: int, back_g: int, now: datetime) -> None:
    """Take what is not accepted off lines and amount due, the last line first; of it ``back_g`` travels back."""
    less_fen, lost = 0, {}
    for line in reversed(order.lines):
        there = line.quantity - line.missing
        line_g = min(lacking_g, int(there * line.unit_grams))
        if line_g == 0:
            continue
        own_back_g = min(back_g, line_g)
        lacking_g, back_g = lacking_g - line_g, back_g - own_back_g
        quantity = min(there, _quantity(line, line_g))
        back = min(quantity, _quantity(line, own_back_g))
        less_fen += min(price_of_part(line, line.missing + quantity) - missing_fen(line), left_of_line(line, order))
        line.missing += quantity
        line.uncharged += quantity
        if back:
            db.session.add(ReturnedGoods(line_id=line.id, quantity=back, came_back_at=now))
            give_notice(NoticeKind.CAME_BACK, order, order.public_id, to_seller=True, now=now)
        if quantity > back:
            lost[line.lot_id] = lost.get(line.lot_id, Decimal(0)) + quantity - back
    db.session.flush()
    write_off(lost, "order", order.public_id, now=now)
    if less_fen:
        lower_amount_due(payment, group, order, less_fen, now=now)


def _quantity(line: OrderLine, grams: int) -> Decimal:
    """Grams in a line's unit, to a thousandth."""
    return (Decimal(grams) / line.unit_grams).quantize(_THOUSANDTH, ROUND_HALF_UP)


def give_up(order_public_id: str, *, actor: str, now: datetime) -> bool:
    """Cancel an order of a contract that has not left and is not waited for any more; False when it has left or ended.

    Nothing is due for it, and its goods are on sale again.
    """
    payment, order, group = lock_by_contract(order_public_id)
    if order.state != OrderState.PLACED:
        return False
    left_fen = order.total_fen - order.refunded_fen
    if left_fen:
        lower_amount_due(payment, group, order, left_fen, now=now)
    close_repaid(payment, order, group, actor, now)
    step("contract.order_given_up")
    return True
