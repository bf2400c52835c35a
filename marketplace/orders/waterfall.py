"""Where a buyer's money has gone: the shares of a seller's settled orders, counted from the ledger.

Counted each night over a year and kept, because a page of the shop has no time to add up a ledger. What was given back after
settlement is counted as what it is, a negative entry on the accounts that had got it. What the platform bears of that itself
is taken off its own part and stands with those who would have borne it. Freight that a buyer pays beside the
goods is no part of a price and is left out; where terms pay freight out of the goods, that is a part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.catalogue.models import Listing
from marketplace.kernel.db import db
from marketplace.orders.goodwill import GOODWILL
from marketplace.orders.models import SellerShare, ShareKind, ShareTerm
from marketplace.orders.shares import FREIGHT, WHOLE_BP

COUNTED = timedelta(days=365)

_COUNT = text(
    """
    WITH settled AS (
        SELECT "order".id, "order".public_id, "order".producer_id, "order".delivery_fen, transfer.id AS transfer_id,
            (transfer.at AT TIME ZONE 'Asia/Shanghai')::date AS day
        FROM transfer JOIN "order" ON "order".public_id = transfer.purpose_id
        WHERE transfer.kind = 'settlement' AND transfer.purpose_kind = 'order' AND transfer.at > :since AND transfer.at <= :now
    ), moved AS (
        SELECT id, producer_id, delivery_fen, transfer_id FROM settled
        UNION ALL
        SELECT settled.id, settled.producer_id, settled.delivery_fen, transfer.id
        FROM settled JOIN refund ON refund.purpose_kind = 'order' AND refund.purpose_id = settled.public_id
        JOIN transfer ON transfer.kind = 'refund' AND transfer.purpose_kind = 'refund'
            AND transfer.purpose_id = refund.public_id
        UNION ALL
        SELECT settled.id, settled.producer_id, settled.delivery_fen, transfer.id
        FROM settled JOIN claim ON claim.order_id = settled.id
        JOIN transfer ON transfer.kind = 'goodwill' AND transfer.purpose_kind = 'claim'
            AND transfer.purpose_id = claim.public_id
    ), parts AS (
        SELECT moved.producer_id, coalesce(order_share.kind, 'platform') AS kind, round(sum(
            entry.amount_fen * CASE WHEN order_share.payee = :freight
                THEN 1 - moved.delivery_fen::numeric / order_share.amount_fen ELSE 1 END
        )) AS amount_fen
        FROM moved JOIN entry ON entry.transfer_id = moved.transfer_id
        JOIN ledger_account ON ledger_account.id = entry.account_id
        LEFT JOIN order_share ON order_share.order_id = moved.id AND order_share.payee = ledger_account.code
        WHERE order_share.payee IS NOT NULL OR ledger_account.code = :goodwill
        GROUP BY moved.producer_id, coalesce(order_share.kind, 'platform')
    ), sellers AS (
        SELECT producer_id, count(*) AS orders, min(day) AS first_on, max(day) AS last_on FROM settled GROUP BY producer_id
    )
    INSERT INTO seller_share (producer_id, kind, amount_fen, orders, first_on, last_on, counted_at)
    SELECT producer_id, kind, amount_fen, orders, first_on, last_on, :now
    FROM parts JOIN sellers USING (producer_id) WHERE amount_fen > 0
    """
)


@dataclass(frozen=True)
class MoneySplit:
    """The parts of a seller's money by kind, in any unit: fen of settled ``orders``, or, without any, the terms' parts.

    ``first_on`` and ``last_on`` are the days of the first and the last settlement among them.
    """

    parts: Sequence[tuple[ShareKind, int]]
    orders: int = 0
    first_on: date | None = None
    last_on: date | None = None


def count_seller_shares(*, now: datetime) -> None:
    """Count every seller's shares again, over the year up to ``now``."""
    # Not TRUNCATE: pages go on reading the old figures until the new ones are there.
    db.session.execute(text("DELETE FROM seller_share"))
    db.session.execute(_COUNT, {"since": now - COUNTED, "now": now, "freight": FREIGHT, "goodwill": GOODWILL})


def money_columns(day: date) -> list[ColumnElement[Any]]:
    """Two columns beside a ``Listing`` from which ``money_split`` tells how its seller's money splits; no statement more."""
    counted = func.json_build_array(
        SellerShare.kind, SellerShare.amount_fen, SellerShare.orders, SellerShare.first_on, SellerShare.last_on
    )
    term = func.json_build_array(ShareTerm.kind, ShareTerm.bp)
    # The narrowest area last, within it the newest day: of a kind, the last one holds.
    terms = aggregate_order_by(term, func.length(ShareTerm.area_code), ShareTerm.valid_from)
    holds = Listing.area_code.startswith(ShareTerm.area_code) & (ShareTerm.valid_from <= day)
    return [
        select(func.json_agg(counted))
        .where(SellerShare.producer_id == Listing.producer_id)
        .correlate(Listing)
        .scalar_subquery()
        .label("money_counted"),
        select(func.json_agg(terms)).where(holds).correlate(Listing).scalar_subquery().label("money_terms"),
    ]


def money_split(row: Any) -> MoneySplit:
    """How the money of a seller splits, from a row with ``money_columns``."""
    if row.money_counted:
        fen = {kind: int(amount) for kind, amount, *_ in row.money_counted}
        _, _, orders, first_on, last_on = row.money_counted[0]
        parts = [(kind, fen[kind]) for kind in ShareKind if kind in fen]
        return MoneySplit(parts, orders, date.fromisoformat(first_on), date.fromisoformat(last_on))
    bp = {kind: int(part) for kind, part in row.money_terms or ()}
    bp[ShareKind.PRODUCER] = WHOLE_BP - sum(bp.values())
    return MoneySplit([(kind, bp[kind]) for kind in ShareKind if bp.get(kind)])
