"""What pages and programs of cases share: who takes a step, what was read, and the case that is asked for."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.cases.opening import open_entry, open_exit, open_monitoring
from marketplace.registry.cases.permissions import Taker
from marketplace.registry.models import Case, CaseKind, CaseSource, Household, Risk
from marketplace.registry.reading_log import note_readings
from marketplace.web.access import account


def taker() -> Taker:
    """The officer, who takes a step."""
    return Taker(account())


def note_reading(households: Iterable[Household], part: str, now: datetime) -> None:
    """Write down that the officer has read who these households are."""
    note_readings(((household.id, household.village_code) for household in households), account(), part, now=now)


def opened(household: Household, form: dict[str, Any], *, now: datetime) -> Case:
    """The case that a form or a program asks for."""
    source, reason = CaseSource(form["source"]), form["reason"]
    if form["kind"] == CaseKind.ENTRY:
        return open_entry(household, source, taker(), now=now, reason=reason)
    if form["kind"] == CaseKind.EXIT:
        if source is CaseSource.HOUSEHOLD:
            raise Invalid("source_unfit", N_("An exit is proposed by officers. The household is asked whether it agrees."))
        return open_exit(household, source, taker(), now=now, reason=reason)
    if not form["risk"]:
        raise Invalid("risk_needed", N_("Please say what kind of risk it is."))
    return open_monitoring(household, Risk(form["risk"]), source, taker(), now=now, reason=reason)
