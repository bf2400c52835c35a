"""The demo's helping officers: enough of every rank for all households of the county, a plan, visits, and a year's scores.

Fengshan county has 3,134 officers for 11,785 households. As many for each household are put here, most of them in villages and
townships. Those who sign in are among them; the others have an account that nobody can sign in to.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil

import numpy as np
from sqlalchemy import insert, select

from marketplace.assistance.duty.bringing import bring_funds, decide_funds
from marketplace.assistance.duty.duties import hand_over, suggested_heirs
from marketplace.assistance.duty.models import Duty, DutyOfficer, DutyYear, MeritKind, Place, Rank, VisitWord
from marketplace.assistance.duty.officers import leave_office
from marketplace.assistance.duty.plans import approve_plan, draft_plan
from marketplace.assistance.duty.queries import open_handovers, scores_of, without_helper
from marketplace.assistance.duty.years import decide_merit, decide_year, draft_year, propose_merit
from marketplace.assistance.papers import PaperAction
from marketplace.demo.households.identities import GIVEN_NAMES, SURNAMES
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.registry.models import Household, Visit
from marketplace.registry.reading import Reach

_COUNTY = "522636"
# How many households there are in a place for each officer of a rank in its offices. By the quotas of the program they leave
# three places in a hundred free.
_HOUSEHOLDS_FOR_ONE: dict[int, dict[Rank, int]] = {
    Level.VILLAGE: {Rank.OTHER: 13},
    Level.TOWNSHIP: {Rank.SECTION_HEAD: 150, Rank.SECTION_DEPUTY: 60, Rank.OTHER: 9},
    Level.COUNTY: {
        Rank.COUNTY_HEAD: 3_000,
        Rank.COUNTY_DEPUTY: 600,
        Rank.SECTION_HEAD: 120,
        Rank.SECTION_DEPUTY: 100,
        Rank.OTHER: 60,
    },
}
_SOURCES = ("县农业农村局产业奖补", "县残联", "对口帮扶资金", "县教育局助学金")
_PAPER = "丹帮"
_FOR_REWARD = "全年得分在村里排第一"
_FOR_PENALTY = "全年得分在村里排最后，请说明原因"
_ASKED_WITHIN_DAYS = 60
_REACH = Reach.of([_COUNTY], "the demo's helping officers")


def add_duty(county_login: str, own: Household, officers: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Give every household of the county a first helper by approved plans, and the village of one a year that was scored.

    Parameters
    ----------
    county_login : str
        The officer of the county.
    own : Household
        A household of the demo that somebody can sign in as; its village is the one with visits and scores.
    officers : mapping of code to account ids
        The officers of each area who sign in; those who stand beside the county's own act as its second persons.
    """
    # So that the whole of last year had its duties.
    this_year = local_day(now).year
    began = datetime(this_year - 1, 1, 5, tzinfo=UTC)
    county = db.session.scalars(select(Account).filter_by(login=county_login)).one()
    township = own.village_code[: Level.TOWNSHIP]
    first, second = (db.session.get_one(Account, number) for number in officers[township][:2])
    _add_officers(county, officers, began, now)
    planner = db.session.get_one(Account, officers[_COUNTY][0])
    plan = draft_plan(_COUNTY, by=planner, now=began)
    approve_plan(plan, by=county, now=began + timedelta(days=2))
    _add_visits(own.village_code, second, now)
    _add_funds(own.village_code, county, now)
    scored = draft_year(own.village_code, this_year - 1, by=first, now=now - timedelta(days=9))
    decide_year(scored, PaperAction.APPROVE, by=second, now=now - timedelta(days=8))
    _add_merits(scored, first, county, now)
    draft_year(own.village_code, this_year, by=first, now=now)
    _leave(township, county, now)
    if without_helper(_COUNTY, local_day(now)):
        # For the households that were registered since.
        approve_plan(draft_plan(_COUNTY, by=planner, now=now), by=county, now=now)


def _add_officers(county: Account, signing_in: Mapping[str, Sequence[int]], began: datetime, now: datetime) -> None:
    """Those who sign in first, each in one rank of their office; then the others with accounts of their own."""
    homes = without_helper(_COUNTY, local_day(began)) | without_helper(_COUNTY, local_day(now))
    posts = list(_posts(homes.values()))
    known = set(db.session.scalars(select(DutyOfficer.account_id)))
    waiting = {area: [each for each in numbers if each not in known] for area, numbers in signing_in.items()}
    rng = np.random.default_rng(8)
    surnames, given = rng.integers(0, len(SURNAMES), len(posts)), rng.integers(0, len(GIVEN_NAMES), len(posts))
    base = next_id(Account)
    accounts, roles, rows = [], [], []
    for at, ((area, rank), public_id) in enumerate(zip(posts, ids.public_ids(len(posts)), strict=True)):
        own = waiting.get(area)
        account_id = own.pop(0) if own else base + len(accounts)
        if account_id == base + len(accounts):
            name = SURNAMES[surnames[at]] + GIVEN_NAMES[given[at]]
            accounts.append((account_id, public_id, f"duty-{area}-{at}", name, True, 0, began))
            roles.append((account_id, RoleKind.OFFICER, area))
        rows.append((account_id, rank, area, county.id, began))
    columns = ["id", "public_id", "login", "display_name", "active", "session_epoch", "created_at"]
    copy_rows(Account, columns, accounts)
    copy_rows(Role, ["account_id", "kind", "scope_code"], roles)
    settle_ids(Account)
    own_ids = ids.public_ids(len(rows))
    columns = ["public_id", "account_id", "rank", "area_code", "entered_by_id", "entered_at"]
    copy_rows(DutyOfficer, columns, [(public_id, *row) for public_id, row in zip(own_ids, rows, strict=True)])


def _posts(villages: Iterator[str] | Sequence[str]) -> Iterator[tuple[str, Rank]]:
    """The offices of a county with a rank for each who helps there, the smallest areas first."""
    codes = sorted(villages)
    for level, wanted in _HOUSEHOLDS_FOR_ONE.items():
        areas, counts = np.unique([code[:level] for code in codes], return_counts=True)
        for area, count in zip(areas.tolist(), counts.tolist(), strict=True):
            for rank, households in wanted.items():
                for _ in range(ceil(count / households)):
                    yield area, rank


def _add_visits(village: str, asker: Account, now: datetime) -> None:
    """Visits of last year and this one to a village: some often, some seldom; some confirmed, a few denied, some not asked."""
    rng = np.random.default_rng(9)
    query = select(Duty, DutyOfficer.account_id).join(DutyOfficer, DutyOfficer.id == Duty.officer_id)
    query = query.where(Duty.village_code == village, Duty.place == Place.FIRST, Duty.ended_at.is_(None))
    diligence: dict[int, float] = {}
    visits, words = [], []
    for duty, account_id in db.session.execute(_REACH.over(query.order_by(Duty.id), Duty.village_code)):
        often = diligence.setdefault(account_id, float(rng.beta(6, 2)))
        days = (now - duty.begins_at).days
        home = {"household_id": duty.household_id, "village_code": village}
        # Four a year are wanted.
        for _ in range(rng.binomial(max(1, 4 * days // 365), often)):
            at = duty.begins_at + timedelta(days=int(rng.integers(1, max(2, days - 3))), hours=int(rng.integers(1, 9)))
            visits.append({**home, "by_id": account_id, "at": at})
            said = rng.random()
            content = int(np.clip(round(rng.normal(3 + 1.5 * often, 0.8)), 1, 5)) if said < 0.7 else None
            # Of a hundred households that are asked four say that nobody came.
            word = {"took_place": not 0.76 <= said < 0.8, "satisfaction": content, "at": at + timedelta(days=2)}
            # What lies longer back has been asked.
            unasked = account_id == asker.id or (said > 0.8 and (now - at).days < _ASKED_WITHIN_DAYS)
            words.append(None if unasked else {**home, **word, "visited_by_id": account_id})
    made = insert(Visit).returning(Visit.id, sort_by_parameter_order=True)
    numbers = db.session.scalars(made, visits).all()
    said_words = [{**word, "visit_id": at, "said_to_id": asker.id} for at, word in zip(numbers, words, strict=True) if word]
    db.session.execute(insert(VisitWord), said_words)


def _add_funds(village: str, county: Account, now: datetime) -> None:
    """Money that a third of the village's helpers brought, most of it seen by a second person."""
    query = select(Duty, DutyOfficer, Household).join(DutyOfficer, DutyOfficer.id == Duty.officer_id)
    query = query.join(Household, Household.id == Duty.household_id).where(Duty.village_code == village)
    query = query.where(Duty.place == Place.FIRST, Duty.ended_at.is_(None)).order_by(Duty.id)
    for at, (_duty, officer, household) in enumerate(db.session.execute(_REACH.over(query, Duty.village_code)).all()[::6]):
        helper = db.session.get_one(Account, officer.account_id)
        brought = (20_000 + 15_000 * (at % 4), _SOURCES[at % len(_SOURCES)], f"{_PAPER}-{at + 1:02}")
        paper = bring_funds(officer, household, *brought, by=helper, now=now - timedelta(days=20 + at))
        if at % 4 and helper.id != county.id:
            decide_funds(paper, PaperAction.APPROVE, by=county, now=now - timedelta(days=15 + at))


def _add_merits(scored: DutyYear, first: Account, county: Account, now: datetime) -> None:
    """A reward that is decided and a penalty that waits until its officer has been heard, if there are two to tell apart."""
    ranked = [score for score, _officer, account in scores_of(scored) if account.id not in (first.id, county.id)]
    if len(ranked) < 2:
        return
    best, worst = ranked[0], ranked[-1]
    reward = propose_merit(scored, best, MeritKind.REWARD, _FOR_REWARD, by=first, now=now - timedelta(days=7))
    decide_merit(scored, reward, PaperAction.APPROVE, by=county, now=now - timedelta(days=6))
    propose_merit(scored, worst, MeritKind.PENALTY, _FOR_PENALTY, by=first, now=now - timedelta(days=7))


def _leave(township: str, county: Account, now: datetime) -> None:
    """Three of a township leave office: one's households have gone over to others, one's are due, one's are overdue."""
    query = select(DutyOfficer).where(DutyOfficer.area_code == township, DutyOfficer.left_at.is_(None))
    query = query.join(Duty, (Duty.officer_id == DutyOfficer.id) & Duty.ended_at.is_(None)).group_by(DutyOfficer.id)
    leaving = db.session.scalars(_REACH.over(query.order_by(DutyOfficer.id.desc()).limit(3), Duty.village_code)).all()
    for officer, days in zip(leaving, (6, 2, 20), strict=False):
        leave_office(officer, by=county, now=now - timedelta(days=days))
    handed = [(row.handover, Place.FIRST) for row in open_handovers(_REACH) if leaving and row.officer.id == leaving[0].id]
    heirs = suggested_heirs(handed, local_day(now))
    for handover, _place in handed:
        if handover.id in heirs:
            heir = db.session.get_one(DutyOfficer, heirs[handover.id])
            hand_over(handover, heir, by=county, now=now - timedelta(days=3))
