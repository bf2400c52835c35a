"""The demo's audits of Danzhai: a closed round, and the next with its auditor. What was found is made up and true of nobody."""

from datetime import datetime, timedelta
from random import Random

from marketplace.audits.models import StratumKind, Unreached
from marketplace.audits.queries import own_households, own_payments, own_projects
from marketplace.audits.service import (
    ASKED,
    HouseholdFindings,
    assign_auditor,
    close_round,
    draw_sample,
    find_at_household,
    find_of_payment,
    find_of_project,
    open_round,
    propose_closing,
)
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import officers_over
from marketplace.identity.service import create_account

_PROVINCE, _COUNTY = "52", "522636"
# How often a question is answered with yes, and at how many doors nobody is met.
_YES = {
    (StratumKind.REGISTERED, "in_place"): 0.97,
    (StratumKind.REGISTERED, "fits_cause"): 0.88,
    (StratumKind.REGISTERED, "visited"): 0.92,
    (StratumKind.REGISTERED, "satisfied"): 0.94,
    (StratumKind.EXITED, "in_place"): 0.985,
    (StratumKind.EXITED, "satisfied"): 0.93,
    (StratumKind.UNREGISTERED, "in_place"): 0.985,
}
_NOBODY, _PAYMENT_WELL, _PROJECT_WELL = 0.04, 0.96, 0.95


def add_audit(password: str, *, now: datetime) -> list[tuple[str, str]]:
    """Audit the county by somebody of the province; answers the account to try (what, login)."""
    first, second = [each for each in officers_over(_PROVINCE) if any(role.scope_code == _PROVINCE for role in each.roles)][:2]
    login = "auditor-guizhou"
    auditor = create_account(login, "贵州省外部审计（演示）", password, now=now, roles=[(RoleKind.AUDITOR, _PROVINCE)])
    rng, drawn_at, end = Random(20), now - timedelta(days=30), now - timedelta(days=3)
    row = open_round(_COUNTY, by=first, now=drawn_at - timedelta(days=1))
    draw_sample(row, by=first, now=drawn_at)
    assign_auditor(row, auditor, _COUNTY, by=first, now=drawn_at)
    for at, (unit, _) in enumerate(own_households(auditor, row)):
        find_at_household(unit, _found(StratumKind(unit.kind), rng), by=auditor, now=drawn_at + timedelta(hours=at))
    for own, _ in own_payments(auditor, row):
        well = rng.random() < _PAYMENT_WELL
        find_of_payment(own, well, well or rng.random() < 0.5, by=auditor, now=end)
    for built, _ in own_projects(auditor, row):
        find_of_project(built, rng.random() < _PROJECT_WELL, rng.random() < _PROJECT_WELL, by=auditor, now=end)
    propose_closing(row, by=first, now=end)
    close_round(row, by=second, now=now - timedelta(days=2))
    following = open_round(_COUNTY, by=first, now=now - timedelta(days=1))
    draw_sample(following, by=first, now=now)
    assign_auditor(following, auditor, _COUNTY, by=first, now=now)
    return [("auditor from outside, who looked at a sample drawn by chance in Danzhai", login)]


def _found(kind: StratumKind, rng: Random) -> HouseholdFindings:
    if rng.random() < _NOBODY:
        return HouseholdFindings(unreached=Unreached.AWAY)
    return HouseholdFindings(**{name: rng.random() < _YES[kind, name] for name in ASKED[kind]})
