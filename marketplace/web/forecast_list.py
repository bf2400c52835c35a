"""The households to call on first: one list for pages and programs, and whoever reads it is written down with it."""

from marketplace.forecasts.models import ForecastRun, RelapseRisk
from marketplace.forecasts.queries import risks_of
from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach
from marketplace.registry.reading_log import RISK, note_readings

# So many households can be called on before the list is made anew.
_SHOWN = 100


def households_to_call_on(run: ForecastRun, reach: Reach, *, by: Account) -> list[tuple[RelapseRisk, Household]]:
    """The hundred households within the reach that a run puts highest; each is told that an office has looked."""
    with transaction():
        found = risks_of(run, reach, _SHOWN)
        note_readings(((household.id, household.village_code) for _risk, household in found), by, RISK, now=clock.now())
    return found
