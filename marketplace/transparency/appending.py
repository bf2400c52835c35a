"""Adding leaves: whatever is new and settled, in one transaction with the nodes above it."""

from sqlalchemy import func, select, text

from marketplace.kernel.db import db
from marketplace.kernel.steps import step
from marketplace.registry.reading import unbounded
from marketplace.transparency.merkle import new_nodes
from marketplace.transparency.models import LogLeaf
from marketplace.transparency.sources import LEAF_HASH, SOURCES, WHY, Ends

# Any constant serves; it names the log among the server's advisory locks.
_LOG_LOCK = 5_226_38

# A row's salt must be the same in its leaf and in its hash, so both are written from one reading.
_ADD = """
    WITH made AS MATERIALIZED (
        SELECT id, digest, uuid_send(gen_random_uuid()) AS salt, :size + row_number() OVER (ORDER BY id) - 1 AS position
        FROM ({digests}) AS row {only}
    ), leaf AS (
        INSERT INTO log_leaf (position, kind, row_id, salt) SELECT position, :kind, id, salt FROM made ORDER BY position
    )
    INSERT INTO log_node (level, place, hash) SELECT 0, position, {hash} FROM made ORDER BY position
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
_JOIN = text(
    """
    INSERT INTO log_node (level, place, hash)
    SELECT :level, filled.at, sha256('\\x01'::bytea || below.hash || beside.hash)
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS filled (at)
        JOIN log_node AS below ON below.level = :level - 1 AND below.place = 2 * filled.at
        JOIN log_node AS beside ON beside.level = :level - 1 AND beside.place = 2 * filled.at + 1
    ORDER BY filled.at
    """
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
        after, through = last[source.kind] if source.in_order else 0, ends.of(source)
        if after < through:
            values = {"after": after, "through": through, "kind": source.kind, "size": size}
            size += db.session.execute(_ADDING[source.kind], values).rowcount
    if size == old_size:
        return 0
    step("log.leaves_written")
    for level, places in new_nodes(old_size, size):
        db.session.execute(_JOIN, {"level": level, "first": places.start, "last": places.stop - 1})
    step("log.nodes_written")
    return size - old_size
