"""What is known of projects before anybody looks: money and work apart, milestones missed, one firm in many, sums cut small."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from marketplace.complaints.risk import Signs
from marketplace.funds.models import FundPayment
from marketplace.funds.states import PaymentState
from marketplace.kernel.db import db
from marketplace.projects.models import AssetCheck, Project
from marketplace.projects.progress import Step, money_percent, work_percent
from marketplace.projects.queries import place_of, steps_of_many
from marketplace.projects.states import COUNTED, ProjectState
from marketplace.regions.models import Level
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
    counted = select(Project).where(within(Project.unit_code, area_code), Project.state.in_(COUNTED)).order_by(Project.id)
    projects = db.session.scalars(counted.options(selectinload(Project.milestones))).all()
    steps, shared, broken = steps_of_many(projects), _shared_firms(projects), _broken(projects)
    limits, split = _limits(projects, today), {}
    for alike in _alike(projects).values():
        split |= cut_small(alike, limits)
    found = []
    for project in projects:
        if project.state in INSPECTED:
            signs = Signs(
                complaints=complaints.get(project.reference, 0),
                gap=_apart(project, steps[project.id], today),
                late=missed(project, today),
                contractor=shared[place_of(project)],
                split=split[project.id],
                before=before.get(project.public_id, 0) + broken[project.id],
                size=project.approved_fen,
            )
            found.append((project, signs))
    return found


def missed(project: Project, today: date) -> int:
    """How many milestones were not reached by their day."""
    return sum(row.due_on < (row.reached_on or today) for row in project.milestones)


def cut_small(alike: Sequence[Project], limits: Mapping[str, int]) -> dict[int, int]:
    """Of how many others each project could be a part that was cut off, so that all stay below what the county decides.

    They were begun within a year of it, each is within the limit, and together they are not.

    Parameters
    ----------
    alike : sequence of Project
        Those of one unit and one category.
    limits : mapping of county to int
        Up to how many fen a county decides.
    """
    small = [each for each in alike if each.budget_fen <= limits[_county(each)]]
    found = dict.fromkeys((each.id for each in alike), 0)
    for project in small:
        near = [each for each in small if abs(each.drafted_at - project.drafted_at) <= _A_YEAR]
        if sum(each.budget_fen for each in near) > limits[_county(project)]:
            found[project.id] = len(near) - 1
    return found


def _alike(projects: Iterable[Project]) -> dict[tuple[str, str | None], list[Project]]:
    """Projects by unit and category."""
    found: dict[tuple[str, str | None], list[Project]] = defaultdict(list)
    for project in projects:
        found[project.unit_code, project.category].append(project)
    return found


def _limits(projects: Iterable[Project], today: date) -> dict[str, int]:
    """Up to how many fen each county decides."""
    counties = {_county(project) for project in projects}
    return {code: int(rule(project_rules.COUNTY_DECIDES_FEN, code, today).value) for code in counties}


def _county(project: Project) -> str:
    return project.unit_code[: Level.COUNTY]


def _apart(project: Project, steps: Sequence[Step], today: date) -> int:
    """How far work and money are apart, in ten-thousandths; without public money there is nothing to hold the work against."""
    if not project.approved_fen:
        return 0
    return round(abs(work_percent(steps, today) - money_percent(steps, project.approved_fen, today)) * 100)


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
