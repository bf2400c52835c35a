"""Telling the programs of buyers and sellers what became of their orders."""

from collections.abc import Sequence
from datetime import datetime

from marketplace.orders.models import Order
from marketplace.webhooks.service import EVENTS, announce


def tell_programs(step: str, orders: Sequence[Order], now: datetime) -> None:
    """Announce a step of orders to the addresses of their buyer and their sellers, each order by itself."""
    kind = f"order.{step}"
    if kind not in EVENTS:
        return
    for order in orders:
        data = {
            "purchase": order.group.public_id,
            "order": order.public_id,
            "state": order.state,
            "total_fen": order.total_fen,
            "refunded_fen": order.refunded_fen,
        }
        people = {order.group.account_id, order.producer.account_id} - {None}
        announce(kind, people, data, now=now)
