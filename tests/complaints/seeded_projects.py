"""A province of projects in which faults were put by chance, in a file that imports nothing of how risk is scored.

Who runs a project is careful, careless or cheats, which nobody sees. The careless fall behind and the cheats favour a firm or
cut a project into parts; either makes faults likelier, and each sign also comes up where all is in order: rain delays a road,
a county has three firms that can build it, and a village wants two small things in one year. Weights, caps and scores are
unknown here.
"""

import random

from marketplace.complaints.risk import Signs
from tests.complaints.seeded_world import Thing

KINDS = {"careful": 0.76, "careless": 0.14, "cheats": 0.10}
FAULTY = {"careful": 0.05, "careless": 0.45, "cheats": 0.65}


def projects(number: int, seed: int) -> list[Thing]:
    """So many projects of one seed."""
    chance = random.Random(seed)
    return [_project(chance) for _ in range(number)]


def _project(chance: random.Random) -> Thing:
    (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
    faulty = chance.random() < FAULTY[kind]
    complaints = sum(chance.random() < (0.22 if faulty else 0.06) for _ in range(6))
    # Money that ran ahead of the work, or work that nobody has paid yet.
    apart = chance.random() < {"careful": 0.2, "careless": 0.55, "cheats": 0.4}[kind]
    gap = chance.randrange(2_000, 9_000) if apart else chance.randrange(0, 2_000)
    late = sum(chance.random() < (0.45 if kind == "careless" else 0.2) for _ in range(3))
    contractor = sum(chance.random() < (0.5 if kind == "cheats" else 0.3) for _ in range(4))
    split = sum(chance.random() < 0.4 for _ in range(3)) if kind == "cheats" else int(chance.random() < 0.12)
    before = sum(chance.random() < (0.1 if kind == "careful" else 0.25) for _ in range(2))
    signs = Signs(
        complaints=complaints,
        gap=gap,
        late=late,
        contractor=contractor,
        split=split,
        before=before,
        size=chance.randrange(5_000_000, 200_000_000),
    )
    return Thing(signs, faulty)
