"""Households by which notches are shown: made up, each like many that there are. Pure, no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from marketplace.assistance.safety_net.benefits import BenefitKind, read_benefit
from marketplace.assistance.safety_net.facts import FACTS, LINES, Unit
from marketplace.assistance.safety_net.notches import MOST_COUNTED, Notch, curve, notches
from marketplace.kernel.errors import N_

_UP_TO_PERCENT = 250

TYPICAL: dict[str, tuple[str, Mapping[str, int | bool]]] = {
    "family": (
        N_("Four persons, two children at school"),
        {"persons": 4, "children_16": 2, "pupils_compulsory": 2, "registered": True},
    ),
    "illness": (
        N_("Three persons, one gravely ill"),
        {
            "persons": 3,
            "gravely_ill": 1,
            "without_labour": 1,
            "medical_fen": 1_500_000,
            "necessary_fen": 1_500_000,
            "registered": True,
        },
    ),
    "elders": (
        N_("Two old persons"),
        {"persons": 2, "elders_60": 2, "elders_80": 1, "without_labour": 2, "registered": True},
    ),
    "single": (N_("One person alone"), {"persons": 1, "registered": True}),
}


@dataclass(frozen=True)
class Shown:
    """The notches of a typical household and its curve of income and what it has with benefits, in fen."""

    notches: tuple[Notch, ...]
    curve: tuple[tuple[int, int], ...]
    up_to_fen: int


Texts = tuple[tuple[str, str, str, str], ...]


@lru_cache(maxsize=64)
def shown(name: str, texts: Texts, lines_fen: tuple[tuple[str, int], ...], points: int = 13) -> Shown:
    """The notches of a typical household up to two and a half times its line; kept, for every fen is asked.

    Parameters
    ----------
    texts : tuple of (code, kind, condition, amount)
        The benefits that hold.
    lines_fen : tuple of (name, fen)
        The lines that are set.
    """
    lines = dict(lines_fen)
    zero = {fact.name: False if fact.unit is Unit.YES_NO else 0 for fact in FACTS.values() if fact.name not in LINES}
    facts: dict[str, int | bool] = {**zero, **TYPICAL[name][1], **lines}
    up_to_fen = max(lines.values(), default=400_000) * int(facts["persons"]) * _UP_TO_PERCENT // 100
    benefits = [read_benefit(code, BenefitKind(kind), condition, amount) for code, kind, condition, amount in texts]
    return Shown(
        tuple(notches(benefits, facts, up_to_fen, MOST_COUNTED)),
        tuple(curve(benefits, facts, up_to_fen, points=points)),
        up_to_fen,
    )
