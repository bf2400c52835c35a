"""Answers kept in memory for some seconds: at most so many, each under everything that it depends on.

What is kept here may be a few seconds old and says so where it is used. It never holds anything that belongs to a person, and
nothing that a purchase relies on. Each process keeps its own.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
_switch = {"on": True}


def keep_nothing() -> None:
    """Make every answer anew from now on, as tests need it whose worlds come and go."""
    _switch["on"] = False


def keep_again() -> None:
    """Keep answers again."""
    _switch["on"] = True


class Kept(Generic[Answer]):
    """Answers by key, each for ``seconds``; beyond ``most`` the one that was asked for longest ago makes room.

    One that is too old is made anew by whoever asks first; the others go on with the old one meanwhile.
    """

    def __init__(self, *, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._held: OrderedDict[Hashable, tuple[float, Answer]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer under a key, made by ``make`` where none is fresh. Two that miss one that never was both make it."""
        if not _switch["on"]:
            return make()
        now = self._clock()
        with self._lock:
            held = self._held.get(key)
            if held is not None and now - held[0] < self._seconds:
                self._held.move_to_end(key)
                return held[1]
            if held is not None:
                self._held[key] = (now, held[1])
        try:
            made = make()
        except BaseException:
            with self._lock:
                self._held.pop(key, None)
            raise
        with self._lock:
            self._held[key] = (now, made)
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._held)
