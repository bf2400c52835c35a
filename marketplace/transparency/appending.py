"""Adding leaves: whatever is new and settled, in one transaction with the nodes above it."""

from sqlalchemy import func, select, text

from marketplace.kernel.db import db
from marketplace.kernel.steps import step
from marketplace.registry.reading import unbounded
from marketplace.transparency.merkle import new_nodes
from marketplace.transparency.models import LogLeaf
from marketplace.transparency.sources import LEAF_HASH, SOURCES, WHY, Ends, Source

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
    old_size = size = log_size()
    for source in SOURCES:
        size += _add(source, size, ends)
    if size == old_size:
        return 0
    step("log.leaves_written")
    for level, places in new_nodes(old_size, size):
        db.session.execute(_JOIN, {"level": level, "first": places.start, "last": places.stop - 1})
    step("log.nodes_written")
    return size - old_size


def _add(source: Source, size: int, ends: Ends) -> int:
    after = 0
    if source.in_order:
        after = db.session.scalar(select(func.max(LogLeaf.row_id)).where(LogLeaf.kind == source.kind)) or 0
    through = ends.of(source)
    if through <= after:
        return 0
    only = "" if source.in_order else _NOT_YET
    statement = text(_ADD.format(digests=source.digests, only=only, hash=LEAF_HASH))
    values = {"after": after, "through": through, "kind": source.kind, "size": size}
    return int(db.session.execute(unbounded(statement, WHY), values).rowcount)
