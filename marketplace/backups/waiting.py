"""Waiting for what another process does and tells nobody of: looked at again and again, up to a limit."""

import time
from collections.abc import Callable

_PAUSE_S = 0.05


def until(reached: Callable[[], bool], *, within_s: float) -> None:
    """Look until it is so.

    Raises
    ------
    TimeoutError
        When it is not so in time.
    """
    deadline = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not come about within {within_s:.0f} s")
        time.sleep(_PAUSE_S)
