"""Named places between the steps of work that must survive a crash anywhere.

``step("refund.sent")`` does nothing. A test arms a name, and the process then dies or fails right there; what is left in the
database and at others must be something that the next run can finish or take back.
"""

from collections.abc import Callable

_armed: dict[str, Callable[[], None]] = {}


def step(name: str) -> None:
    """Say that the work has come to this place."""
    if _armed:
        act = _armed.get(name)
        if act is not None:
            act()


def arm(name: str, act: Callable[[], None]) -> None:
    """Have ``act`` called whenever the work comes to the place of this name."""
    _armed[name] = act


def disarm() -> None:
    """Let all work run through again."""
    _armed.clear()
