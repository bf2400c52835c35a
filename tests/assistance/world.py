"""A village with officers in duty, a helper unit and households, for the tests of assistance."""

from dataclasses import dataclass, field
from datetime import date

from marketplace.assistance.duty.models import DutyOfficer, Rank
from marketplace.assistance.duty.officers import enter_officer
from marketplace.assistance.needs.helping import approve_helper, enter_helper
from marketplace.assistance.needs.models import HelperKind, HelperUnit, Need, NeedKind
from marketplace.assistance.needs.raising import raise_need, verify_need
from marketplace.identity.models import Account, RoleKind
from marketplace.registry.models import Household
from tests import factories
from tests.factories import NOW

COUNTY = "522636"
TOWNSHIP = "522636100"
BESIDE = "522636200001"


@dataclass
class World:
    """Who acts and on what."""

    first: Account
    second: Account
    households: list[Household] = field(default_factory=list)


def world(households: int = 3, village: str = factories.VILLAGE) -> World:
    """Two officers of the county, and so many registered households of a village."""
    factories.area(village)
    first = factories.account((RoleKind.OFFICER, COUNTY), name="第一")
    second = factories.account((RoleKind.OFFICER, COUNTY), name="第二")
    own = [factories.household(village, registered_from=date(2020, 1, 1)) for _ in range(households)]
    return World(first, second, own)


def in_duty(here: World, rank: Rank = Rank.OTHER, area_code: str = factories.VILLAGE, name: str = "帮扶人") -> DutyOfficer:
    """An officer in duty, of a rank and a place."""
    factories.area(area_code)
    account = factories.account((RoleKind.OFFICER, area_code), name=name)
    return enter_officer(account, rank, area_code, by=here.first, now=NOW)


def helper(here: World, *can: NeedKind, quota: int = 5, area_code: str = COUNTY, name: str = "农技协会") -> HelperUnit:
    """A helper unit that an officer has looked at."""
    account = factories.account((RoleKind.ENTERPRISE, ""), name=name)
    unit = enter_helper(HelperKind.SOCIETY, name, area_code, list(can) or [NeedKind.SKILL], quota, by=account, now=NOW)
    assert approve_helper(unit, by=here.first, now=NOW)
    return unit


def acts_for(unit: HelperUnit) -> Account:
    """Who acts for a helper unit."""
    account = factories.db.session.get(Account, unit.account_id)
    assert account is not None
    return account


def open_need(
    here: World, kind: NeedKind = NeedKind.SKILL, household: Household | None = None, card: str = "想学果树修剪"
) -> Need:
    """A need that was verified."""
    need = raise_need(kind, "家里有五亩果树，没人会修剪", by=here.first, now=NOW, household=household or here.households[0])
    assert verify_need(need, card, by=here.second, now=NOW)
    return need
