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
_FIELDS = ("at", "actor", "on_behalf_of", "verb", "object_kind", "object_id", "data")
_APPEND = text(
    "SELECT append_audit_event(:at, :actor, :on_behalf_of, :verb, :object_kind, :object_id, cast(:data AS jsonb), :written)"
)


def link(previous_hash: bytes, event: Mapping[str, Any]) -> bytes:
    """The SHA-256 over the previous hash and the event's canonical JSON."""
    return hashlib.sha256(previous_hash + written_down(event)).digest()


def written_down(event: Mapping[str, Any]) -> bytes:
    """An event's canonical JSON: sorted keys, UTF-8, moments in ISO 8601."""
    plain = {name: event[name] for name in _FIELDS}
    if isinstance(plain["at"], datetime):
        plain["at"] = plain["at"].isoformat()
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def append(session: Session, events: Sequence[Mapping[str, Any]]) -> None:
    """Write the events behind the last one of the chain, under the lock that keeps the chain a line.

    The database itself takes the lock, reads the last hash and adds the next (``append_audit_event``), so that the lock is held
    for a commit and not for three answers to this process, which may be waiting for a processor meanwhile.
    """
    if events:
        # What is still to be written is written before the lock is taken.
        session.flush()
        session.execute(
            _APPEND, [{**event, "data": json.dumps(event["data"]), "written": written_down(event)} for event in events]
        )


def broken_links(events: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """The ids of events whose link does not follow from the one before, in the order given."""
    previous = GENESIS
    for event in events:
        if bytes(event["previous_hash"]) != previous or link(previous, event) != bytes(event["hash"]):
            yield event["id"]
        previous = bytes(event["hash"])
