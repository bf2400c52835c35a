"""Adding leaves: whatever is new and settled, in one transaction with the nodes above it."""

from collections.abc import Iterator

from sqlalchemy import func, select, text

from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.db import db
from marketplace.kernel.steps import step
from marketplace.registry.reading import unbounded
from marketplace.transparency.merkle import edge, grown
from marketplace.transparency.models import LogLeaf, LogNode
from marketplace.transparency.queries import read_nodes
from marketplace.transparency.sources import LEAF_HASH, SOURCES, WHY, Ends, Source

# Any constant serves; it names the log among the server's advisory locks.
_LOG_LOCK = 5_226_38
# So many ids are taken at a time, so that a long log that is made at once needs little memory.
_IDS_AT_A_TIME = 100_000

# A row's salt must be the same in its leaf and in its hash, so both are made in one statement.
_ADD = """
    WITH made AS MATERIALIZED (
        SELECT id, digest, uuid_send(gen_random_uuid()) AS salt, :size + row_number() OVER (ORDER BY id) - 1 AS position
        FROM ({digests}) AS row {only}
    ), leaf AS (
        INSERT INTO log_leaf (position, kind, row_id, salt) SELECT position, :kind, id, salt FROM made ORDER BY position
    )
    SELECT {hash} AS hash FROM made ORDER BY position
"""
_NOT_YET = "WHERE NOT EXISTS (SELECT FROM log_leaf WHERE log_leaf.kind = :kind AND log_leaf.row_id = row.id)"
_ADDING = {
    source.kind: unbounded(
        text(_ADD.format(digests=source.digests, only="" if source.in_order else _NOT_YET, hash=LEAF_HASH)), WHY
    )
    for source in SOURCES
}
# How long the log is, and the last row of each kind in it.
_END = text(
    "SELECT coalesce((SELECT max(position) + 1 FROM log_leaf), 0) AS size, "
    + ", ".join(
        f"coalesce((SELECT max(row_id) FROM log_leaf WHERE kind = '{source.kind}'), 0) AS {source.kind}" for source in SOURCES
    )
)


def lock_log() -> None:
    """One at a time changes the log or signs it; the lock ends with the transaction."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOG_LOCK})


def log_size() -> int:
    """How many leaves the log has."""
    last = db.session.scalar(select(func.max(LogLeaf.position)))
    return 0 if last is None else int(last) + 1


def append(ends: Ends) -> int:
    """Add every row up to ``ends`` that is not in the log yet; answers how many."""
    lock_log()
    last = db.session.execute(_END).mappings().one()
    old_size = size = int(last["size"])
    for source in SOURCES:
        for after, through in _spans(source, last[source.kind], ends.of(source)):
            values = {"after": after, "through": through, "kind": source.kind, "size": size}
            hashes = [bytes(own) for own in db.session.scalars(_ADDING[source.kind], values)]
            if hashes:
                step("log.leaves_written")
                stored = read_nodes(edge(size, size + len(hashes)))
                copy_rows(LogNode, ["level", "place", "hash"], grown(size, hashes, stored))
                size += len(hashes)
                step("log.nodes_written")
    return size - old_size


def _spans(source: Source, last: int, end: int) -> Iterator[tuple[int, int]]:
    """The ids to be looked through, each span as the id before its first and its last."""
    if not source.in_order:
        yield 0, end
        return
    for after in range(last, end, _IDS_AT_A_TIME):
        yield after, min(after + _IDS_AT_A_TIME, end)
