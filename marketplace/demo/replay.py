"""Writing a year of purchases into the shop's own tables: stock, orders, money, events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update

from marketplace.catalogue.models import Listing, Lot, LotContribution, MovementKind, Producer, StockMovement
from marketplace.catalogue.service import refresh_benefit
from marketplace.demo import history
from marketplace.demo.goods import Good
from marketplace.demo.history import Benefit, LotRow, Purchases, day_of, moment_of
from marketplace.demo.homes import homes
from marketplace.demo.sellers import Plan
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db
from marketplace.ledger.models import Entry, Transfer
from marketplace.ledger.service import account_ids as ledger_account_ids
from marketplace.orders.models import Order, OrderGroup, OrderLine, OrderShare, ShareKind
from marketplace.orders.settlement import BUYERS, CLEARING
from marketplace.orders.shares import Part, producer_account, split_order, terms_in_force
from marketplace.payments.models import Payment
from marketplace.recommendations.models import Event, EventKind
from marketplace.registry.models import RegistryRevision

_DAY_S = 86400
# Money of the last hours has not been confirmed yet, so that the operator finds something to do.
_UNCONFIRMED_S = 8 * 3600


@dataclass(frozen=True)
class Shop:
    """What was filled so far, with the database's ids by the generator's numbers."""

    goods: list[Good]
    plan: Plan
    household_ids: list[int]
    producer_ids: list[int]
    listing_ids: list[int]


@dataclass(frozen=True)
class _Moments:
    """For each basket, in Unix seconds: placed, shipped, accepted, paid; -1 where that lies ahead.

    The year knows no time limit: every buyer says at the door that the goods are good.
    """

    placed: NDArray[np.int64]
    shipped: NDArray[np.int64]
    accepted: NDArray[np.int64]
    paid: NDArray[np.int64]
    by_transfer: NDArray[np.bool_]


def replay(shop: Shop, bought: Purchases, consumer_ids: list[int], *, now: datetime) -> None:
    """Write everything that a year of purchases leaves behind, and the stock of today."""
    lots, lot_of_row = history.lots(bought)
    lot_base, group_base, order_base = next_id(Lot), next_id(OrderGroup), next_id(Order)
    # The year stands still at its last purchase, so that there are payments to confirm and orders to pack.
    moments = _moments(bought, int(bought.sold_at_s.max()) + 3600)
    orders = _orders(bought, np.array(shop.plan.seller_of_good)[bought.good])
    totals = _group_totals(shop, bought)
    _write_lots(shop, lots, lot_base, now)
    group_publics = _write_groups(totals, bought, consumer_ids, moments, group_base)
    parts = _write_orders(shop, bought, orders, moments, group_base, order_base)
    _write_lines(shop, bought, lots, lot_of_row, order_base + orders.of_row, lot_base)
    _write_money(group_publics, totals, orders, parts, moments)
    _write_sales(bought, lot_of_row, lot_base, group_publics)
    settle_ids(Lot, OrderGroup, Order)
    _write_events(shop, bought, consumer_ids)
    _write_stock_of_today(shop, now)


@dataclass(frozen=True)
class _Orders:
    """One entry an order: its basket and seller; and for each purchase row its order."""

    basket: NDArray[np.int64]
    seller: NDArray[np.int64]
    of_row: NDArray[np.int64]


def _orders(bought: Purchases, sellers: NDArray[np.int64]) -> _Orders:
    keys = bought.basket * 10_000 + sellers
    unique, of_row = np.unique(keys, return_inverse=True)
    return _Orders(unique // 10_000, unique % 10_000, of_row)


def _moments(bought: Purchases, now_s: int, seed: int = 7) -> _Moments:
    rng = np.random.default_rng(seed)
    placed = bought.sold_at_s[np.flatnonzero(np.diff(bought.basket, prepend=-1))]
    shipped = placed + rng.integers(6 * 3600, 30 * 3600, len(placed))
    accepted = shipped + rng.integers(_DAY_S, 3 * _DAY_S, len(placed))
    by_transfer = rng.random(len(placed)) < 0.7
    paid = np.where(by_transfer, placed + rng.integers(600, 5 * 3600, len(placed)), accepted)
    paid[paid > now_s - _UNCONFIRMED_S] = -1
    shipped[(shipped > now_s) | (by_transfer & (paid < 0))] = -1
    accepted[(accepted > now_s) | (shipped < 0)] = -1
    paid[~by_transfer & (accepted < 0)] = -1
    return _Moments(placed, shipped, accepted, paid, by_transfer)


def _moment(seconds: int) -> datetime | None:
    return None if seconds < 0 else moment_of(seconds)


def _write_lots(shop: Shop, lots: list[LotRow], base: int, now: datetime, *, on_hand: bool = False) -> None:
    """Lots with the grams of their households; ``on_hand`` for those nothing has been sold from yet."""
    publics = ids.public_ids(len(lots))
    brought_at = [min(day_start(lot.harvested_on), now) for lot in lots]
    copy_rows(
        Lot,
        ["id", "public_id", "listing_id", "harvested_on", "on_hand", "created_at"],
        (
            (base + lot.number, publics[lot.number], shop.listing_ids[lot.good], lot.harvested_on, lot.sold * on_hand, at)
            for lot, at in zip(lots, brought_at, strict=True)
        ),
    )
    copy_rows(LotContribution, ["lot_id", "household_id", "grams"], _contributions(shop, lots, base))
    copy_rows(
        StockMovement,
        ["lot_id", "kind", "quantity", "purpose_kind", "purpose_id", "at"],
        (
            (base + lot.number, MovementKind.HARVEST, lot.sold, "lot", publics[lot.number], at)
            for lot, at in zip(lots, brought_at, strict=True)
        ),
    )


def _contributions(shop: Shop, lots: list[LotRow], base: int) -> Iterator[tuple[int, int, int]]:
    for lot in lots:
        members = shop.plan.sellers[shop.plan.seller_of_good[lot.good]].members
        grams = max(1, lot.sold * shop.goods[lot.good].unit_grams)
        whole = sum(members.values())
        for number, weight in members.items():
            yield base + lot.number, shop.household_ids[number], max(1, grams * weight // whole)


def _group_totals(shop: Shop, bought: Purchases) -> NDArray[np.int64]:
    prices = np.array([good.price_fen for good in shop.goods], dtype=np.int64)
    return np.bincount(bought.basket, weights=prices[bought.good] * bought.quantity).astype(np.int64)


def _write_groups(
    totals: NDArray[np.int64], bought: Purchases, consumer_ids: list[int], moments: _Moments, base: int
) -> list[str]:
    """Purchases with their payments; answers their public ids."""
    consumers = bought.consumer[np.flatnonzero(np.diff(bought.basket, prepend=-1))]
    count = len(totals)
    publics, lived_in = ids.public_ids(count), homes(len(consumer_ids))
    methods = ["bank_transfer" if by_transfer else "cash_on_delivery" for by_transfer in moments.by_transfer]
    copy_rows(
        OrderGroup,
        [
            *("id", "public_id", "reference", "account_id", "payment_method", "total_fen"),
            *("recipient", "phone", "area_code", "address", "placed_at", "paid_at"),
        ],
        (
            (
                base + at,
                publics[at],
                f"NQ-{base + at:08d}",
                consumer_ids[consumers[at]],
                methods[at],
                int(totals[at]),
                "顾客",
                "",
                lived_in[consumers[at]],
                "",
                moment_of(moments.placed[at]),
                _moment(moments.paid[at]),
            )
            for at in range(count)
        ),
    )
    copy_rows(
        Payment,
        [
            *("public_id", "reference", "purpose_kind", "purpose_id", "method", "amount_fen"),
            *("state", "created_at", "paid_at"),
        ],
        (
            (
                payment_id,
                f"P-{base + at:08d}",
                "order_group",
                publics[at],
                methods[at],
                int(totals[at]),
                "awaiting" if moments.paid[at] < 0 else "paid",
                moment_of(moments.placed[at]),
                _moment(moments.paid[at]),
            )
            for at, payment_id in enumerate(ids.public_ids(count))
        ),
    )
    return publics


def _write_orders(
    shop: Shop, bought: Purchases, orders: _Orders, moments: _Moments, group_base: int, base: int
) -> list[tuple[str, int, list[Part]]]:
    """Orders with their frozen shares; answers (public id, total, shares) of each."""
    prices = np.array([good.price_fen for good in shop.goods], dtype=np.int64)
    totals = np.bincount(orders.of_row, weights=prices[bought.good] * bought.quantity).astype(np.int64)
    publics = {row.id: row.public_id for row in db.session.scalars(select(Producer))}
    payees = [producer_account(publics[producer_id]) for producer_id in shop.producer_ids]
    areas = [seller.area_code for seller in shop.plan.sellers]
    terms = terms_in_force(areas, moment_of(int(moments.placed[0])).date())
    parts = [
        (public_id, int(total), split_order(int(total), producer=payees[seller], terms=terms[areas[seller]]))
        for public_id, total, seller in zip(ids.public_ids(len(totals)), totals, orders.seller, strict=True)
    ]

    def rows() -> Iterator[tuple[Any, ...]]:
        for at, (basket, seller) in enumerate(zip(orders.basket, orders.seller, strict=True)):
            shipped, accepted, paid = moments.shipped[basket], moments.accepted[basket], moments.paid[basket]
            state = "accepted" if accepted >= 0 else "shipped" if shipped >= 0 else "placed"
            settled = _moment(max(paid, accepted)) if paid >= 0 and accepted >= 0 else None
            yield (
                base + at,
                parts[at][0],
                group_base + int(basket),
                shop.producer_ids[seller],
                state,
                parts[at][1],
                sum(part.amount_fen for part in parts[at][2] if part.kind is ShareKind.PRODUCER),
                _moment(shipped),
                _moment(accepted),
                _moment(accepted),
                settled,
            )

    copy_rows(
        Order,
        [
            *("id", "public_id", "group_id", "producer_id", "state", "total_fen", "producer_fen"),
            *("shipped_at", "delivered_at", "accepted_at", "settled_at"),
        ],
        rows(),
    )
    copy_rows(
        OrderShare,
        ["order_id", "kind", "payee", "amount_fen"],
        (
            (base + at, part.kind.value, part.payee, part.amount_fen)
            for at, (_public_id, _total, shares) in enumerate(parts)
            for part in shares
        ),
    )
    return parts


def _write_lines(
    shop: Shop,
    bought: Purchases,
    lots: list[LotRow],
    lot_of_row: NDArray[np.int64],
    order_of_row: NDArray[np.int64],
    lot_base: int,
) -> None:
    """Snapshot lines, each with the benefit share of its lot on its day and the revision of the registry it rests on."""
    benefit = Benefit(shop.plan.households)
    days = history.market_days(bought.sold_at_s)
    revision_days = [local_day(at) for at in db.session.scalars(select(RegistryRevision.at).order_by(RegistryRevision.id))]
    first_revision = next_id(RegistryRevision) - len(revision_days)
    edges = np.array([(day - date(1970, 1, 1)).days for day in revision_days])
    revisions = first_revision + np.searchsorted(edges, days, side="right") - 1

    def rows() -> Iterator[tuple[Any, ...]]:
        for row, (number, quantity, day) in enumerate(zip(bought.good, bought.quantity, days, strict=True)):
            good, seller_number = shop.goods[number], shop.plan.seller_of_good[number]
            seller = shop.plan.sellers[seller_number]
            lot = int(lot_of_row[row])
            total_fen = good.price_fen * int(quantity)
            share = benefit.share(seller_number, seller.members, day_of(day))
            yield (
                int(order_of_row[row]),
                shop.listing_ids[number],
                lot_base + lot,
                good.title_zh,
                good.title_en,
                seller.name_zh,
                seller.name_en,
                seller.area_code,
                lots[lot].harvested_on,
                good.unit,
                good.unit_grams,
                int(quantity),
                good.price_fen,
                total_fen,
                share.bp,
                share.of(total_fen),
                int(revisions[row]),
            )

    copy_rows(
        OrderLine,
        [
            *("order_id", "listing_id", "lot_id", "title_zh", "title_en", "producer_zh", "producer_en", "area_code"),
            *("harvested_on", "unit", "unit_grams", "quantity", "price_fen", "total_fen", "benefit_bp", "benefit_fen"),
            "registry_revision",
        ],
        rows(),
    )


def _write_money(
    group_publics: list[str],
    totals: NDArray[np.int64],
    orders: _Orders,
    parts: list[tuple[str, int, list[Part]]],
    moments: _Moments,
) -> None:
    """The transfers that confirmations and acceptances would have booked, each with its entries."""
    accounts = ledger_account_ids([BUYERS, CLEARING, *{part.payee for _, _, shares in parts for part in shares}])
    base = next_id(Transfer)
    transfers: list[tuple[Any, ...]] = []
    entries: list[tuple[int, int, int]] = []

    def book(kind: str, purpose: str, purpose_id: str, at: datetime, amounts: dict[str, int]) -> None:
        number = base + len(transfers)
        transfers.append((number, kind, purpose, purpose_id, at))
        entries.extend((number, accounts[code], amount) for code, amount in amounts.items() if amount)

    for at, total in enumerate(totals):
        if moments.paid[at] >= 0:
            amounts = {BUYERS: -int(total), CLEARING: int(total)}
            book("payment", "order_group", group_publics[at], moment_of(moments.paid[at]), amounts)
    for (public_id, total_fen, shares), basket in zip(parts, orders.basket, strict=True):
        paid, accepted = moments.paid[basket], moments.accepted[basket]
        if paid >= 0 and accepted >= 0:
            amounts = {CLEARING: -total_fen, **{part.payee: part.amount_fen for part in shares}}
            book("settlement", "order", public_id, moment_of(max(paid, accepted)), amounts)
    publics = ids.public_ids(len(transfers))
    copy_rows(
        Transfer,
        ["id", "kind", "purpose_kind", "purpose_id", "at", "public_id"],
        ((*transfer, public_id) for transfer, public_id in zip(transfers, publics, strict=True)),
    )
    copy_rows(Entry, ["transfer_id", "account_id", "amount_fen"], entries)
    settle_ids(Transfer)


def _write_sales(bought: Purchases, lot_of_row: NDArray[np.int64], lot_base: int, group_publics: list[str]) -> None:
    """The stock movements of the sales: every lot of history ends empty."""
    copy_rows(
        StockMovement,
        ["lot_id", "kind", "quantity", "purpose_kind", "purpose_id", "at"],
        (
            (lot_base + int(lot), MovementKind.SALE, -int(quantity), "order_group", group_publics[basket], moment_of(at))
            for lot, quantity, basket, at in zip(lot_of_row, bought.quantity, bought.basket, bought.sold_at_s, strict=True)
        ),
    )


def _write_events(shop: Shop, bought: Purchases, consumer_ids: list[int]) -> None:
    copy_rows(
        Event,
        ["account_id", "listing_id", "kind", "quantity", "at"],
        (
            (consumer_ids[consumer], shop.listing_ids[good], EventKind.PURCHASE, float(quantity), moment_of(at))
            for consumer, good, quantity, at in zip(
                bought.consumer, bought.good, bought.quantity, bought.sold_at_s, strict=True
            )
        ),
    )


def _write_stock_of_today(shop: Shop, now: datetime, seed: int = 11) -> None:
    """A fresh lot for every listing, sized by how it sells, some few sold out; then what listings repeat of it."""
    rng = np.random.default_rng(seed)
    today = local_day(now)
    lots, stock = [], {}
    for number, good in enumerate(shop.goods):
        amount = 0 if rng.random() < 0.02 else int(5 + good.sales_count // 20 + rng.integers(0, 60))
        if amount:
            lots.append(LotRow(len(lots), number, today - timedelta(days=int(rng.integers(0, 6))), amount))
            stock[number] = amount
    base = next_id(Lot)
    _write_lots(shop, lots, base, now, on_hand=True)
    settle_ids(Lot)
    db.session.execute(
        update(Listing), [{"id": shop.listing_ids[number], "available": amount} for number, amount in stock.items()]
    )
    db.session.flush()
    refresh_benefit(shop.listing_ids, today)
