"""What could be inspected in an area, and what is known of it: each fund, each project, and each township for policy."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, func, select

from marketplace.complaints.models import (
    About,
    Complaint,
    ComplaintAccused,
    ComplaintKind,
    Inspection,
    InspectionFinding,
    Topic,
)
from marketplace.complaints.project_signs import signs_of_projects
from marketplace.complaints.risk import Signs
from marketplace.complaints.states import FindingState
from marketplace.funds.models import Fund, FundFinding
from marketplace.funds.queries import totals_of
from marketplace.funds.states import FundState
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names, within
from marketplace.registry.models import Household

_BP, _YEAR_DAYS = 10_000, 365


@dataclass(frozen=True)
class Candidate:
    """Something that could be inspected."""

    topic: Topic
    subject: str
    title: str
    area_code: str
    signs: Signs


def candidates(topic: Topic, area_code: str, today: date) -> list[Candidate]:
    """All that could be inspected in an area and is not in a plan already."""
    open_ = select(Inspection.subject).where(Inspection.topic == topic, Inspection.state.in_(("planned", "under_way")))
    planned = set(db.session.scalars(open_))
    if topic is Topic.FUNDS:
        found = _funds(area_code, today)
    elif topic is Topic.PROJECTS:
        found = _projects(area_code, today)
    else:
        found = _townships(area_code)
    return [each for each in found if each.subject not in planned]


def _funds(area_code: str, today: date) -> list[Candidate]:
    query = select(Fund).where(within(Fund.area_code, area_code), Fund.state == FundState.IN_FORCE).order_by(Fund.id)
    funds = db.session.scalars(query).all()
    totals, before = totals_of(funds), _before(Topic.FUNDS)
    flagged = Counter(db.session.scalars(select(FundFinding.area_code).where(within(FundFinding.area_code, area_code))))
    named = Counter(_said(area_code, about=About.FUND))
    found = []
    for fund in funds:
        sums = totals.get(fund.public_id, {}).values()
        issued, paid = sum(each.issued_fen for each in sums), sum(each.paid_fen for each in sums)
        standing = sum(each.standing_fen for each in sums)
        days = (today - local_day(fund.decided_at)).days if fund.decided_at else 0
        elapsed = min(_BP, max(0, days) * _BP // _YEAR_DAYS)
        signs = Signs(
            complaints=named[fund.document_number],
            gap=max(0, elapsed - _part(paid, issued)) if issued else 0,
            idle=_part(standing, issued) * elapsed // _BP,
            before=before[fund.public_id] + flagged[fund.area_code],
            size=issued,
        )
        found.append(Candidate(Topic.FUNDS, fund.public_id, fund.title, fund.area_code, signs))
    return found


def _projects(area_code: str, today: date) -> list[Candidate]:
    said, before = Counter(_said(area_code, about=About.PROJECT)), _before(Topic.PROJECTS)
    # Findings are for the unit that builds, and not for the village in which a township does.
    return [
        Candidate(Topic.PROJECTS, project.public_id, project.name or project.reference, project.unit_code, signs)
        for project, signs in signs_of_projects(area_code, today, said, before)
    ]


def _townships(area_code: str) -> list[Candidate]:
    own = func.left(Household.village_code, Level.TOWNSHIP.value)
    query = select(own, func.count()).where(within(Household.village_code, area_code)).group_by(own).order_by(own)
    sizes: dict[str, int] = dict(db.session.execute(query).all())
    names, before = area_names(sizes), _before(Topic.POLICY)
    query_said = select(Complaint.area_code).where(within(Complaint.area_code, area_code), Complaint.about != About.ORDER)
    said = Counter(code[: Level.TOWNSHIP] for code in db.session.scalars(query_said.where(_known_to_auditors())))
    return [
        Candidate(Topic.POLICY, code, names.get(code, code), code, Signs(complaints=said[code], before=before[code], size=size))
        for code, size in sizes.items()
    ]


def _said(area_code: str, about: About) -> list[str]:
    query = select(Complaint.subject).where(within(Complaint.area_code, area_code), Complaint.about == about)
    return list(db.session.scalars(query.where(Complaint.kind != ComplaintKind.ADVICE, _known_to_auditors())))


def _known_to_auditors() -> ColumnElement[bool]:
    """What accuses an auditor is not even counted where auditors read the count."""
    accused = (ComplaintAccused.complaint_id == Complaint.id, ComplaintAccused.kind == RoleKind.AUDITOR)
    return ~exists().where(*accused)


def _before(topic: Topic) -> Counter[str]:
    """Findings that stand, by what was inspected."""
    query = select(Inspection.subject).join(InspectionFinding, InspectionFinding.inspection_id == Inspection.id)
    return Counter(db.session.scalars(query.where(Inspection.topic == topic, InspectionFinding.state != FindingState.DROPPED)))


def _part(part: int, whole: int) -> int:
    return part * _BP // whole if whole else 0
