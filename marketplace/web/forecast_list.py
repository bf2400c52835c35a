"""The households to call on first: one list for pages and programs, and whoever reads it is written down with it."""

from dataclasses import dataclass

from marketplace.forecasts.models import ForecastRun
from marketplace.forecasts.queries import risks_of
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.registry.reading import Reach
from marketplace.registry.reading_log import RISK, note_readings_of_day
from marketplace.web.access import reach_as

# So many households can be called on before the list is made anew.
_SHOWN = 100


@dataclass(frozen=True)
class HouseholdToCallOn:
    """A household, how likely it is to fall back and why; ``file`` is None for a reader who may not open it."""

    file: str | None
    code: str
    probability: float
    reasons: dict[str, float]


def households_to_call_on(run: ForecastRun, reach: Reach, *, by: Account) -> list[HouseholdToCallOn]:
    """The hundred households within the reach that a run puts highest; each is told that an office has looked that day."""
    files = reach_as(RoleKind.OFFICER)
    with transaction():
        found = risks_of(run, reach, _SHOWN)
        note_readings_of_day(((household.id, household.village_code) for _, household in found), by, RISK, now=clock.now())
        # Read out before the commit, after which each row would be asked for anew.
        return [
            HouseholdToCallOn(
                household.public_id if files.holds(household.village_code) else None,
                household.code,
                risk.probability,
                risk.reasons,
            )
            for risk, household in found
        ]
