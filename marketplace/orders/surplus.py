"""More came than was ordered, and its buyer takes it: an order of its own in the same purchase.

What was ordered stays as it was written down, with its shares; so what came beside it is written down beside it. It is taken
out of the seller's stock like any sale, because goods that nobody has noted come from nowhere, and it is paid with the rest.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from marketplace.catalogue.models import Listing, ListingState, Producer
from marketplace.catalogue.service import take_stock
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict
from marketplace.kernel.money import split_fen
from marketplace.kernel.steps import step
from marketplace.orders.boxes import check_traceable
from marketplace.orders.by_contract import lock_by_contract
from marketplace.orders.delivering import Agreed
from marketplace.orders.dues import raise_amount_due
from marketplace.orders.models import Order
from marketplace.orders.preorders import check_harvested
from marketplace.orders.service import move_on
from marketplace.orders.states import OrderAction
from marketplace.orders.writing import SellersPart, add_orders, order_line
from marketplace.registry.queries import latest_revision

_THOUSANDTH = Decimal("0.001")


def take_surplus(order_public_id: str, surplus_g: int, total_fen: int, *, actor: str, now: datetime) -> Order | None:
    """Accept grams beyond an order of a contract, for an amount; freight was paid with the order itself.

    None where they come to nothing: less than a fen, or less than stock is counted in.

    Raises
    ------
    Conflict
        ``surplus_not_noted`` when the seller's stock has not so much, ``not_harvested_yet`` when it is a harvest to come; and
        where the goods cannot be sold or cannot leave, as any.
    """
    payment, order, group = lock_by_contract(order_public_id)
    listing = db.session.get_one(Listing, order.lines[0].listing_id)
    producer = db.session.get_one(Producer, order.producer_id)
    quantity = (Decimal(surplus_g) / listing.unit_grams).quantize(_THOUSANDTH, ROUND_HALF_UP)
    if not (quantity and total_fen):
        return None
    try:
        taken = take_stock({listing.id: quantity}, "order_group", group.public_id, now=now)[listing.id]
    except Conflict as error:
        if error.code != "sold_out" or listing.state != ListingState.ON_SALE:
            raise
        raise Conflict(
            "surplus_not_noted",
            N_("The farm has not noted so much of this harvest. Please refuse the surplus, or ask the farm to note it first."),
        ) from error
    parts_fen = split_fen(total_fen, {one.lot_id: int(one.quantity * 1000) for one in taken})
    revision, price_fen = latest_revision(), order.lines[0].price_fen
    lines = [
        order_line(listing, producer, one, price_fen=price_fen, total_fen=parts_fen[one.lot_id], revision=revision)
        for one in taken
    ]
    more = add_orders(group, [SellersPart(producer.id, lines, Agreed(0, None))])[0]
    raise_amount_due(payment, group, total_fen)
    check_harvested(more)
    check_traceable(more, now=now)
    move_on(more, group, OrderAction.SHIP, actor=actor, now=now)
    move_on(more, group, OrderAction.ACCEPT, actor=actor, now=now)
    data = {"surplus_g": surplus_g, "total_fen": total_fen, "of": order_public_id}
    audit.record("order.surplus_taken", "order", more.public_id, actor=actor, at=now, **data)
    step("acceptance.surplus_taken")
    return more
