"""Telling the programs of buyers and sellers what became of their orders."""

from marketplace.orders.models import Order
from marketplace.orders.news import Item, News
from marketplace.payments.models import GOODS_FIRST
from marketplace.webhooks.service import announce, endpoints_for

_EVENTS = {
    News.PLACED: "order.placed",
    News.PAID: "order.paid",
    News.SHIPPED: "order.shipped",
    News.ARRIVED: "order.delivered",
    News.CANCELLED: "order.cancelled",
    News.REFUNDED: "order.refunded",
}


def tell_programs(item: Item) -> None:
    """Announce news of a purchase to the addresses of its buyer and its sellers, each order by itself."""
    kind = _EVENTS.get(item.news)
    if kind is None:
        return
    orders = [item.order] if item.order is not None else item.group.orders
    people = {order.public_id: _people(item, order) for order in orders}
    endpoints = endpoints_for(kind, {one for own in people.values() for one in own})
    for order in orders if endpoints else ():
        data = {
            "purchase": item.group.public_id,
            "order": order.public_id,
            "state": order.state,
            "total_fen": order.total_fen,
            "refunded_fen": order.given_back_fen,
            "uncharged_fen": order.uncharged_fen,
        }
        own = [endpoint for endpoint in endpoints if endpoint.account_id in people[order.public_id]]
        announce(kind, own, data, now=item.at)


def _people(item: Item, order: Order) -> set[int]:
    """Whose programs hear of it. A seller's hear of an order once its money has come, or is to be paid at the door."""
    firm = item.group.paid_at is not None or item.group.payment_method in GOODS_FIRST
    seller = order.producer.account_id
    return {item.group.account_id} | ({seller} if firm and seller is not None else set())
