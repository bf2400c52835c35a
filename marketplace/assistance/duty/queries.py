"""Reading officers in duty, their households and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, select, true, tuple_

from marketplace.assistance.duty.models import (
    Duty,
    DutyHandover,
    DutyMerit,
    DutyOfficer,
    DutyPlan,
    DutyPlanLine,
    DutyScore,
    DutyYear,
    FundsBrought,
    Place,
    VisitWord,
)
from marketplace.assistance.duty.states import HandoverState
from marketplace.assistance.papers import PaperState
from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.models import Level
from marketplace.regions.queries import within, within_any
from marketplace.registry.duty_rules import QUOTA
from marketplace.registry.models import Household, HouseholdStatus, Visit
from marketplace.registry.queries import supported_on
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.rules import rule

OF_OFFICER = "the households of an officer in duty"
OF_HOUSEHOLD = "what concerns one household that was read already"
# Those who have left office come last.
_OFFICE_ORDER = (DutyOfficer.left_at.is_not(None), DutyOfficer.area_code, DutyOfficer.id)
_OF_PLAN = "the lines of a plan that was read within somebody's reach"


def quota_of(officer: DutyOfficer, place: Place, day: date) -> int:
    """How many households an officer may have, by the rule of the office's place on a day."""
    return quotas_of([officer], place, day)[officer.id]


def quotas_of(officers: Iterable[DutyOfficer], place: Place, day: date) -> dict[int, int]:
    """The same of many officers, by id; the rule is looked up once for each office."""
    found, numbers = {}, {}
    for officer in officers:
        name = "second" if place == Place.SECOND else "other_rank" if officer.rank == "other" else officer.rank
        if officer.area_code not in numbers:
            numbers[officer.area_code] = rule(QUOTA, officer.area_code, day).value
        found[officer.id] = int(numbers[officer.area_code][name])
    return found


def held_count(officer: DutyOfficer, place: Place) -> int:
    """How many households an officer has now."""
    return held_counts([officer.id], place).get(officer.id, 0)


def held_counts(officer_ids: Sequence[int], place: Place) -> dict[int, int]:
    """The same of many officers; one without a household is absent."""
    query = select(Duty.officer_id, func.count()).where(
        Duty.officer_id.in_(officer_ids), Duty.place == place, Duty.ended_at.is_(None)
    )
    return dict(db.session.execute(unbounded(query.group_by(Duty.officer_id), OF_OFFICER)).all())


def officers_within(reach: Reach, page: int, most: int) -> list[tuple[DutyOfficer, Account]]:
    """A page of the officers in duty of one's areas, those who have left office at the end; pages count from 1."""
    query = _officers(reach).order_by(*_OFFICE_ORDER)
    return [(officer, own) for officer, own in db.session.execute(query.limit(most).offset((page - 1) * most))]


def officers_after(reach: Reach, after: str | None, most: int) -> list[tuple[DutyOfficer, Account]]:
    """The same from the first on, or from behind the one with the public id ``after``."""
    query = _officers(reach).order_by(*_OFFICE_ORDER)
    if after is not None:
        last = get_officer_within(after, reach)
        query = query.where(tuple_(*_OFFICE_ORDER) > (last.left_at is not None, last.area_code, last.id))
    return [(officer, own) for officer, own in db.session.execute(query.limit(most))]


def officer_count(reach: Reach) -> int:
    """How many there are on all pages."""
    query = select(func.count()).select_from(DutyOfficer).where(within_any(DutyOfficer.area_code, reach.areas))
    return db.session.scalar(query) or 0


def officers_by_id(officer_ids: Iterable[int], reach: Reach) -> dict[int, tuple[DutyOfficer, Account]]:
    """Some of them by their ids; one outside one's areas is absent."""
    rows = db.session.execute(_officers(reach).where(DutyOfficer.id.in_(set(officer_ids))))
    return {officer.id: (officer, own) for officer, own in rows}


def _officers(reach: Reach) -> Select[tuple[DutyOfficer, Account]]:
    query = select(DutyOfficer, Account).join(Account, Account.id == DutyOfficer.account_id)
    return query.where(within_any(DutyOfficer.area_code, reach.areas))


def get_officer_within(public_id: str, reach: Reach) -> DutyOfficer:
    """An officer in duty of one's areas, or ``NotFound``."""
    query = select(DutyOfficer).where(DutyOfficer.public_id == public_id, within_any(DutyOfficer.area_code, reach.areas))
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("duty_officer_unknown", N_("There is no such officer in duty."))
    return found


def find_officer(account: Account) -> DutyOfficer | None:
    """The officer in duty that an account is."""
    return db.session.scalars(select(DutyOfficer).filter_by(account_id=account.id)).first()


def working_officers(*area_codes: str) -> list[DutyOfficer]:
    """Those of some areas who are in office."""
    query = select(DutyOfficer).where(within_any(DutyOfficer.area_code, area_codes), DutyOfficer.left_at.is_(None))
    return list(db.session.scalars(query.order_by(DutyOfficer.id)))


def duties_of(officer: DutyOfficer) -> list[tuple[Duty, Household]]:
    """The households an officer has now, by code; whoever reads them is the officer or has read it within a reach."""
    query = select(Duty, Household).join(Household, Household.id == Duty.household_id)
    query = query.where(Duty.officer_id == officer.id, Duty.ended_at.is_(None)).order_by(Household.code)
    return [(duty, household) for duty, household in db.session.execute(unbounded(query, OF_OFFICER))]


def helpers_of(household: Household) -> list[tuple[Duty, DutyOfficer, Account]]:
    """Who answers for a household now, the first helper first."""
    query = (
        select(Duty, DutyOfficer, Account)
        .join(DutyOfficer, DutyOfficer.id == Duty.officer_id)
        .join(Account, Account.id == DutyOfficer.account_id)
        .where(Duty.household_id == household.id, Duty.ended_at.is_(None))
        .order_by(Duty.place)
    )
    return [(duty, officer, account) for duty, officer, account in db.session.execute(unbounded(query, OF_HOUSEHOLD))]


def without_helper(area_code: str, day: date) -> dict[int, str]:
    """The registered households of an area without a first helper, with their villages."""
    has = select(Duty.id).where(Duty.household_id == Household.id, Duty.place == Place.FIRST, Duty.ended_at.is_(None))
    query = select(Household.id, Household.village_code).join(HouseholdStatus, HouseholdStatus.household_id == Household.id)
    query = query.where(within(Household.village_code, area_code), supported_on(day), ~has.exists())
    return dict(db.session.execute(unbounded(query.order_by(Household.id), "an area that was read within a reach")).all())


@dataclass(frozen=True)
class HandoverRow:
    """A household to be handed over, by whom and until when."""

    handover: DutyHandover
    duty: Duty
    household: Household
    officer: DutyOfficer
    account: Account


def _handovers() -> Select[tuple[DutyHandover, Duty, Household, DutyOfficer, Account]]:
    return (
        select(DutyHandover, Duty, Household, DutyOfficer, Account)
        .join(Duty, Duty.id == DutyHandover.duty_id)
        .join(Household, Household.id == DutyHandover.household_id)
        .join(DutyOfficer, DutyOfficer.id == Duty.officer_id)
        .join(Account, Account.id == DutyOfficer.account_id)
    )


def open_handovers(reach: Reach) -> list[HandoverRow]:
    """What has to be handed over within one's areas, the most urgent first."""
    query = _handovers().where(DutyHandover.state == HandoverState.OPEN).order_by(DutyHandover.due_on, DutyHandover.id)
    return [HandoverRow(*row) for row in db.session.execute(reach.over(query, DutyHandover.village_code))]


def get_handover_within(public_id: str, reach: Reach) -> DutyHandover:
    """A hand-over within one's areas, or ``NotFound``."""
    query = select(DutyHandover).where(DutyHandover.public_id == public_id)
    found = db.session.scalars(reach.over(query, DutyHandover.village_code)).first()
    if found is None:
        raise NotFound("handover_unknown", N_("There is no such hand-over."))
    return found


def plans_within(reach: Reach) -> Sequence[DutyPlan]:
    """The plans of one's areas, the newest first."""
    query = select(DutyPlan).where(within_any(DutyPlan.area_code, reach.areas)).order_by(DutyPlan.id.desc()).limit(20)
    return db.session.scalars(query).all()


def get_plan_within(public_id: str, reach: Reach) -> DutyPlan:
    """A plan of one's areas, or ``NotFound``."""
    query = select(DutyPlan).where(DutyPlan.public_id == public_id, within_any(DutyPlan.area_code, reach.areas))
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("duty_plan_unknown", N_("There is no such plan."))
    return found


def lines_of(plan: DutyPlan) -> Sequence[DutyPlanLine]:
    """Who gets whom by a plan, in the order of households."""
    query = select(DutyPlanLine).filter_by(plan_id=plan.id).order_by(DutyPlanLine.household_id)
    return db.session.scalars(unbounded(query, _OF_PLAN)).all()


@dataclass(frozen=True)
class PlanRow:
    """An officer of a plan, how many households it gives them and how many of these lie in one township with them."""

    officer: str
    name: str
    rank: str
    households: int
    near: int


def plan_by_officer(
    plan: DutyPlan, *, page: int = 1, most: int | None = None, after: DutyOfficer | None = None
) -> list[PlanRow]:
    """A plan officer by officer, by the places of their offices: one page of so many, counted from 1, or all.

    With ``after``, an officer of one's areas, it is what comes behind that one.
    """
    near, place = func.count().filter(DutyPlanLine.near >= Level.TOWNSHIP), tuple_(DutyOfficer.area_code, DutyOfficer.id)
    query = (
        select(DutyOfficer.public_id, Account.display_name, DutyOfficer.rank, func.count(), near)
        .join(DutyPlanLine, DutyPlanLine.officer_id == DutyOfficer.id)
        .join(Account, Account.id == DutyOfficer.account_id)
        .where(DutyPlanLine.plan_id == plan.id, true() if after is None else place > (after.area_code, after.id))
        .group_by(DutyOfficer.id, Account.id)
        .order_by(DutyOfficer.area_code, DutyOfficer.id)
        .limit(most)
        .offset((page - 1) * (most or 0))
    )
    return [PlanRow(*row) for row in db.session.execute(unbounded(query, _OF_PLAN))]


def visits_of(household: Household, *, most: int = 20) -> list[tuple[Visit, VisitWord | None, Account]]:
    """The newest visits to a household, who made them and what it said of them."""
    query = (
        select(Visit, VisitWord, Account)
        .outerjoin(VisitWord, VisitWord.visit_id == Visit.id)
        .join(Account, Account.id == Visit.by_id)
        .where(Visit.household_id == household.id)
        .order_by(Visit.at.desc(), Visit.id.desc())
        .limit(most)
    )
    return [(visit, word, account) for visit, word, account in db.session.execute(unbounded(query, OF_HOUSEHOLD))]


def unasked_visits(reach: Reach, *, not_by: Account, most: int = 50) -> list[tuple[Visit, Household, Account]]:
    """Visits of officers in duty of which no household has said a word yet, made by others, the oldest first."""
    query = (
        select(Visit, Household, Account)
        .join(Household, Household.id == Visit.household_id)
        .join(Account, Account.id == Visit.by_id)
        .join(DutyOfficer, DutyOfficer.account_id == Visit.by_id)
        .outerjoin(VisitWord, VisitWord.visit_id == Visit.id)
        .where(VisitWord.id.is_(None), Visit.by_id != not_by.id)
        .order_by(Visit.at, Visit.id)
        .limit(most)
    )
    return [
        (visit, household, account) for visit, household, account in db.session.execute(reach.over(query, Visit.village_code))
    ]


def get_visit_within(public_id: str, reach: Reach) -> Visit:
    """A visit within one's areas, or ``NotFound``."""
    query = reach.over(select(Visit).where(Visit.public_id == public_id), Visit.village_code)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("visit_unknown", N_("There is no such visit."))
    return found


def get_own_visit(household: Household, public_id: str) -> Visit:
    """A visit to a household, or ``NotFound``."""
    query = select(Visit).where(Visit.household_id == household.id, Visit.public_id == public_id)
    found = db.session.scalars(unbounded(query, OF_HOUSEHOLD)).first()
    if found is None:
        raise NotFound("visit_unknown", N_("There is no such visit."))
    return found


def funds_within(reach: Reach) -> list[tuple[FundsBrought, Household, Account]]:
    """Money that officers say they brought and that a second person has not seen yet."""
    query = (
        select(FundsBrought, Household, Account)
        .join(Household, Household.id == FundsBrought.household_id)
        .join(DutyOfficer, DutyOfficer.id == FundsBrought.officer_id)
        .join(Account, Account.id == DutyOfficer.account_id)
        .where(FundsBrought.state == PaperState.DRAFTED)
        .order_by(FundsBrought.id)
    )
    rows = db.session.execute(reach.over(query, FundsBrought.village_code))
    return [(funds, household, account) for funds, household, account in rows]


def get_funds_within(public_id: str, reach: Reach) -> FundsBrought:
    """Such money within one's areas, or ``NotFound``."""
    query = reach.over(select(FundsBrought).where(FundsBrought.public_id == public_id), FundsBrought.village_code)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("funds_brought_unknown", N_("Nobody has written down such money."))
    return found


def years_within(reach: Reach) -> Sequence[DutyYear]:
    """The scored years of one's areas, the newest first."""
    query = (
        select(DutyYear).where(within_any(DutyYear.area_code, reach.areas)).order_by(DutyYear.year.desc(), DutyYear.id.desc())
    )
    return db.session.scalars(query).all()


def get_year_within(public_id: str, reach: Reach) -> DutyYear:
    """A scored year of one's areas, or ``NotFound``."""
    query = select(DutyYear).where(DutyYear.public_id == public_id, within_any(DutyYear.area_code, reach.areas))
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("duty_year_unknown", N_("That year has not been scored."))
    return found


def scores_of(year: DutyYear) -> list[tuple[DutyScore, DutyOfficer, Account]]:
    """The officers of a scored year, by points."""
    query = (
        select(DutyScore, DutyOfficer, Account)
        .join(DutyOfficer, DutyOfficer.id == DutyScore.officer_id)
        .join(Account, Account.id == DutyOfficer.account_id)
        .where(DutyScore.year_id == year.id)
        .order_by(DutyScore.points.desc(), DutyScore.id)
    )
    return [(score, officer, account) for score, officer, account in db.session.execute(query)]


def get_score(year: DutyYear, officer_public_id: str) -> DutyScore:
    """An officer's score of a year, or ``NotFound``."""
    query = select(DutyScore).join(DutyOfficer, DutyOfficer.id == DutyScore.officer_id)
    query = query.where(DutyScore.year_id == year.id, DutyOfficer.public_id == officer_public_id)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("duty_officer_unknown", N_("There is no such officer in duty."))
    return found


def merits_of(year: DutyYear) -> dict[int, list[DutyMerit]]:
    """What was proposed or decided on a year's scores, by score."""
    query = select(DutyMerit).join(DutyScore, DutyScore.id == DutyMerit.score_id)
    found: dict[int, list[DutyMerit]] = {}
    for merit in db.session.scalars(query.where(DutyScore.year_id == year.id).order_by(DutyMerit.id)):
        found.setdefault(merit.score_id, []).append(merit)
    return found


def get_merit(year: DutyYear, public_id: str) -> DutyMerit:
    """A proposal of a year, or ``NotFound``."""
    query = select(DutyMerit).join(DutyScore, DutyScore.id == DutyMerit.score_id)
    found = db.session.scalars(query.where(DutyScore.year_id == year.id, DutyMerit.public_id == public_id)).first()
    if found is None:
        raise NotFound("merit_unknown", N_("There is no such proposal."))
    return found


def own_years(officer: DutyOfficer) -> list[tuple[DutyYear, DutyScore, list[DutyMerit]]]:
    """What an officer's years were worth, and what was proposed on them; for the officer."""
    query = select(DutyYear, DutyScore).join(DutyScore, DutyScore.year_id == DutyYear.id)
    query = query.where(DutyScore.officer_id == officer.id, DutyYear.state != PaperState.DISCARDED)
    rows = db.session.execute(query.order_by(DutyYear.year.desc())).all()
    return [(year, score, merits_of(year).get(score.id, [])) for year, score in rows]


def get_own_merit(officer: DutyOfficer, public_id: str) -> DutyMerit:
    """A proposal about an officer, for the officer; or ``NotFound``."""
    query = select(DutyMerit).join(DutyScore, DutyScore.id == DutyMerit.score_id)
    found = db.session.scalars(query.where(DutyScore.officer_id == officer.id, DutyMerit.public_id == public_id)).first()
    if found is None:
        raise NotFound("merit_unknown", N_("There is no such proposal."))
    return found
