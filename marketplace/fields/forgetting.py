"""Forgetting what is past its time: rows are deleted or the words in them blanked, in batches, and only their number is noted.

Each batch is a transaction with its own audit event, so what was cut off goes on the next night, and what somebody has locked
is left until then.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, literal_column, select, text, tuple_, update

from marketplace.fields.keeping import RULES
from marketplace.kernel import audit
from marketplace.kernel.db import db, transaction
from marketplace.kernel.types import UTCDateTime

BATCH = 1_000
_log = logging.getLogger("marketplace.fields")


@dataclass(frozen=True)
class Forgetting:
    """What a rule does to a table.

    ``since`` is the moment, as SQL, from which the period runs, and ``only`` what is left to be forgotten. ``blank`` names the
    columns that are emptied and with what; without any, the row is deleted, after its ``parts`` (``table.column`` naming it).
    """

    rule: str
    table: str
    since: str
    only: str = "true"
    blank: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = ()


_PLACED = '(SELECT g.placed_at FROM "order" o JOIN order_group g ON g.id = o.group_id WHERE o.id = order_delivery.order_id)'
_FILED = "(SELECT filed_at FROM claim WHERE claim.id = claim_picture.claim_id)"
_FOLLOWED = "EXISTS (SELECT FROM price_check n WHERE n.listing_id = price_check.listing_id AND n.id > price_check.id)"
_NO_MESSAGE = {"recipient": "", "subject": "", "body_text": "", "body_html": None, "headers": {}}

FORGETTINGS = (
    Forgetting("sign_in_attempt", "sign_in_attempt", "at"),
    Forgetting("token", "access_token", "least(expires_at, revoked_at)"),
    Forgetting("answer_code", "answer_code", "least(expires_at, used_at)"),
    Forgetting("basket", "basket", "changed_at", "account_id IS NULL AND NOT ordered", parts=("basket_line.basket_id",)),
    # The row stays, because it says that something has been said already.
    Forgetting("message", "outgoing_message", "coalesce(sent_at, failed_at)", "recipient <> ''", _NO_MESSAGE),
    Forgetting("history", "event", "at"),
    Forgetting("history", "served_list", "at", "account_id IS NOT NULL", {"account_id": None}),
    Forgetting("trade", "order_group", "placed_at", "phone <> ''", {"recipient": "", "phone": "", "address": ""}),
    Forgetting("trade", "order_delivery", _PLACED, "place_address <> ''", {"place_address": ""}),
    Forgetting("trade", "order_message", "at"),
    Forgetting("trade", "claim_picture", _FILED),
    Forgetting("trade", "claim_step", "at", "words <> ''", {"words": ""}),
    Forgetting("trade", "claim", "filed_at", "words <> ''", {"words": ""}),
    # The last one of a listing is what its price goes by.
    Forgetting("trade", "price_check", "at", _FOLLOWED, parts=("price_evidence.check_id",)),
    Forgetting("mandate", "mandate", "ended_at", "evidence_picture <> ''", {"evidence_picture": ""}),
    Forgetting("consent", "consent", "withdrawn_at"),
)


def forget_all(*, now: datetime) -> dict[str, int]:
    """Apply every rule; answers how many rows were forgotten, by table. Opens its own transactions."""
    done: dict[str, int] = {}
    for forgetting in FORGETTINGS:
        try:
            done[forgetting.table] = forget(forgetting, now=now)
        except Exception:
            # One rule that cannot be held must not keep the others from being held.
            _log.exception("what is past its time in %s is left for the next time", forgetting.table)
            done[forgetting.table] = 0
    return done


def forget(forgetting: Forgetting, *, now: datetime, batch: int = BATCH) -> int:
    """Apply one rule; answers how many rows were forgotten."""
    before, total = RULES[forgetting.rule].before(now), 0
    while True:
        with transaction():
            number = _forget_batch(forgetting, before, batch)
            if number:
                audit.record(
                    "data.forgotten",
                    *("table", forgetting.table),
                    actor="forget",
                    at=now,
                    rule=forgetting.rule,
                    rows=number,
                    before=before.isoformat(),
                )
        total += number
        if number < batch:
            return total


def _forget_batch(forgetting: Forgetting, before: datetime, batch: int) -> int:
    table: Table = db.metadata.tables[forgetting.table]
    key = list(table.primary_key)
    since: ColumnElement[Any] = literal_column(forgetting.since, UTCDateTime)
    query = select(*key).where(text(forgetting.only), since < before).order_by(*key).limit(batch)
    rows = [tuple(row) for row in db.session.execute(query.with_for_update(skip_locked=True))]
    if not rows:
        return 0
    for part in forgetting.parts:
        part_table, _, column = part.partition(".")
        parts = db.metadata.tables[part_table]
        db.session.execute(delete(parts).where(parts.c[column].in_([row[0] for row in rows])))
    there = tuple_(*key).in_(rows)
    if forgetting.blank:
        db.session.execute(update(table).where(there).values(dict(forgetting.blank)))
    else:
        db.session.execute(delete(table).where(there))
    return len(rows)
