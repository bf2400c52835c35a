"""Reading complaints: always for somebody, whose own condition is part of every statement."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, select

from marketplace.complaints.models import AdverseAct, Complaint, ComplaintStep, Desk
from marketplace.complaints.routing import HEARS, hearers, in_line, readable_by
from marketplace.complaints.states import ComplaintState
from marketplace.identity.models import Account
from marketplace.identity.queries import scopes
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import contains

OPEN = (ComplaintState.RECEIVED, ComplaintState.ASSIGNED)


def complaint_unknown() -> NotFound:
    """There is no such complaint, or not for this person."""
    return NotFound("complaint_unknown", N_("There is no such complaint."))


def readers_include(complaint: Complaint, account: Account) -> bool:
    """Whether somebody may read a complaint."""
    query = select(Complaint.id).where(Complaint.id == complaint.id, readable_by(account))
    return db.session.scalar(query) is not None


def complaints_for(account: Account, *, only_open: bool = False) -> Sequence[Complaint]:
    """What somebody may read: what is due soonest first, then what has ended, the latest first."""
    query = select(Complaint).where(readable_by(account))
    if only_open:
        query = query.where(Complaint.state.in_(OPEN))
    return db.session.scalars(query.order_by(Complaint.due_on.nulls_last(), Complaint.id.desc()).limit(500)).all()


def get_complaint_for(public_id: str, account: Account) -> Complaint:
    """A complaint that somebody may read, or ``NotFound``."""
    found = db.session.scalars(select(Complaint).where(Complaint.public_id == public_id, readable_by(account))).first()
    if found is None:
        raise complaint_unknown()
    return found


def steps_of(complaint: Complaint, *, told: bool = False) -> Sequence[ComplaintStep]:
    """What was done about a complaint, in order; of it what its complainant is ``told``."""
    query = select(ComplaintStep).filter_by(complaint_id=complaint.id).order_by(ComplaintStep.id)
    return db.session.scalars(query.where(ComplaintStep.told) if told else query).all()


def colleagues(complaint: Complaint, account: Account) -> list[Account]:
    """To whom somebody may hand a complaint on."""
    return [each for each in hearers(complaint, complaint.heard_at) if each.id != account.id]


def is_heard(complaint: Complaint) -> bool:
    """Whether anybody at all can hear it now."""
    return bool(hearers(complaint, complaint.heard_at))


def adverse_acts_for(account: Account) -> list[tuple[AdverseAct, Complaint]]:
    """Watched acts, open ones first, for who audits the area and stands in no line of the complaint."""
    areas = scopes(account, HEARS[Desk.INSPECTION])
    query: Select[tuple[AdverseAct, Complaint]] = select(AdverseAct, Complaint).join(
        Complaint, Complaint.id == AdverseAct.complaint_id
    )
    rows = db.session.execute(
        query.where(~in_line(account)).order_by(AdverseAct.settled_on.nulls_first(), AdverseAct.happened_on)
    )
    return [(act, one) for act, one in rows if any(contains(area, one.area_code) for area in areas)]


def overdue(day: date) -> Sequence[int]:
    """The complaints whose day has gone by, by id."""
    return db.session.scalars(select(Complaint.id).where(Complaint.due_on < day).order_by(Complaint.id)).all()
