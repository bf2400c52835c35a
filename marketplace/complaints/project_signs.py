"""What is known of projects before anybody looks: money and work apart, milestones missed, one firm in many, sums cut small."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from marketplace.complaints.risk import Signs
from marketplace.funds.models import FundPayment
from marketplace.funds.states import PaymentState
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.projects.models import AssetCheck, Project
from marketplace.projects.progress import Step, money_percent, work_percent
from marketplace.projects.queries import place_of
from marketplace.projects.states import COUNTED, ProjectState
from marketplace.regions.queries import within
from marketplace.registry import project_rules
from marketplace.registry.rules import rule

# What is built or about to be; before that there is nothing to look at.
INSPECTED = (ProjectState.APPROVED, ProjectState.UNDER_WAY, ProjectState.COMPLETED)
_A_YEAR = timedelta(days=365)


def signs_of_projects(
    area_code: str, today: date, complaints: Mapping[str, int], before: Mapping[str, int]
) -> list[tuple[Project, Signs]]:
    """The projects of an area that can be inspected, with the signs of each, the oldest first.

    Parameters
    ----------
    complaints : mapping of project number to int
        How many complaints name it.
    before : mapping of public id to int
        How many findings of inspections stand against it; what somebody found broken since is added here.
    """
    counted = select(Project).where(within(Project.place_code, area_code), Project.state.in_(COUNTED)).order_by(Project.id)
    projects = db.session.scalars(counted.options(selectinload(Project.milestones))).all()
    paid, shared, broken = _payments(projects), _shared_firms(projects), _broken(projects)
    found = []
    for project in projects:
        if project.state in INSPECTED:
            signs = Signs(
                complaints=complaints.get(project.reference, 0),
                gap=_apart(project, paid[place_of(project)], today),
                late=missed(project, today),
                contractor=shared[place_of(project)],
                split=cut_small(project, projects, _limit(project, today)),
                before=before.get(project.public_id, 0) + broken[project.id],
                size=project.approved_fen,
            )
            found.append((project, signs))
    return found


def missed(project: Project, today: date) -> int:
    """How many milestones were not reached by their day."""
    return sum(row.due_on < (row.reached_on or today) for row in project.milestones)


def cut_small(project: Project, projects: Iterable[Project], limit_fen: int) -> int:
    """Of how many other projects one could be a part that was cut off, so that all stay below what the county decides.

    They are of the same unit and category, were begun within a year of it, each is within the limit, and together they are not.
    """
    if project.budget_fen > limit_fen:
        return 0
    others = [
        each
        for each in projects
        if each.id != project.id
        and (each.unit_code, each.category) == (project.unit_code, project.category)
        and each.budget_fen <= limit_fen
        and abs(each.drafted_at - project.drafted_at) <= _A_YEAR
    ]
    together = project.budget_fen + sum(each.budget_fen for each in others)
    return len(others) if together > limit_fen else 0


def _limit(project: Project, today: date) -> int:
    return int(rule(project_rules.COUNTY_DECIDES_FEN, project.place_code, today).value)


def _apart(project: Project, paid: Sequence[Step], today: date) -> int:
    """How far work and money are apart, in ten-thousandths; without public money there is nothing to hold the work against."""
    if not project.approved_fen:
        return 0
    work = [Step(row.reached_on, work=row.weight) for row in project.milestones if row.reached_on is not None]
    steps = [*work, *paid]
    return round(abs(work_percent(steps, today) - money_percent(steps, project.approved_fen, today)) * 100)


def _payments(projects: Sequence[Project]) -> dict[str, list[Step]]:
    """What was paid out of each project's own place, day by day."""
    query = select(FundPayment.place, FundPayment.decided_at, FundPayment.amount_fen).where(
        FundPayment.place.in_([place_of(project) for project in projects]), FundPayment.state == PaymentState.PAID
    )
    found: dict[str, list[Step]] = defaultdict(list)
    for place, at, fen in db.session.execute(query):
        found[place].append(Step(local_day(at), paid_fen=fen))
    return found


def _shared_firms(projects: Sequence[Project]) -> Counter[str]:
    """By project's place, how many other projects were paid to the firm of it that has most."""
    columns = select(FundPayment.place, FundPayment.organisation_code).distinct()
    query = columns.where(
        FundPayment.place.in_([place_of(project) for project in projects]),
        FundPayment.state == PaymentState.PAID,
        FundPayment.organisation_code != "",
    )
    pairs = [(place, firm) for place, firm in db.session.execute(query)]
    of_firm = Counter(firm for _, firm in pairs)
    found: Counter[str] = Counter()
    for place, firm in pairs:
        found[place] = max(found[place], of_firm[firm] - 1)
    return found


def _broken(projects: Sequence[Project]) -> Counter[int]:
    """How often somebody found what was built no longer working, by project."""
    query = select(AssetCheck.project_id).where(
        AssetCheck.project_id.in_([project.id for project in projects]), AssetCheck.works.is_(False)
    )
    return Counter(db.session.scalars(query))
