"""Reading the log: heads, keys, and proofs, each from O(log n) nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.transparency.merkle import (
    Node,
    Range,
    consistency_ranges,
    hashes_of,
    inclusion_ranges,
    nodes_of,
)
from marketplace.transparency.models import LogKey, LogLeaf, LogNode, TreeHead


@dataclass(frozen=True)
class Inclusion:
    """That a leaf stands at a position of a tree: the audit path, lowest sibling first."""

    position: int
    size: int
    leaf_hash: bytes
    path: Sequence[bytes]


def root_at(size: int) -> bytes:
    """The root over the first leaves."""
    return _hashes([(0, size)])[0]


def _hashes(ranges: Sequence[Range]) -> list[bytes]:
    return hashes_of(ranges, read_nodes(nodes_of(ranges)))


# The same statement for any number of nodes, so that it is planned once.
_READ = text(
    "SELECT node.level, node.place, node.hash"
    " FROM unnest(CAST(:levels AS smallint[]), CAST(:places AS bigint[])) AS wanted (level, place)"
    " JOIN log_node AS node ON node.level = wanted.level AND node.place = wanted.place"
)


def read_nodes(wanted: set[Node]) -> dict[Node, bytes]:
    """Some nodes of the tree."""
    if not wanted:
        return {}
    levels, places = zip(*sorted(wanted), strict=True)
    rows = db.session.execute(_READ, {"levels": list(levels), "places": list(places)})
    return {(level, place): bytes(own) for level, place, own in rows}


def newest_head() -> TreeHead | None:
    """The newest signed head."""
    return db.session.scalars(select(TreeHead).order_by(TreeHead.id.desc()).limit(1)).first()


def first_head_over(position: int) -> TreeHead | None:
    """The first head whose tree has that leaf."""
    return db.session.scalars(
        select(TreeHead).where(TreeHead.size > position).order_by(TreeHead.size, TreeHead.id).limit(1)
    ).first()


def find_head(size: int) -> TreeHead | None:
    """The first head of that size."""
    return db.session.scalars(select(TreeHead).filter_by(size=size).order_by(TreeHead.id).limit(1)).first()


def newest_heads(*, limit: int = 30, before_size: int | None = None) -> Sequence[TreeHead]:
    """The newest heads, newest first; with ``before_size`` only those of a smaller log."""
    query = select(TreeHead).order_by(TreeHead.id.desc()).limit(limit)
    return db.session.scalars(query.where(TreeHead.size < before_size) if before_size is not None else query).all()


def published_keys() -> Sequence[LogKey]:
    """Every public key that has signed a head, by number."""
    return db.session.scalars(select(LogKey).order_by(LogKey.number)).all()


def find_position(kind: str, row_id: int) -> tuple[int, bytes] | None:
    """Where the leaf of a row stands, and its salt."""
    row = db.session.execute(select(LogLeaf.position, LogLeaf.salt).filter_by(kind=kind, row_id=row_id)).first()
    return None if row is None else (int(row.position), bytes(row.salt))


def inclusion(position: int, size: int) -> Inclusion:
    """The proof that a leaf stands at a position of the tree of a published size.

    Raises
    ------
    Invalid
        ``position_outside`` when that tree is not as long; ``size_unknown`` when no head is of that size.
    """
    _check_size(size)
    if not 0 <= position < size:
        raise Invalid("position_outside", N_("The log of that size has no such leaf."))
    ranges = [(position, position + 1), *inclusion_ranges(position, size)]
    own, *path = _hashes(ranges)
    return Inclusion(position, size, own, path)


def inclusion_of(leaf_hash: bytes, size: int) -> Inclusion:
    """As ``inclusion``, for whoever has a leaf and not its position; ``NotFound`` for a leaf that is not in that tree."""
    _check_size(size)
    place = db.session.scalar(
        select(LogNode.place).where(LogNode.level == 0, LogNode.hash == leaf_hash, LogNode.place < size).limit(1)
    )
    if place is None:
        raise NotFound("leaf_unknown", N_("There is no such leaf in the log of that size."))
    return inclusion(int(place), size)


def leaf_hashes(first: int, count: int) -> list[bytes]:
    """The hashes of leaves from a position on, as far as the newest head goes, for whoever computes the roots themselves."""
    head = newest_head()
    end = min(first + count, head.size if head is not None else 0)
    query = select(LogNode.hash).where(LogNode.level == 0, LogNode.place >= first, LogNode.place < end)
    return [bytes(one) for one in db.session.scalars(query.order_by(LogNode.place))]


def consistency(old_size: int, new_size: int) -> list[bytes]:
    """The proof that the tree of one published size begins with that of another.

    Raises
    ------
    Invalid
        ``sizes_invalid`` when the second is smaller; ``size_unknown``.
    """
    if old_size > new_size:
        raise Invalid("sizes_invalid", N_("The later size must not be smaller than the earlier one."))
    for size in {old_size, new_size}:
        _check_size(size)
    return _hashes(consistency_ranges(old_size, new_size))


def _check_size(size: int) -> None:
    """Only what was signed is proven: of what lies between two heads nobody outside has a root to compare with."""
    if db.session.scalar(select(TreeHead.id).where(TreeHead.size == size).limit(1)) is None:
        raise Invalid("size_unknown", N_("No head of that size has been published."))
