"""Lives of a contract in committed transactions, for tests that cut them off somewhere; nothing of them is ever paid."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Lot, StockMovement
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order, OrderGroup, OrderLine, ReturnedGoods
from marketplace.payments.models import PaymentMethod
from marketplace.sourcing import accepting
from marketplace.sourcing.accepting import Found
from marketplace.sourcing.clock import go_on
from marketplace.sourcing.models import Contract, ContractDelivery, ContractPart
from marketplace.sourcing.ordering import place_due
from marketplace.sourcing.states import ENDED, ContractState
from tests.sourcing.world import DAY, HOUR, NOW, Canteen, Farm, contracted
from tests.stock import stock_of

# What each way to end leaves of an order.
_ORDER_OF = {"accepted": "accepted", "refused": "cancelled", "failed": "cancelled"}


def deliver_by_contract(*_: Any) -> None:
    """100 kg are ordered, 70 arrive good, 20 go back, and the farm agrees."""
    canteen, farm, part = _ordered()
    found = Found(90_000, 70_000, 20_000, refused_because="x")
    with transaction():
        accepting.weigh(canteen.receiver, part, found, now=NOW + 7 * DAY)
    with transaction():
        accepting.agree(farm.producer.id, part, actor="farmer", now=NOW + 8 * DAY)


def refuse_by_contract(*_: Any) -> None:
    """All of it is refused and stays at the buyer's; the farm says nothing."""
    canteen, _farm, part = _ordered()
    with transaction():
        found = Found(100_000, 0, 100_000, refused_because="x", goes_back=False)
        accepting.weigh(canteen.receiver, part, found, now=NOW + 7 * DAY)
    go_on(now=NOW + 11 * DAY)


def take_more_by_contract(*_: Any) -> None:
    """105 kg arrive where 100 were ordered, which is as agreed, and all of them are taken."""
    canteen, _farm, part = _ordered(tolerance_bp=500)
    with transaction():
        accepting.weigh(canteen.receiver, part, Found(105_000, 105_000), now=NOW + 7 * DAY)


def wait_in_vain(*_: Any) -> None:
    """The farm never sends it."""
    _ordered()
    go_on(now=NOW + 20 * DAY)


def _ordered(**other: Any) -> tuple[Canteen, Farm, str]:
    canteen, farm = Canteen(), Farm()
    contract = contracted(canteen, farm, **other).public_id
    place_due(now=NOW + 3 * DAY)
    query = select(ContractPart.public_id).join(Contract).where(Contract.public_id == contract)
    return canteen, farm, db.session.scalars(query).one()


LIVES = {life.__name__: life for life in (deliver_by_contract, refuse_by_contract, take_more_by_contract, wait_in_vain)}


def contract_faults() -> list[str]:
    """What is wrong when the clock has gone on after a cut; empty when every contract has ended and no goods are lost."""
    for days in (3, 11, 20, 40):
        go_on(now=NOW + timedelta(days=days) + HOUR)
    found = [
        f"a contract is {state}" for state in db.session.scalars(select(Contract.state)) if state != ContractState.FULFILLED
    ]
    parts = select(ContractPart.state, Order.state).outerjoin(Order, Order.id == ContractPart.order_id)
    for part, order in db.session.execute(parts):
        if part not in ENDED or _ORDER_OF[part] != order:
            found.append(f"a part is {part} and its order {order}")
    bought = select(func.count()).select_from(OrderGroup).filter_by(payment_method=PaymentMethod.AFTER_ACCEPTANCE)
    placed = select(func.count()).select_from(ContractDelivery).where(ContractDelivery.group_id.is_not(None))
    if db.session.scalar(bought) != db.session.scalar(placed):
        found.append("there are purchases that no delivery knows")
    return found + _goods_faults()


def _goods_faults() -> list[str]:
    found = []
    for listing_id in db.session.scalars(select(ContractPart.listing_id).distinct()):
        grown = _sum(
            select(func.sum(StockMovement.quantity))
            .join(Lot)
            .where(Lot.listing_id == listing_id, StockMovement.kind.in_(("harvest", "write_off")))
        )
        lines = select(func.sum(OrderLine.quantity - OrderLine.missing)).join(Order).where(OrderLine.listing_id == listing_id)
        sold = _sum(lines.where(Order.state != "cancelled"))
        back = select(func.sum(ReturnedGoods.quantity)).join(OrderLine).where(OrderLine.listing_id == listing_id)
        waiting = _sum(back.where(ReturnedGoods.checked_at.is_(None)))
        available = db.session.get_one(Listing, listing_id, populate_existing=True).available
        if available != grown - sold - waiting or stock_of(listing_id) != available:
            found.append(f"{available} available, {sold} sold and {waiting} back of {grown}")
    return found


def _sum(query: Any) -> Any:
    return db.session.scalar(query) or 0
