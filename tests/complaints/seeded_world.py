"""A county of things to inspect in which faults were put by chance, in a file that imports nothing of how risk is scored.

Whoever runs a thing is careful or careless, which nobody sees. Carelessness makes faults likelier, and it makes each sign
likelier a little, each for a reason of its own; every sign also comes up where all is in order. Weights, caps and scores are
unknown here.
"""

import random
from dataclasses import dataclass

from marketplace.complaints.risk import Signs

CARELESS = 0.2
FAULTY = {True: 0.55, False: 0.05}


@dataclass(frozen=True)
class Thing:
    """Something that can be inspected, and what an inspector would find."""

    signs: Signs
    faulty: bool


def things(number: int, seed: int) -> list[Thing]:
    """So many things of one seed."""
    chance = random.Random(seed)
    return [_thing(chance) for _ in range(number)]


def _thing(chance: random.Random) -> Thing:
    careless = chance.random() < CARELESS
    faulty = chance.random() < FAULTY[careless]
    # Few people complain, and of some things that are in order as well.
    complaints = sum(chance.random() < (0.25 if faulty else 0.08) for _ in range(6))
    # A careless office is behind time more often; so is one whose road was washed away.
    late = chance.random() < (0.6 if careless else 0.25)
    gap = chance.randrange(1_500, 8_000) if late else chance.randrange(0, 1_500)
    kept = chance.random() < (0.5 if careless else 0.2)
    idle = chance.randrange(2_000, 9_000) if kept else chance.randrange(0, 2_000)
    before = sum(chance.random() < (0.3 if careless else 0.1) for _ in range(3))
    return Thing(Signs(complaints, gap, idle, before, chance.randrange(10_000_000, 500_000_000)), faulty)
