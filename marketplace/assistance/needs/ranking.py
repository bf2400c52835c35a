"""Which helper units suit a need, and why. Pure, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from marketplace.kernel.errors import N_
from marketplace.regions.models import Level

_NEAR = {
    int(Level.VILLAGE): "township",
    int(Level.TOWNSHIP): "township",
    int(Level.COUNTY): "county",
    int(Level.CITY): "city",
    int(Level.PROVINCE): "province",
    0: "beyond",
}
REASONS = {
    "township": N_("from the same township"),
    "county": N_("from the same county"),
    "city": N_("from the same prefecture"),
    "province": N_("from the same province"),
    "beyond": N_("from farther away"),
}


@dataclass(frozen=True)
class Helper:
    """A helper unit as ranking sees it: where it is, what it can do, its quota, what it kept and let lapse of that kind."""

    area_code: str
    can: frozenset[str]
    quota: int
    busy: int
    kept: int = 0
    lapsed: int = 0

    @property
    def free(self) -> int:
        """How many needs it may still take on."""
        return max(0, self.quota - self.busy)


@dataclass(frozen=True)
class Fit:
    """How well a helper unit suits a need, from nothing to one, and what that is made of."""

    near: str
    nearness: float
    kept_rate: float
    free_share: float

    @property
    def score(self) -> float:
        """``nearness * kept_rate * (1 + free_share) / 2``: a unit that is nearly full counts at least half."""
        return self.nearness * self.kept_rate * (1 + self.free_share) / 2


def fit_of(kind: str, area_code: str, helper: Helper, nearness: Mapping[str, float], prior: Mapping[str, float]) -> Fit | None:
    """How a helper unit suits a need of a kind somewhere; None when it cannot do that or has no place left.

    Parameters
    ----------
    nearness : mapping
        Hundredths by ``township``, ``county``, ``city``, ``province``, ``beyond``: the smallest area that holds both.
    prior : mapping
        ``kept`` and ``lapsed``: the Beta prior of keeping a pledge. The rate is its posterior mean,
        ``(prior kept + kept) / (prior kept + prior lapsed + kept + lapsed)``.

    Examples
    --------
    >>> near = {"township": 100, "county": 85, "city": 70, "province": 60, "beyond": 50}
    >>> helper = Helper("522636", frozenset({"skill"}), quota=4, busy=2, kept=3, lapsed=0)
    >>> fit = fit_of("skill", "522636100001", helper, near, {"kept": 2, "lapsed": 1})
    >>> fit.near, round(fit.kept_rate, 3), round(fit.score, 4), fit_of("money", "522636100001", helper, near, {}) is None
    ('county', 0.833, 0.5312, True)
    """
    if kind not in helper.can or not helper.free:
        return None
    size = next(
        each
        for each in sorted(_NEAR, reverse=True)
        if helper.area_code[:each] == area_code[:each] and len(helper.area_code) >= each
    )
    tried = prior["kept"] + prior["lapsed"] + helper.kept + helper.lapsed
    kept_rate = (prior["kept"] + helper.kept) / tried if tried else 0.5
    return Fit(_NEAR[size], nearness[_NEAR[size]] / 100, kept_rate, helper.free / helper.quota)


def ranked(
    kind: str,
    area_code: str,
    helpers: Mapping[int, Helper],
    nearness: Mapping[str, float],
    prior: Mapping[str, float],
) -> list[tuple[int, Fit]]:
    """The helper units that suit a need, the best first; of equals the one entered first."""
    found = ((number, fit_of(kind, area_code, helper, nearness, prior)) for number, helper in helpers.items())
    return sorted(_there(found), key=lambda pair: (-pair[1].score, pair[0]))


def _there(found: Iterable[tuple[int, Fit | None]]) -> list[tuple[int, Fit]]:
    return [(number, fit) for number, fit in found if fit is not None]
