"""Taking a complaint: whom it accuses, who hears it, by when it is answered, and the code by which its sender follows it."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.complaints.codes import digest_of, new_code
from marketplace.complaints.models import (
    About,
    Channel,
    Complaint,
    ComplaintAccused,
    ComplaintHousehold,
    ComplaintKind,
    Desk,
)
from marketplace.complaints.routing import accuses, first_level, level_heard
from marketplace.complaints.terms import answer_by, set_due
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.codes import contains
from marketplace.regions.queries import get_area
from marketplace.registry import complaint_rules
from marketplace.registry.models import Household

LONGEST, _LONGEST_NAME, _LONGEST_SUBJECT = 2000, 120, 60


@dataclass(frozen=True)
class Said:
    """What somebody complains of. Without ``name``, ``contact``, ``complainant`` and ``household`` it is nobody's.

    ``office_code`` is the area of the office that is accused, one over the complaint's area or the same; without one it is the
    office of the area itself, where the complaint accuses anybody at all. ``household`` is the complainant's own.
    """

    kind: ComplaintKind
    about: About
    area_code: str
    words: str
    office_code: str = ""
    subject: str = ""
    channel: Channel = Channel.WEB
    name: str = ""
    contact: str = ""
    complainant: Account | None = None
    household: Household | None = None
    accused: tuple[Account, ...] = ()

    @property
    def anonymous(self) -> bool:
        """Whether nothing of its sender was given."""
        return not (self.name or self.contact or self.complainant or self.household)


def file_complaint(said: Said, *, now: datetime, taken_down_by: Account | None = None) -> tuple[Complaint, str]:
    """Take a complaint down; answers it with its follow-up code, which is known at this moment alone.

    Raises
    ------
    Invalid
        ``complaint_words`` without words or with too many; ``complaint_office`` for an office that is not over the area.
    NotFound
        ``area_unknown``.
    """
    area, words = get_area(said.area_code), said.words.strip()
    too_long = len(said.name) > _LONGEST_NAME or len(said.contact) > _LONGEST_NAME or len(said.subject) > _LONGEST_SUBJECT
    if not 0 < len(words) <= LONGEST or too_long:
        raise Invalid("complaint_words", N_("Please say in at most 2,000 characters what is wrong."))
    office = get_area(said.office_code or area.code).code
    if not contains(office, area.code):
        raise Invalid("complaint_office", N_("Please choose an office over this place."))
    accused = _accused(said, office)
    desk = _desk(accused)
    day, code = local_day(now), new_code()
    answer = answer_by(said.kind, area.code, day)
    assert answer.on is not None
    level = first_level(desk, area.code, min((row.area_code for row in accused), key=len, default=None))
    # A named person may hold office elsewhere; the complaint is heard here, as high up.
    level = area.code[: len(level)]
    complaint = Complaint(
        reference=ids.reference("TS", day),
        code_digest=digest_of(code),
        kind=said.kind,
        about=said.about,
        subject=said.subject,
        words=words,
        channel=said.channel,
        area_code=area.code,
        desk=desk,
        heard_at=level,
        anonymous=said.anonymous,
        complainant_id=None if said.complainant is None else said.complainant.id,
        name=said.name or None,
        contact=said.contact or None,
        taken_down_by_id=None if taken_down_by is None else taken_down_by.id,
        made_on=day,
        answer_by=answer.on,
        due_on=answer.on,
        due_provisional=answer.provisional,
    )
    db.session.add(complaint)
    db.session.flush()
    db.session.add_all([ComplaintAccused(complaint_id=complaint.id, **_columns(row)) for row in accused])
    if said.household is not None:
        own = said.household
        db.session.add(ComplaintHousehold(complaint_id=complaint.id, household_id=own.id, village_code=own.village_code))
    db.session.flush()
    complaint.heard_at = level_heard(complaint, level)
    set_due(complaint, complaint_rules.TAKE_UP, day)
    if complaint.due_on is None or complaint.due_on > answer.on:
        complaint.due_on, complaint.due_provisional = answer.on, answer.provisional
    db.session.flush()
    # The hour of one without a name is nobody's business: beside a server's log it could lead to somebody.
    at = day_start(day) if complaint.anonymous else now
    actor = "visitor" if taken_down_by is None else taken_down_by.public_id
    audit.record("complaint.made", "complaint", complaint.public_id, actor=actor, at=at, kind=said.kind.value)
    return complaint, code


@dataclass(frozen=True)
class _Accused:
    kind: str
    area_code: str
    account_id: int | None = None


def _columns(row: _Accused) -> dict[str, str | int | None]:
    return {"kind": row.kind, "area_code": row.area_code, "account_id": row.account_id}


def _accused(said: Said, office: str) -> list[_Accused]:
    """The office with its line, and of each named person every office that they hold."""
    if not said.accused and not accuses(said.kind, said.about):
        return []
    named = [
        _Accused(role.kind, role.scope_code, account.id)
        for account in said.accused
        for role in account.roles
        if role.kind in (RoleKind.OFFICER, RoleKind.AUDITOR)
    ]
    return named or [_Accused(RoleKind.OFFICER, office)]


def _desk(accused: list[_Accused]) -> Desk:
    """Officers' deeds are heard by auditors, auditors' by officers. Who is both has a line in each, and both are shut out."""
    kinds = {row.kind for row in accused}
    return Desk.INSPECTION if RoleKind.OFFICER in kinds else Desk.OFFICE
