"""Checking the books whole: every transfer adds up, the audit trail is one line, and the log holds what the rows say.

Every leaf is made again from its row, every node from the two below, every root from the nodes, and every signature is checked.
Whoever alters a row is found, and the row named. Whoever also alters its leaf is found by the nodes; whoever writes all of them
anew, by a head; and whoever has no key cannot sign another.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, text

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.signing import is_signed, public_keys
from marketplace.ledger.checking import check_ledger
from marketplace.registry.reading import unbounded
from marketplace.transparency.heads import FIRST, digest_of, text_of
from marketplace.transparency.models import LogKey, LogLeaf, LogNode, TreeHead
from marketplace.transparency.queries import root_at
from marketplace.transparency.sources import LEAF_HASH, SOURCES, WHY, Source

_EVERYTHING = {"after": -(2**63), "through": 2**63 - 1}


@dataclass(frozen=True)
class LogAudit:
    """How much was read, the first row that says something else than its leaf, and the first fault of the tree itself."""

    leaves: int
    heads: int
    row_fault: str | None
    tree_fault: str | None


@dataclass(frozen=True)
class BooksAudit:
    """How much of everything was read, and the first fault, None when there is none."""

    transfers: int
    entries: int
    audit_events: int
    leaves: int
    fault: str | None


def check_books() -> BooksAudit:
    """Read ledger, audit trail and log from their first rows and name the first row that is wrong. Changes nothing."""
    found = check_ledger()
    events, broken = audit.check_chain()
    logged = check_log()
    link = f"audit event {broken}: it does not follow from the one before it" if broken is not None else None
    # The log names the very row, where a sum that is wrong may name another.
    fault = logged.row_fault or found.fault or link or logged.tree_fault
    return BooksAudit(found.transfers, found.entries, events, logged.leaves, fault)


def check_log() -> LogAudit:
    """Read the whole log and every row in it. Changes nothing."""
    row_fault = next((fault for source in SOURCES if (fault := _wrong_row(source))), None)
    leaves = db.session.scalar(select(func.count()).select_from(LogLeaf)) or 0
    heads = db.session.scalars(select(TreeHead).order_by(TreeHead.id)).all()
    tree_fault = _wrong_shape(leaves) or _wrong_node() or next(_wrong_heads(heads, leaves), None)
    return LogAudit(leaves, len(heads), row_fault, tree_fault)


_COMPARE = """
    WITH leaf AS (SELECT position, row_id, salt FROM log_leaf WHERE kind = :kind),
    compared AS (
        SELECT row.id, leaf.row_id, leaf.position, leaf.salt, row.digest
        FROM ({digests}) AS row FULL JOIN leaf ON leaf.row_id = row.id
        WHERE :intruders OR leaf.row_id IS NOT NULL
    )
    SELECT coalesce(compared.id, compared.row_id) AS id, compared.id IS NULL AS gone, compared.row_id IS NULL AS slipped_in
    FROM compared LEFT JOIN log_node AS node ON node.level = 0 AND node.place = compared.position
    WHERE CASE WHEN compared.id IS NULL THEN true
        WHEN compared.row_id IS NULL THEN compared.id <= (SELECT max(row_id) FROM leaf)
        ELSE node.hash IS DISTINCT FROM {hash} END
    ORDER BY 1 LIMIT 1
"""


def _wrong_row(source: Source) -> str | None:
    """The first row of a kind that is gone, was slipped in, or says something else than when it entered the log."""
    statement = text(_COMPARE.format(digests=source.digests, hash=LEAF_HASH))
    values = {**_EVERYTHING, "kind": source.kind, "intruders": source.in_order}
    row = db.session.execute(unbounded(statement, WHY), values).first()
    if row is None:
        return None
    if row.gone:
        return f"{source.called} {row.id}: it is in the log and gone"
    if row.slipped_in:
        return f"{source.called} {row.id}: it was slipped in among rows of the log"
    return f"{source.called} {row.id}: it was changed after it had entered the log"


def _wrong_shape(leaves: int) -> str | None:
    """The first level that has not exactly the nodes that a tree of so many leaves has."""
    query = select(LogNode.level, func.count(), func.max(LogNode.place)).group_by(LogNode.level)
    found = {level: (number, last) for level, number, last in db.session.execute(query)}
    last = db.session.scalar(select(func.max(LogLeaf.position)))
    if leaves != (0 if last is None else last + 1):
        return f"leaf {last}: the log has {leaves} leaves before and with it"
    levels = leaves.bit_length()
    for level in range(max(levels, max(found, default=-1) + 1)):
        number = leaves >> level
        if found.get(level, (0, None)) != (number, number - 1 if number else None):
            return f"level {level}: a tree of {leaves} leaves has {number} nodes there, this one {found.get(level, (0,))[0]}"
    return None


def _wrong_node() -> str | None:
    row = db.session.execute(
        text(
            """
            SELECT node.level, node.place FROM log_node AS node
                LEFT JOIN log_node AS below ON below.level = node.level - 1 AND below.place = 2 * node.place
                LEFT JOIN log_node AS beside ON beside.level = node.level - 1 AND beside.place = 2 * node.place + 1
            WHERE node.level > 0 AND node.hash IS DISTINCT FROM sha256('\\x01'::bytea || below.hash || beside.hash)
            ORDER BY node.level, node.place LIMIT 1
            """
        )
    ).first()
    return None if row is None else f"node {row.place} of level {row.level}: the two below do not give it"


def _wrong_heads(heads: list[TreeHead], leaves: int) -> Iterator[str]:
    """Heads that do not follow from the tree, or from the head before, or are not signed."""
    # A key that still lies outside the database is believed before the one in it.
    keys = {row.number: bytes(row.public_key) for row in db.session.scalars(select(LogKey))}
    for number, key in public_keys().items():
        if keys.get(number, key) != key:
            yield f"key {number}: another one was published than the one that signs"
    keys |= public_keys()
    previous, size = FIRST, 0
    for head in heads:
        if head.previous != previous:
            yield f"head {head.id}: it does not name the head before it"
        if not size <= head.size <= leaves or root_at(head.size) != head.root:
            yield f"head {head.id}: the first {head.size} leaves do not give its root"
        if head.key_number not in keys or not is_signed(keys[head.key_number], text_of(head).encode(), head.signature):
            yield f"head {head.id}: its signature is not that of key {head.key_number}"
        previous, size = digest_of(head), head.size
