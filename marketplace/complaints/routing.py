"""Who may read a complaint: its desk at the level that hears it, and never the accused nor anybody over or under them.

Two lines know nothing of each other: officers act, auditors look at what they did. What accuses officers is heard by auditors
of the area; what accuses an auditor, by officers. Within either line everybody over or under the accused is shut out as well,
by whatever second role they hold, and by the roles the accused have now, should they have changed office since.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, not_, or_, select

from marketplace.complaints.models import About, Complaint, ComplaintAccused, ComplaintKind, Desk
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel.db import db
from marketplace.regions.codes import parent_code
from marketplace.regions.models import Level
from marketplace.regions.queries import within

HEARS: dict[Desk, RoleKind] = {Desk.OFFICE: RoleKind.OFFICER, Desk.INSPECTION: RoleKind.AUDITOR}
LINES = (RoleKind.OFFICER, RoleKind.AUDITOR)


def accuses(kind: ComplaintKind, about: About) -> bool:
    """Whether a complaint accuses an office: who only asks for advice on a thing accuses nobody.

    >>> accuses(ComplaintKind.ADVICE, About.POLICY), accuses(ComplaintKind.ADVICE, About.OFFICER)
    (False, True)
    """
    return kind is not ComplaintKind.ADVICE or about in (About.OFFICER, About.OFFICE)


def first_level(desk: Desk, area_code: str, accused_code: str | None) -> str:
    """Where a complaint is heard first: advice in the township, an accusation above the accused and in the county at the least.

    >>> first_level(Desk.OFFICE, "522636100001", None), first_level(Desk.INSPECTION, "522636100001", "522636100")
    ('522636100', '522636')
    >>> first_level(Desk.INSPECTION, "522636100001", "522636"), first_level(Desk.INSPECTION, "52", "52")
    ('5226', '52')
    """
    if accused_code is None:
        return area_code[: Level.TOWNSHIP] if desk is Desk.OFFICE else area_code[: Level.COUNTY]
    return (parent_code(accused_code) or accused_code)[: Level.COUNTY]


def readable_by(account: Account) -> ColumnElement[bool]:
    """The condition on complaints that somebody may read and handle."""
    heard = [
        and_(
            Complaint.desk == desk,
            within(Complaint.area_code, role.scope_code),
            func.length(Complaint.heard_at) >= len(role.scope_code),
        )
        for desk, kind in HEARS.items()
        for role in account.roles
        if role.kind == kind
    ]
    return and_(or_(false(), *heard), not_(in_line(account)))


def in_line(account: Account) -> ColumnElement[bool]:
    """The condition on complaints in whose line somebody stands: accused, or over or under the accused."""
    own = [(role.kind, role.scope_code) for role in account.roles if role.kind in LINES]
    accused, held = ComplaintAccused, Role
    now_held = exists().where(
        held.account_id == accused.account_id,
        or_(false(), *(and_(held.kind == kind, _related(held.scope_code, scope)) for kind, scope in own)),
    )
    return exists().where(
        accused.complaint_id == Complaint.id,
        or_(
            accused.account_id == account.id,
            now_held,
            *(and_(accused.kind == kind, _related(accused.area_code, scope)) for kind, scope in own),
        ),
    )


def _related(column: ColumnElement[str] | object, scope: str) -> ColumnElement[bool]:
    """Over, under or the same."""
    return or_(column.startswith(scope), func.starts_with(literal(scope), column))  # type: ignore[attr-defined]


def hearers(complaint: Complaint, level: str) -> Sequence[Account]:
    """The active accounts that may handle a complaint when a level hears it: of that level or above, the nearest first."""
    kind = HEARS[Desk(complaint.desk)]
    over = [complaint.area_code[:length] for length in range(1, len(level) + 1)]
    rows = db.session.scalars(
        select(Account)
        .join(Role, Role.account_id == Account.id)
        .where(Role.kind == kind, Role.scope_code.in_(over), Account.active)
        .order_by(func.length(Role.scope_code).desc(), Account.id)
    ).all()
    found = dict.fromkeys(rows)
    return [each for each in found if not db.session.scalar(select(in_line(each)).where(Complaint.id == complaint.id))]


def level_heard(complaint: Complaint, level: str) -> str:
    """The level from which on somebody can hear a complaint, going up; the one begun with where nobody can yet."""
    # Whoever hears at a level hears at every level below it, so the nearest hearer says how low it can be heard.
    return max((_scope_over(complaint, account, level) for account in hearers(complaint, level)), default=level, key=len)


def _scope_over(complaint: Complaint, account: Account, level: str) -> str:
    kind = HEARS[Desk(complaint.desk)]
    own = [role.scope_code for role in account.roles if role.kind == kind and level.startswith(role.scope_code)]
    return max(own, key=len)
