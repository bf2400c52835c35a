"""Drawing a sample: what is looked at follows from a seed and the frame alone, so that anybody can draw it again. Pure."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate


def seed_hash(seed: str) -> str:
    """The commitment to a seed: SHA-256 of its text, in hexadecimal figures.

    >>> seed_hash("abc")[:16]
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(seed.encode()).hexdigest()


def frame_hash(households: Iterable[tuple[str, str, str]], amounts: Mapping[str, int]) -> str:
    """SHA-256 of everything that was drawn from.

    Parameters
    ----------
    households : iterable of (kind, township, public id)
    amounts : mapping of str to int
        Fen by the reference of a payment or a project.
    """
    lines = sorted(" ".join(one) for one in households) + sorted(f"{name} {fen}" for name, fen in amounts.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def shares(sizes: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many are drawn of each stratum: in proportion, rounded up, at least two where there are two, never more than all.

    >>> shares({"a": 600, "b": 390, "c": 10, "d": 1}, 20)
    {'a': 12, 'b': 8, 'c': 2, 'd': 1}
    """
    whole = sum(sizes.values())
    return {name: min(size, max(2, -(-wanted * size // whole))) for name, size in sizes.items() if size}


def drawn(seed: str, names: Iterable[str], count: int) -> list[str]:
    """So many of these names: those whose SHA-256 with the seed is least, which is as good as chance to who has no seed.

    >>> drawn("s", ["a", "b", "c"], 2) == drawn("s", ["c", "b", "a"], 2)
    True
    """
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())[:count]


def drawn_fen(seed: str, amounts: Mapping[str, int], count: int, *, what: str = "fen") -> dict[str, int]:
    """How often each payment or project comes when so many fen are drawn, each alike and put back (monetary unit sampling).

    The part of drawn fen that were well spent estimates the part of all fen that were, without any weight.

    >>> drawn_fen("s", {"small": 1, "large": 10**12}, 3)
    {'large': 3}
    """
    names = sorted(amounts)
    ends = list(accumulate(amounts[name] for name in names))
    found: dict[str, int] = {}
    for number in range(count if ends else 0):
        # 256 bits over at most some trillions of fen: what is left over by the remainder is nothing anybody could use.
        at = int.from_bytes(hashlib.sha256(f"{seed}:{what}:{number}".encode()).digest()) % ends[-1]
        name = names[bisect_right(ends, at)]
        found[name] = found.get(name, 0) + 1
    return found
