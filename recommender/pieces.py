"""Work cut into pieces that fit the cache, done by several threads; numpy lets go of the interpreter while it computes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def each_piece(work: Callable[[Piece], Answer], pieces: Iterable[Piece], threads: int) -> list[Answer]:
    """Return the answers in the order of the pieces, whatever the number of threads.

    Parameters
    ----------
    work : function of a piece
        Must not depend on other pieces.
    pieces : iterable
    threads : int
        0 takes as many as there are cores.

    Examples
    --------
    >>> each_piece(lambda piece: piece * piece, [3, 1, 2], threads=2)
    [9, 1, 4]
    """
    wanted = threads or os.cpu_count() or 1
    if wanted == 1:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(wanted) as pool:
        return list(pool.map(work, pieces))


def slices(total: int, size: int) -> list[slice]:
    """Cut the places 0..total into slices of at most a size.

    >>> slices(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]
