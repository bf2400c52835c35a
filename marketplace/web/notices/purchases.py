"""What buyers and sellers are told of a purchase."""

from collections.abc import Sequence

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND
from marketplace.identity.mandates import mandates_over
from marketplace.identity.models import Account, MandateState, Scope
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.news import Item, News
from marketplace.payments.models import GOODS_FIRST
from marketplace.web.filters import yuan
from marketplace.web.languages import pick
from marketplace.web.notices.sending import Notice, reader_of_account, reader_of_producer, readers_of_sellers, send
from marketplace.web.outside import outside_url

_BUYERS = {
    News.PLACED: (N_("We have your order"), N_("Order %(reference)s is placed: %(amount)s.")),
    News.PAID: (N_("Your payment has arrived"), N_("Order %(reference)s is paid: %(amount)s. The farms are packing.")),
    News.SHIPPED: (N_("On its way"), N_("%(title)s of order %(reference)s is on its way to you.")),
    News.ARRIVED: (N_("It has arrived"), N_("%(title)s of order %(reference)s has arrived. Enjoy!")),
    News.CANCELLED: (N_("Your order is cancelled"), N_("Order %(reference)s is cancelled.")),
    News.LESS: (N_("Less to pay"), N_("%(title)s of order %(reference)s: not all of it grew. You pay %(amount)s now.")),
    News.UNAPPLIED: (
        N_("A transfer that is not needed"),
        N_("%(amount)s has arrived for order %(reference)s, which needs no payment. We send it back to you."),
    ),
    News.REFUNDED: (N_("Money back"), N_("%(amount)s of order %(reference)s goes back to you.")),
}
_CANCELLED_PART = N_("%(title)s of order %(reference)s is cancelled; %(amount)s goes back to you.")
# Nothing was paid for it, or all of that went back before.
_CANCELLED_PART_FOR_NOTHING = N_("%(title)s of order %(reference)s is cancelled. You pay nothing for it.")


def tell_news(item: Item) -> None:
    """Tell buyer and seller, in the transaction of what has happened."""
    if item.news is not News.SETTLED:
        _tell_buyer(item)
    if _is_firm(item):
        _tell_sellers(item)
    if item.news is News.SETTLED and item.order is not None:
        _tell_settled(item.order, item)


def _is_firm(item: Item) -> bool:
    """A seller hears of an order when its money has come, or when the goods leave before it; never before."""
    if item.group.payment_method in GOODS_FIRST:
        return item.news is News.PLACED
    return item.news is News.PAID


def _title(order: Order) -> str:
    """The first of the goods, and that there are more."""
    first = pick(order.lines[0].title_zh, order.lines[0].title_en)
    listings = {line.listing_id for line in order.lines}
    return first if len(listings) == 1 else pick(f"{first}等{len(listings)}种", f"{first} and {len(listings) - 1} more")


def _tell_buyer(item: Item) -> None:
    group, order = item.group, item.order
    subject, text = _BUYERS[item.news]
    if item.news is News.CANCELLED and order is not None:
        text = _CANCELLED_PART if item.amount_fen else _CANCELLED_PART_FOR_NOTHING
    amount_fen = item.amount_fen or group.total_fen

    def values() -> dict[str, str]:
        title = _title(order) if order is not None else ""
        return {"reference": group.reference, "amount": yuan(amount_fen), "title": title}

    event = order.public_id if order is not None else group.public_id
    if item.news in (News.REFUNDED, News.LESS) and order is not None:
        # Several of one order are several events.
        event = f"{event}:{order.refunded_fen}"
    if item.news is News.UNAPPLIED:
        event = f"{event}:{item.at:%Y%m%d%H%M%S%f}"
    buyer = db.session.get_one(Account, group.account_id)
    page_url = outside_url("storefront.order", public_id=group.public_id)
    send(reader_of_account(buyer), Notice(f"order.{item.news}", event, subject, text, values, page_url=page_url), now=item.at)


def _tell_sellers(item: Item) -> None:
    """Each seller hears of its own order, and so do those who pack and send in the household's name."""
    orders = {order.producer_id: order for order in item.group.orders}
    producers = [db.session.get_one(Producer, producer_id) for producer_id in sorted(orders)]
    readers = readers_of_sellers(producers, _senders_for(producers, item))
    for producer in producers:
        notice = _new_order(item.group, orders[producer.id])
        for reader in readers[producer.id]:
            send(reader, notice, now=item.at)


def _new_order(group: OrderGroup, order: Order) -> Notice:
    def values() -> dict[str, str]:
        return {"reference": group.reference, "title": _title(order)}

    text = N_("New order %(reference)s: %(title)s. Please pack and send it.")
    page_url = outside_url("producer.orders")
    return Notice("order.new", order.public_id, N_("A new order"), text, values, page_url=page_url)


def _senders_for(producers: Sequence[Producer], item: Item) -> dict[int, set[int]]:
    """The accounts of those who may ship for these sellers, by producer."""
    numbers = {producer.public_id: producer.id for producer in producers}
    found: dict[int, set[int]] = {}
    for mandate in mandates_over([(KIND, public_id) for public_id in numbers]):
        if mandate.state == MandateState.IN_FORCE and mandate.ends_at > item.at and Scope.SHIP in mandate.scopes:
            found.setdefault(numbers[mandate.principal_id], set()).add(mandate.holder_id)
    return found


def _tell_settled(order: Order, item: Item) -> None:
    def values() -> dict[str, str]:
        return {"reference": item.group.reference, "amount": yuan(item.amount_fen), "title": ""}

    text = N_("%(amount)s for order %(reference)s is in your account with us.")
    page_url = outside_url("producer.money")
    notice = Notice("order.settled", order.public_id, N_("Money for you"), text, values, page_url=page_url)
    producer = db.session.get_one(Producer, order.producer_id)
    send(reader_of_producer(producer), notice, now=item.at)
