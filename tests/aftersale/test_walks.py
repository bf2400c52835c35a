"""Whatever happens after a sale and in whatever order: money, goods, parcel and claims agree after every step, and all ends."""

from collections import Counter
from itertools import count

from sqlalchemy.orm import Session

from tests.aftersale.walk import MOVES, Walk

WALKS, MOST_WALKS, STEPS = 8, 60, 16


def test_after_every_step_all_agree_and_in_the_end_nothing_is_left(session: Session) -> None:
    done: Counter[str] = Counter()
    # Walks that never come by a move show nothing of it.
    for seed in count():
        missing = {move.__name__ for move in MOVES} - done.keys()
        if seed >= WALKS and not missing:
            break
        assert seed < MOST_WALKS, missing
        walk = Walk(seed)
        walk.go(STEPS)
        walk.end()
        done += walk.done
