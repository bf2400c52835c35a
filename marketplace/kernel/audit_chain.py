"""The arithmetic of the audit chain: how an event is written down to be hashed, and how the links are added and checked.

Each event's hash covers the hash before it, so altering, removing or inserting one is seen at the next. The rows are plain
tables here (``audit`` holds the model) because the transaction in ``db`` adds the links just before it commits.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

GENESIS = bytes(32)
# Any constant serves; it names this chain among the server's advisory locks.
_CHAIN_LOCK = 5_226_36
_FIELDS = ("at", "actor", "on_behalf_of", "verb", "object_kind", "object_id", "data")


def link(previous_hash: bytes, event: Mapping[str, Any]) -> bytes:
    """The SHA-256 over the previous hash and the event's canonical JSON (sorted keys, UTF-8, moments in ISO 8601)."""
    plain = {name: event[name] for name in _FIELDS}
    if isinstance(plain["at"], datetime):
        plain["at"] = plain["at"].isoformat()
    written = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(previous_hash + written).digest()


def append(session: Session, events: Sequence[Mapping[str, Any]]) -> None:
    """Write the events behind the last one of the chain, under the lock that keeps the chain a line."""
    if not events:
        return
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    last = session.execute(text("SELECT hash FROM audit_event ORDER BY id DESC LIMIT 1")).scalar()
    previous = bytes(last) if last is not None else GENESIS
    rows = []
    for event in events:
        digest = link(previous, event)
        rows.append({**event, "data": json.dumps(event["data"]), "previous_hash": previous, "hash": digest})
        previous = digest
    session.execute(
        text(
            "INSERT INTO audit_event (at, actor, on_behalf_of, verb, object_kind, object_id, data, previous_hash, hash)"
            " VALUES (:at, :actor, :on_behalf_of, :verb, :object_kind, :object_id, cast(:data AS jsonb),"
            " :previous_hash, :hash)"
        ),
        rows,
    )


def broken_links(events: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """The ids of events whose link does not follow from the one before, in the order given."""
    previous = GENESIS
    for event in events:
        if bytes(event["previous_hash"]) != previous or link(previous, event) != bytes(event["hash"]):
            yield event["id"]
        previous = bytes(event["hash"])
