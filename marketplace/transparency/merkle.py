"""The arithmetic of a Merkle tree: roots and proofs from stored nodes (RFC 6962, section 2.1). Pure, no database.

A *node* at ``(level, place)`` is the hash of the whole subtree over the leaves from ``place * 2**level`` up to
``(place + 1) * 2**level``; level 0 holds the leaves' own hashes. Only whole subtrees are nodes, so a node never changes when
leaves are added. The hash of any other range that a proof needs is folded from O(log n) nodes.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

Node = tuple[int, int]
Range = tuple[int, int]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry).

    >>> leaf_hash(b"").hex()[:8]
    '6e340b9c'
    """
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def cover(begin: int, end: int) -> list[Node]:
    """The fewest nodes over the leaves of a range that a proof can ask for, from left to right.

    Such a range begins at a multiple of the largest power of two in its length, so its nodes get smaller to the right.

    >>> cover(0, 7), cover(4, 7), cover(6, 7)
    ([(2, 0), (1, 2), (0, 6)], [(1, 2), (0, 6)], [(0, 6)])
    """
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash of a range from those of its ``cover``; the root of an empty tree from none."""
    if not hashes:
        return EMPTY_ROOT
    *rest, folded = hashes
    for left in reversed(rest):
        folded = node_hash(left, folded)
    return folded


def new_nodes(old_size: int, new_size: int) -> Iterator[tuple[int, range]]:
    """Which places of each level above the leaves are filled when a tree grows from one size to another.

    >>> list(new_nodes(3, 8))
    [(1, range(1, 4)), (2, range(0, 2)), (3, range(0, 1))]
    """
    level = 1
    while new_size >> level > old_size >> level:
        yield level, range(old_size >> level, new_size >> level)
        level += 1


def edge(old_size: int, new_size: int) -> set[Node]:
    """The nodes of the old tree that the new nodes stand over: one at most of each level.

    >>> sorted(edge(3, 8))
    [(0, 2), (1, 0)]
    """
    return {
        (level - 1, 2 * places.start)
        for level, places in new_nodes(old_size, new_size)
        if 2 * places.start < old_size >> (level - 1)
    }


def grown(size: int, hashes: Sequence[bytes], stored: Mapping[Node, bytes]) -> Iterator[tuple[int, int, bytes]]:
    """What a tree gains with some leaves' hashes, their own nodes too: (level, place, hash); ``stored`` is the ``edge``."""
    yield from ((0, size + at, own) for at, own in enumerate(hashes))
    fresh = list(hashes)
    for level, places in new_nodes(size, size + len(hashes)):
        left = (level - 1, 2 * places.start)
        below = [stored[left], *fresh] if left in stored else fresh
        fresh = [node_hash(below[2 * at], below[2 * at + 1]) for at in range(len(places))]
        yield from ((level, places.start + at, own) for at, own in enumerate(fresh))


def inclusion_ranges(position: int, size: int) -> list[Range]:
    """The ranges whose hashes are the audit path of a leaf, lowest first: PATH(m, D[n]) of the RFC.

    >>> inclusion_ranges(4, 7)
    [(5, 6), (6, 7), (0, 4)]
    """
    if not 0 <= position < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {position}")
    path = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if position < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    return path[::-1]


def consistency_ranges(old_size: int, new_size: int) -> list[Range]:
    """The ranges whose hashes show that a tree begins with an earlier one: PROOF(m, D[n]) of the RFC.

    >>> consistency_ranges(3, 7), consistency_ranges(4, 7), consistency_ranges(7, 7)
    ([(2, 3), (3, 4), (0, 2), (4, 7)], [(4, 7)], [])
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"a tree of {new_size} leaves does not begin with one of {old_size}")
    path: list[Range] = []
    begin, end = 0, new_size
    # The old root is known to whoever asks, as long as it is a node of its own on the way down.
    known = True
    while end > old_size:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin, known = middle, False
    if not known:
        path.append((begin, end))
    return path[::-1]


def _split(length: int) -> int:
    """The largest power of two that is smaller than a length of two or more."""
    return 1 << ((length - 1).bit_length() - 1)


def hashes_of(ranges: Sequence[Range], nodes: Mapping[Node, bytes]) -> list[bytes]:
    """The hash of each range from the nodes that cover it."""
    return [fold([nodes[node] for node in cover(*part)]) for part in ranges]


def nodes_of(ranges: Sequence[Range]) -> set[Node]:
    """All nodes that are needed for the hashes of some ranges."""
    return {node for part in ranges for node in cover(*part)}


def root_from_path(hash_of_leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf's audit path leads to: what whoever checks an inclusion compares with a head (RFC 9162, 2.1.3.2).

    Raises
    ------
    ValueError
        When a path of that length belongs to no leaf there.
    """
    ranges = inclusion_ranges(position, size)
    if len(path) != len(ranges):
        raise ValueError(f"the path of leaf {position} of {size} has {len(ranges)} hashes, not {len(path)}")
    found = hash_of_leaf
    for (begin, _end), sibling in zip(ranges, path, strict=True):
        found = node_hash(found, sibling) if begin > position else node_hash(sibling, found)
    return found


def roots_from_consistency(old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of both sizes that a consistency proof leads to, to be compared with the two heads.

    Raises
    ------
    ValueError
        When a proof of that length belongs to no such pair.
    """
    ranges = consistency_ranges(old_size, new_size)
    if len(proof) != len(ranges):
        raise ValueError(f"the proof from {old_size} to {new_size} has {len(ranges)} hashes, not {len(proof)}")
    known = dict(zip(ranges, proof, strict=True))
    if (0, old_size) not in known and old_size & (old_size - 1) == 0:
        known[0, old_size] = old_root
    if old_size == new_size:
        return old_root, old_root
    return _folded(0, new_size, old_size, known, cut=True), _folded(0, new_size, old_size, known, cut=False)


def _folded(begin: int, end: int, old_size: int, known: Mapping[Range, bytes], *, cut: bool) -> bytes:
    """The hash of a range, or with ``cut`` of the part of it that the old tree had, from the ranges of a proof."""
    if (begin, end) in known:
        return known[begin, end]
    middle = begin + _split(end - begin)
    if cut and middle >= old_size:
        return _folded(begin, middle, old_size, known, cut=True)
    left = _folded(begin, middle, old_size, known, cut=cut)
    return node_hash(left, _folded(middle, end, old_size, known, cut=cut))


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves' hashes in memory, level by level; an odd one at the end of a level goes up as it is."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        above = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = above + level[len(above) * 2 :]
    return level[0]
