"""Households given helpers and a need that is met, in committed transactions, for tests that cut that off somewhere."""

from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from marketplace.assistance.duty.duties import hand_over
from marketplace.assistance.duty.models import Duty, DutyOfficer, DutyPlan, Rank
from marketplace.assistance.duty.officers import enter_officer, leave_office
from marketplace.assistance.duty.plans import approve_plan, draft_plan
from marketplace.assistance.duty.queries import open_handovers, working_officers
from marketplace.assistance.needs.helping import approve_helper, close_need, deliver, enter_helper, pledge
from marketplace.assistance.needs.models import HelperKind, HelperUnit, Need, NeedKind, Pledge
from marketplace.assistance.needs.queries import pledge_of
from marketplace.assistance.needs.raising import raise_need, verify_need
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach, unbounded
from tests import factories

if TYPE_CHECKING:
    from tests.orders.purchases import Basket

_WHO = ("first", "second", "helper", "heir", "unit")


def help_a_county(basket: "Basket", double: Any, now: datetime) -> None:
    """From a plan for two households over a hand-over to a need that was met."""
    carry_on_helping(basket, now)


LIVES = {help_a_county.__name__: help_a_county}


def _county(basket: "Basket") -> str:
    # A county of their own for each who lives, in a province where nobody else does.
    return f"54{basket.account_id % 10_000:04d}"


def _people(basket: "Basket") -> dict[str, Account]:
    logins = {f"helping-{basket.account_id}-{who}": who for who in _WHO}
    found = db.session.scalars(select(Account).where(Account.login.in_(logins)))
    return {logins[account.login]: account for account in found}


def _begin(basket: "Basket", now: datetime) -> None:
    county = _county(basket)
    village = f"{county}100001"
    factories.area(village)
    for who in _WHO:
        role = (RoleKind.ENTERPRISE, "") if who == "unit" else (RoleKind.OFFICER, county)
        factories.account(role, login=f"helping-{basket.account_id}-{who}")
    for _ in range(2):
        factories.household(village, registered_from=date(2020, 1, 1))
    people = _people(basket)
    enter_officer(people["helper"], Rank.OTHER, village, by=people["first"], now=now)
    unit = enter_helper(HelperKind.SOCIETY, "农技协会", county, [NeedKind.SKILL], 1, by=people["unit"], now=now)
    approve_helper(unit, by=people["first"], now=now)


def carry_on_helping(basket: "Basket", now: datetime) -> None:
    """Do what is left to do, each act in a transaction of its own, as people would who look at their pages again."""
    if not _people(basket):
        with transaction():
            _begin(basket, now)
    _carry_on_duties(basket, now)
    _carry_on_need(basket, now)


def _carry_on_duties(basket: "Basket", now: datetime) -> None:
    county, people = _county(basket), _people(basket)
    plans = select(DutyPlan).filter_by(area_code=county)
    if db.session.scalar(plans) is None:
        with transaction():
            draft_plan(county, by=people["first"], now=now)
    with transaction():
        approve_plan(db.session.scalars(plans).one(), by=people["second"], now=now)
    if len(working_officers(county)) == 1 and not _left(county):
        with transaction():
            (leaver,) = working_officers(county)
            enter_officer(people["heir"], Rank.OTHER, f"{county}100001", by=people["first"], now=now)
            leave_office(leaver, by=people["first"], now=now)
    for row in open_handovers(Reach.of([county], "a test")):
        with transaction():
            (heir,) = working_officers(county)
            hand_over(row.handover, heir, by=people["first"], now=now)


def _left(county: str) -> bool:
    query = select(DutyOfficer.id).where(DutyOfficer.area_code.startswith(county), DutyOfficer.left_at.is_not(None))
    return db.session.scalar(query) is not None


def _need(county: str) -> Need | None:
    return db.session.scalars(select(Need).where(Need.area_code.startswith(county))).first()


def _carry_on_need(basket: "Basket", now: datetime) -> None:
    county, people = _county(basket), _people(basket)
    if _need(county) is None:
        with transaction():
            query = select(Household).where(Household.village_code == f"{county}100001").order_by(Household.id)
            household = db.session.scalars(query).first()
            raise_need(NeedKind.SKILL, "不会修剪", by=people["first"], now=now, household=household)
    need = _need(county)
    assert need is not None
    if need.state == "raised":
        with transaction():
            verify_need(need, "想学果树修剪", by=people["second"], now=now)
    if need.state == "open":
        with transaction():
            unit = db.session.scalars(select(HelperUnit).filter_by(account_id=people["unit"].id)).one()
            pledge(need, unit, by=people["unit"], now=now)
    if need.state == "pledged":
        with transaction():
            made = pledge_of(need)
            assert made is not None
            deliver(made, "签到表", by=people["unit"], now=now)
    if need.state == "delivered":
        with transaction():
            close_need(need, True, by=people["second"], now=now)


def help_faults(basket: "Basket") -> list[str]:
    """What is wrong once all was carried on: each household has one helper, of each thing there is one."""
    county, wrong = _county(basket), []
    duties = db.session.scalars(unbounded(select(Duty).where(Duty.village_code.startswith(county)), "a test")).all()
    ended = Counter((duty.household_id, duty.ended_why) for duty in duties)
    if len(duties) != 4 or set(ended.values()) != {1} or {why for _, why in ended} != {None, "handed_over"}:
        wrong.append(f"duties {ended}")
    if open_handovers(Reach.of([county], "a test")):
        wrong.append("somebody who left has not handed over")
    plans = db.session.scalars(select(DutyPlan.state).filter_by(area_code=county)).all()
    need = _need(county)
    pledges = [] if need is None else db.session.scalars(select(Pledge.state).filter_by(need_id=need.id)).all()
    if plans != ["approved"] or need is None or need.state != "closed" or pledges != ["kept"]:
        wrong.append(f"plans {plans}, need {need and need.state}, pledges {pledges}")
    return wrong
