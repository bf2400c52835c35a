"""When less can be brought than was promised: registered households' goods are kept first, then all others in proportion.

The rule is the same whatever is short: a week that yields less, a declaration that is taken back, a delivery of which the
buyer or the road takes less. It is exact in grams, and each part that is cut keeps why, and from how much.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.money import split_fen
from marketplace.sourcing.models import PlanPart, SupplyWeek
from marketplace.sourcing.states import PLAN_PARTS, PlanPartAction, PlanPartState

WHOLE_BP = 10_000
# What is promised and not yet an order; an order of the shop has the shop's own rule for harvests that fall short.
CUTTABLE = (PlanPartState.ASKED, PlanPartState.ACCEPTED)
PROMISED = (*CUTTABLE, PlanPartState.ORDERED)


class Why(enum.StrEnum):
    """Why parts were cut."""

    YIELD = "yield"
    WITHDRAWN = "withdrawn"
    LESS_TAKEN = "less_taken"
    CAME_SHORT = "came_short"


@dataclass(frozen=True)
class Claim:
    """What a part was promised to bring, in grams, and how much of that is registered households'."""

    grams: int
    benefit_bp: int

    @property
    def registered_g(self) -> int:
        """The registered grams, rounded down."""
        return self.grams * self.benefit_bp // WHOLE_BP


def keep(claims: Mapping[int, Claim], available_g: int) -> dict[int, int]:
    """What each claim keeps of what is left: registered grams first, then the others, within each in proportion.

    Parameters
    ----------
    claims : mapping of key to Claim
    available_g : int
        What can be brought in all, in grams; at least 0.

    Returns
    -------
    dict of key to int
        Grams, none above its claim; they sum to what is available, or to all that is claimed where that is less.

    Examples
    --------
    60 of 120 kg have come. The registered household keeps its 40 kg, the two others share the rest as 60 to 20.

    >>> keep({1: Claim(40, 10_000), 2: Claim(60, 0), 3: Claim(20, 0)}, 60)
    {1: 40, 2: 15, 3: 5}
    """
    if available_g < 0:
        raise ValueError("less than nothing cannot be available")
    registered = {key: claim.registered_g for key, claim in claims.items()}
    others = {key: claim.grams - registered[key] for key, claim in claims.items()}
    first = _share_out(registered, available_g)
    rest = _share_out(others, available_g - sum(first.values()))
    return {key: first[key] + rest[key] for key in claims}


def _share_out(claimed: Mapping[int, int], available_g: int) -> dict[int, int]:
    whole = sum(claimed.values())
    return dict(claimed) if whole <= available_g else split_fen(available_g, claimed)


def settle_weeks(grams_by_week: Mapping[int, int], why: Why, *, actor: str, now: datetime) -> list[PlanPart]:
    """Set what weeks can give, and cut what was promised beyond it; answers the parts that were cut.

    What has become an order stays promised: a week never gives less than that here, and the order has its own rule.
    """
    weeks = lock_rows(SupplyWeek, list(grams_by_week))
    parts = _lock_parts(select(PlanPart.id).where(PlanPart.week_id.in_(grams_by_week), PlanPart.state.in_(PROMISED)))
    cut: list[PlanPart] = []
    for week_id, given in sorted(grams_by_week.items()):
        week = weeks[week_id]
        mine = [part for part in parts if part.week_id == week_id]
        ordered_g = sum(part.grams for part in mine if part.state == PlanPartState.ORDERED)
        loose = {part.id: part for part in mine if part.state in CUTTABLE}
        cut += _bring_to(loose, max(0, given - ordered_g), why, actor=actor, now=now)
        week.committed_g = ordered_g + sum(part.grams for part in loose.values() if part.state in CUTTABLE)
        # A week is at least a gram and at least what is promised of it; one that was taken back is open to nobody.
        week.grams = max(given, week.committed_g, 1)
    db.session.flush()
    return cut


def settle_delivery(delivery_id: int, available_g: int, why: Why, *, actor: str, now: datetime) -> list[PlanPart]:
    """Bring what was promised to one delivery down to what can be taken of it; answers the parts that were cut."""
    promised = PlanPart.delivery_id == delivery_id, PlanPart.state.in_(PROMISED)
    weeks = lock_rows(SupplyWeek, list(db.session.scalars(select(PlanPart.week_id).where(*promised))))
    parts = _lock_parts(select(PlanPart.id).where(*promised, PlanPart.week_id.in_(weeks)))
    ordered_g = sum(part.grams for part in parts if part.state == PlanPartState.ORDERED)
    loose = {part.id: part for part in parts if part.state in CUTTABLE}
    before = {part.id: part.grams for part in loose.values()}
    cut = _bring_to(loose, max(0, available_g - ordered_g), why, actor=actor, now=now)
    for part in cut:
        left = part.grams if part.state in CUTTABLE else 0
        weeks[part.week_id].committed_g -= before[part.id] - left
    db.session.flush()
    return cut


def _lock_parts(ids: Select[tuple[int]]) -> list[PlanPart]:
    # Weeks before parts, each in the order of ids: as everybody does who changes both.
    found = lock_rows(PlanPart, list(db.session.scalars(ids)))
    return [part for _, part in sorted(found.items())]


def _bring_to(parts: Mapping[int, PlanPart], available_g: int, why: Why, *, actor: str, now: datetime) -> list[PlanPart]:
    kept = keep({key: Claim(part.grams, part.benefit_bp) for key, part in parts.items()}, available_g)
    cut = []
    for key, part in parts.items():
        if kept[key] == part.grams:
            continue
        before, part.reason = part.grams, f"{why}:{part.grams}"
        if kept[key]:
            part.grams = kept[key]
        else:
            part.state = PLAN_PARTS.next_state(PlanPartState(part.state), PlanPartAction.CUT) or part.state
        cut.append(part)
        data = {"why": why.value, "before_g": before, "kept_g": kept[key], "benefit_bp": part.benefit_bp}
        audit.record("plan_part.cut", "plan_part", part.public_id, actor=actor, at=now, **data)
    return cut
