"""A year of cases in one village of the demo: some in, one out, one watched, a round on its notice, an alert, an objection.

The steps are taken by the same services that officers use, on the days on which they would have been.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import find_account_by_login, officers_over
from marketplace.identity.service import create_account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.names import called
from marketplace.regions.queries import get_area
from marketplace.registry.cases.comparison import compare
from marketplace.registry.cases.notices import open_notices
from marketplace.registry.cases.objections import object_to
from marketplace.registry.cases.opening import open_entry, open_exit, open_monitoring
from marketplace.registry.cases.permissions import Taker
from marketplace.registry.cases.rounds import Votes, hold_assembly, live_cases, take_round
from marketplace.registry.cases.samples import current_sample, decide_sample, record_finding, visits_of
from marketplace.registry.cases.taking import take
from marketplace.registry.filing import ID_NUMBER, Noting, add_member, find_head
from marketplace.registry.id_numbers import check_character
from marketplace.registry.models import (
    Case,
    CaseAction,
    CaseSource,
    Department,
    Household,
    How,
    Risk,
    Round,
)
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import open_text
from marketplace.registry.service import add_household

A = CaseAction
# No county's code begins with 00; the made-up county has 002636.
_NOBODYS_COUNTY = "002637"
_FAMILIES = "杨潘王李吴石龙张陈罗"
_GIVEN = ("阿山", "老桥", "秀英", "光明", "文德", "小妹", "正才", "桂花", "昌林", "玉珍")


class _Offices:
    """Two officers at each of the three levels over a village; those who are not there yet are appointed."""

    def __init__(self, village: str, password: str, now: datetime) -> None:
        found = officers_over(village)
        self.logins: list[tuple[str, str]] = []
        self.village, self.township, self.county = (
            self._two(village[:length], [each for each in found if _is_of(each, village[:length])], password, now)
            for length in (12, 9, 6)
        )

    def _two(self, code: str, there: list[Account], password: str, now: datetime) -> list[Account]:
        while len(there) < 2:
            name = called(get_area(code).name)
            what = {12: "village", 9: "township", 6: "county"}[len(code)]
            login = f"{what}-cases" if not there else f"{what}-second"
            there.append(create_account(login, f"{name}{len(there) + 1}", password, now=now, roles=[(RoleKind.OFFICER, code)]))
            self.logins.append((f"officer of {name}, who takes other steps than the first", login))
        return there[:2]


def _is_of(account: Account, code: str) -> bool:
    return any(role.kind == RoleKind.OFFICER and role.scope_code == code for role in account.roles)


def add_cases(password: str, *, now: datetime) -> list[tuple[str, str]]:
    """Let a year of cases happen in the village of the demo's village officer; answers the accounts to try (what, login)."""
    officer = find_account_by_login("village")
    if officer is None:
        raise RuntimeError("the village's officer is appointed before its cases")
    village = officer.roles[0].scope_code
    offices = _Offices(village, password, now)
    newcomers = _newcomers(village, 9, offices.village[1], now - timedelta(days=360))
    poor, others = newcomers[:4], newcomers[4:]
    _whole_entry(poor, offices, now - timedelta(days=340))
    _lifted(poor[0], offices, now - timedelta(days=80))
    _proposed(poor[1], offices, now - timedelta(days=9))
    _on_a_list(poor[2], offices, now - timedelta(days=2))
    _on_notice(others[:3], offices, now - timedelta(days=3))
    _watched(others[3], offices, now - timedelta(days=60))
    _hint(others[4], offices, now - timedelta(days=12))
    return offices.logins


def _newcomers(village: str, count: int, by: Account, at: datetime) -> list[Household]:
    """Households that sell nothing, with codes that no seller of the village has."""
    made = []
    for number in range(count):
        household = add_household(f"{village}{9000 + number}", now=at)
        _head(household, number, by, at)
        made.append(household)
    return made


def _head(household: Household, number: int, by: Account, at: datetime) -> None:
    digits = f"{_NOBODYS_COUNTY}19{60 + number:02d}0{1 + number % 9}1{number % 10}{int(household.code[-4:]) % 1000:03d}"
    typed = {
        "name": _FAMILIES[number % len(_FAMILIES)] + _GIVEN[number % len(_GIVEN)],
        "id_number": digits + check_character(digits),
        "relation": "head",
    }
    add_member(household, typed, Noting(by, How.TOLD, at), joined_on=local_day(at))


def _apply(households: Sequence[Household], offices: _Offices, at: datetime) -> tuple[Round, list[Case]]:
    cases = [open_entry(each, CaseSource.HOUSEHOLD, Taker(offices.village[1]), now=at) for each in households]
    return db.session.get_one(Round, cases[0].round_id), cases


def _vote(of: Round, offices: _Offices, at: datetime) -> None:
    votes = {case.public_id: Votes(31 + number, 4) for number, case in enumerate(live_cases(of))}
    hold_assembly(of, local_day(at), 52, 41, votes, Taker(offices.village[0]), now=at)
    take_round(of, A.PUBLISH_FIRST, Taker(offices.village[0]), now=at + timedelta(hours=2))


def _look(of: Round, visitor: Account, decider: Account, at: datetime) -> None:
    sample = current_sample(of)
    if sample is None:
        raise RuntimeError("the round waits for no sample")
    for _visit, case, _household in visits_of(sample):
        record_finding(case, of, True, "入户看过住房、粮食和收入，情况属实。", Taker(visitor), now=at)
    decide_sample(of, Taker(decider), now=at + timedelta(hours=3))


def _whole_entry(households: Sequence[Household], offices: _Offices, at: datetime) -> None:
    """The whole way in, from the application to the register."""
    of, _cases = _apply(households, offices, at)
    _vote(of, offices, at + timedelta(days=3))
    take_round(of, A.CLOSE_FIRST, Taker(offices.village[0]), now=at + timedelta(days=15))
    _look(of, offices.township[1], offices.township[0], at + timedelta(days=18))
    take_round(of, A.PUBLISH_SECOND, Taker(offices.township[0]), now=at + timedelta(days=19))
    take_round(of, A.CLOSE_SECOND, Taker(offices.township[0]), now=at + timedelta(days=31))
    _look(of, offices.county[1], offices.county[0], at + timedelta(days=35))
    take_round(of, A.ANNOUNCE, Taker(offices.county[0]), now=at + timedelta(days=37))
    take_round(of, A.REGISTER, Taker(offices.county[1]), now=at + timedelta(days=46))


def _on_notice(households: Sequence[Household], offices: _Offices, at: datetime) -> None:
    """Applications whose first notice hangs out now, with an objection to one."""
    of, cases = _apply(households, offices, at - timedelta(days=5))
    _vote(of, offices, at)
    (notice,) = open_notices([case.id for case in cases])
    object_to(notice, 2, "听说这户在县城买了房，请核实。", "", now=at + timedelta(days=1))


def _watched(household: Household, offices: _Offices, at: datetime) -> None:
    """Somebody whose child fell ill: watched after five days of notice."""
    case = open_monitoring(household, Risk.SUDDEN, CaseSource.OFFICER, Taker(offices.village[0]), now=at, reason="家中突发变故")
    take(case, A.CHECK, Taker(offices.township[0]), now=at + timedelta(days=2))
    take(case, A.PUBLISH, Taker(offices.village[0]), now=at + timedelta(days=3))
    take(case, A.CLOSE, Taker(offices.village[0]), now=at + timedelta(days=9))
    take(case, A.MONITOR, Taker(offices.county[0]), now=at + timedelta(days=11))


def _hint(household: Household, offices: _Offices, at: datetime) -> None:
    """A clue that the township has not looked at for twelve days."""
    open_monitoring(household, Risk.MARGINAL, CaseSource.OFFICER, Taker(offices.village[0]), now=at, reason="收入明显减少")


def _proposed(household: Household, offices: _Offices, at: datetime) -> None:
    """An exit that waits for the household's word."""
    case = open_exit(household, CaseSource.OFFICER, Taker(offices.village[0]), now=at, reason="连续两年收入稳定")
    take(case, A.VERIFY, Taker(offices.village[0]), now=at + timedelta(days=2))
    take(case, A.VERIFY_AGAIN, Taker(offices.township[0]), now=at + timedelta(days=5))


def _lifted(household: Household, offices: _Offices, at: datetime) -> None:
    """The whole way out, to tracking."""
    _proposed(household, offices, at)
    query = select(Case).where(Case.household_id == household.id, Case.ended_on.is_(None))
    case = db.session.scalars(unbounded(query, "the demo's own case")).one()
    take(case, A.AGREE, Taker(offices.village[1]), now=at + timedelta(days=7), reason="户主在家中签字认可")
    take(case, A.PUBLISH, Taker(offices.village[0]), now=at + timedelta(days=8))
    take(case, A.CLOSE, Taker(offices.village[0]), now=at + timedelta(days=20))
    take(case, A.LIFT, Taker(offices.county[0]), now=at + timedelta(days=24))


def _on_a_list(household: Household, offices: _Offices, at: datetime) -> None:
    """The head of a registered household stands on a list of vehicles."""
    head = find_head(household)
    if head is None or head.sealed_id_number is None:
        raise RuntimeError("the demo's heads have numbers")
    number = open_text(household, head.sealed_id_number, ID_NUMBER)
    content = f"id_number,what,since\n{number},小型轿车,2025-11-02\n".encode()
    compare(content, Department.VEHICLE, household.village_code[:6], offices.county[0], now=at)
