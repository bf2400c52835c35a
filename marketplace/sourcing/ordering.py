"""From a contract to orders: each delivery becomes a purchase of its own, with the shop's stock, shares and ways to travel.

Goods are taken a few days before a delivery's first day. A seller whose goods are not there has its part end as *failed*, with
the reason on record; the others' orders are placed all the same, because a kitchen would rather have nine tenths than nothing.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.service import Taken, take_stock
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db, lock_rows, savepoint, transaction
from marketplace.kernel.errors import N_, Conflict, DomainError
from marketplace.kernel.money import line_total_fen, split_fen
from marketplace.kernel.steps import step
from marketplace.orders.delivering import agree_on_orders
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.writing import SellersPart, order_line, write_purchase
from marketplace.payments.models import PaymentMethod
from marketplace.registry.queries import latest_revision
from marketplace.sourcing.accepting import finish_delivery
from marketplace.sourcing.answering import price_fen, sellable_grams
from marketplace.sourcing.contracting import lock_contract
from marketplace.sourcing.demands import CLOCK
from marketplace.sourcing.models import Contract, ContractDelivery, ContractPart, DeliveryPlace, DemandDelivery, PlanPart
from marketplace.sourcing.states import (
    PARTS,
    PLAN_PARTS,
    TIME_TO_COME,
    ContractState,
    PartAction,
    PartState,
    PlanPartAction,
    PlanPartState,
)

_log = logging.getLogger("marketplace.sourcing")

# Farms pack and parcels travel within this; earlier, goods would be kept from others for nothing.
LEAD = timedelta(days=5)


def place_due(*, now: datetime) -> int:
    """Place every delivery whose time has come, each in a transaction of its own; answers how many were placed."""
    with transaction():
        due = db.session.execute(
            select(Contract.public_id, DemandDelivery.id)
            .join(ContractDelivery, ContractDelivery.contract_id == Contract.id)
            .join(DemandDelivery, DemandDelivery.id == ContractDelivery.delivery_id)
            .where(
                Contract.state == ContractState.IN_FORCE,
                ContractDelivery.placed_at.is_(None),
                DemandDelivery.opens_on <= local_day(now + LEAD),
            )
            .order_by(DemandDelivery.opens_on, DemandDelivery.id)
        ).all()
    placed = 0
    for row in due:
        try:
            with transaction():
                placed += place_delivery(row.public_id, row.id, actor=CLOCK, now=now)
            step("contract.delivery_committed")
        except DomainError as error:
            _log.warning("delivery %s of contract %s is not placed: %s", row.id, row.public_id, error)
        except Exception:
            # One that cannot be placed for whatever reason holds up none of the others.
            _log.exception("delivery %s of contract %s is not placed", row.id, row.public_id)
    return placed


def place_delivery(contract_public_id: str, delivery_id: int, *, actor: str, now: datetime) -> bool:
    """Place the orders of one delivery of a contract in force; False when that was done before.

    Raises
    ------
    Conflict
        ``not_in_force``.
    """
    contract = lock_contract(contract_public_id)
    if contract.state not in (ContractState.IN_FORCE, ContractState.FULFILLED):
        raise Conflict("not_in_force", N_("This contract is not in force."))
    row = db.session.get_one(ContractDelivery, (contract.id, delivery_id), with_for_update=True, populate_existing=True)
    if row.placed_at is not None:
        return False
    place = contract.demand.place
    wanted = [part for part in contract.parts if part.delivery_id == delivery_id and part.state == PartState.AGREED]
    wanted.sort(key=lambda part: (part.listing_id, part.id))
    # All at once and in the order of their ids, as whoever else takes several.
    lock_rows(Listing, [part.listing_id for part in wanted])
    group = _group(contract, place, now)
    taken = [(part, lines) for part in wanted if (lines := _take(part, group, place, now)) is not None]
    row.placed_at = now
    if taken:
        _write(group, row, taken, place, actor, now)
    db.session.flush()
    finish_delivery(contract, delivery_id, now=now)
    data = {"delivery": row.delivery.number, "orders": len(taken), "failed": len(wanted) - len(taken)}
    audit.record("contract.delivery_placed", "contract", contract.public_id, actor=actor, at=now, **data)
    step("contract.delivery_placed")
    return True


def _group(contract: Contract, place: DeliveryPlace, now: datetime) -> OrderGroup:
    # In the name of whoever has put the contract in force, on which the table insists.
    return OrderGroup(
        public_id=ids.public_id(),
        reference=ids.reference("NQ", local_day(now)),
        account_id=contract.approved_by_id,
        payment_method=PaymentMethod.AFTER_ACCEPTANCE,
        placed_at=now,
        recipient=place.recipient,
        phone=place.phone,
        area_code=place.area_code,
        address=place.address,
    )


def _take(part: ContractPart, group: OrderGroup, place: DeliveryPlace, now: datetime) -> list[OrderLine] | None:
    """Take a part's goods; None, with the reason on the part, where that cannot be done and nothing was taken."""
    listing, producer = db.session.get_one(Listing, part.listing_id), db.session.get_one(Producer, part.producer_id)
    grams = sellable_grams(listing.unit, listing.unit_grams, part.grams)
    if not grams:
        return _fail(part, "unit_changed", now)
    try:
        with savepoint():
            quantity = Decimal(grams) / listing.unit_grams
            taken = take_stock({listing.id: quantity}, "order_group", group.public_id, now=now)[listing.id]
            lines = _lines(part, listing, producer, taken, grams)
            # Whether it can travel there at all is found out here, where only this part pays for it.
            agree_on_orders({part.producer_id: lines}, place.area_code, {}, now=now)
    except DomainError as error:
        return _fail(part, error.code, now)
    return lines


def _lines(part: ContractPart, listing: Listing, producer: Producer, taken: Sequence[Taken], grams: int) -> list[OrderLine]:
    """One line for each lot, whose prices sum to what was agreed for the whole."""
    total_fen = part.total_fen if grams == part.grams else max(1, price_fen(part.fen_kg, grams))
    unit_fen = max(1, line_total_fen(part.fen_kg, Decimal(listing.unit_grams) / 1000))
    parts_fen = split_fen(total_fen, {one.lot_id: int(one.quantity * 1000) for one in taken})
    revision = latest_revision()
    return [
        order_line(listing, producer, one, price_fen=unit_fen, total_fen=parts_fen[one.lot_id], revision=revision)
        for one in taken
    ]


def _fail(part: ContractPart, reason: str, now: datetime) -> None:
    part.state = PARTS.next_state(PartState(part.state), PartAction.FAIL) or part.state
    part.reason, part.due_at = reason, None
    db.session.flush()
    audit.record("contract_part.failed", "contract_part", part.public_id, actor=CLOCK, at=now, reason=reason)


def _write(
    group: OrderGroup,
    row: ContractDelivery,
    taken: Sequence[tuple[ContractPart, list[OrderLine]]],
    place: DeliveryPlace,
    actor: str,
    now: datetime,
) -> None:
    """Write the purchase. A seller with two parts has two parcels, each agreed on in a round of its own."""
    left, parts, written = list(taken), [], []
    while left:
        round_of: dict[int, tuple[ContractPart, list[OrderLine]]] = {}
        for one in left:
            round_of.setdefault(one[0].producer_id, one)
        agreed = agree_on_orders({key: lines for key, (_, lines) in round_of.items()}, place.area_code, {}, now=now)
        for key, (part, lines) in round_of.items():
            written.append(part)
            parts.append(SellersPart(key, lines, agreed[key]))
        left = [one for one in left if one not in round_of.values()]
    step("contract.goods_taken")
    orders = write_purchase(group, parts, actor=actor, now=now)
    row.group_id = group.id
    closes_at = day_start(row.delivery.closes_on) + timedelta(days=1)
    for part, order in zip(written, orders, strict=True):
        _note_ordered(part, order, closes_at + TIME_TO_COME)


def _note_ordered(part: ContractPart, order: Order, due_at: datetime) -> None:
    part.order_id, part.due_at = order.id, due_at
    part.state = PARTS.next_state(PartState(part.state), PartAction.ORDER) or part.state
    if part.plan_part_id is not None:
        planned = db.session.get_one(PlanPart, part.plan_part_id, with_for_update=True)
        planned.state = PLAN_PARTS.next_state(PlanPartState(planned.state), PlanPartAction.ORDER) or planned.state
