"""Who may act for whom: giving mandates, ending them, and the check that every act makes inside its own transaction.

The check locks the mandate's row for sharing and whoever ends a mandate locks it for itself. So an act is either committed
before the end of its mandate, or refused.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import joinedload

from marketplace.identity.mandate_states import MANDATES, MandateAction
from marketplace.identity.models import Account, Answered, EvidenceKind, HolderRole, Mandate, MandateState, RoleKind, Scope
from marketplace.identity.queries import may_see, scopes
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, DomainError, Forbidden, Invalid, NotFound

# A household is asked again at least once a year.
LONGEST = timedelta(days=366)
# A proposal that nobody has answered is forgotten.
PROPOSAL_HOLDS = timedelta(days=30)
NEEDS_PICTURE = (EvidenceKind.PAPER, EvidenceKind.THUMBPRINT)
NEEDS_NOTE = (EvidenceKind.VOICE, EvidenceKind.IN_PERSON)
OPEN = (MandateState.PROPOSED, MandateState.IN_FORCE)


@dataclass(frozen=True)
class Principal:
    """A seller in whose name others may act, as the check needs it.

    ``owner`` is the public id of the account that sells for it itself, None for a household that nobody signs in for.
    """

    kind: str
    id: str
    area_code: str
    owner: str | None


@dataclass(frozen=True)
class Terms:
    """What a mandate lets its holder do, and until when."""

    scopes: frozenset[Scope]
    ends_at: datetime


@dataclass(frozen=True)
class Evidence:
    """What shows that a household has agreed: a picture's name for paper and thumbprint, words for a voice and a meeting."""

    kind: EvidenceKind
    note: str = ""
    picture: str = ""


class MandateRefused(Forbidden):
    """The mandate does not carry this act, or does not any more."""


def record_mandate(
    principal: Principal,
    holder: Account,
    role: HolderRole,
    terms: Terms,
    evidence: Evidence,
    *,
    officer: Account,
    now: datetime,
) -> Mandate:
    """Write down a mandate that an officer of the area has been told of.

    For a household that nobody signs in for, the evidence is the consent and the mandate is in force; but words that the holder
    alone says to have heard another officer has to confirm (``confirm_mandate``). A household with an account of its own is
    asked. Until then the mandate is only proposed.

    Raises
    ------
    Forbidden
        ``outside_area`` when the officer's area does not hold the seller's.
    """
    if not may_see(officer, RoleKind.OFFICER, principal.area_code):
        raise Forbidden("outside_area", N_("This household is not in your area."))
    _check_holder(principal, holder, role)
    _check_terms(terms, now)
    asked = principal.owner is not None
    evidence = Evidence(EvidenceKind.SIGNED_IN) if asked else _checked(evidence)
    mandate = _written(principal, holder, role, terms, evidence, recorded_by=officer, given_by=None, now=now)
    if not asked and not awaits_second_officer(mandate):
        _consent(mandate, officer.public_id, now)
    return mandate


def awaits_second_officer(mandate: Mandate) -> bool:
    """Whether a mandate rests on words alone that its own holder has written down, and nobody else has confirmed."""
    spoken = mandate.evidence_kind in NEEDS_NOTE
    return mandate.state == MandateState.PROPOSED and spoken and mandate.recorded_by_id == mandate.holder_id


def confirm_mandate(mandate: Mandate, principal: Principal, officer: Account, *, now: datetime) -> bool:
    """Confirm, as another officer of the area who has asked the household, a locked mandate; False when that was done already.

    Raises
    ------
    Forbidden
        ``outside_area``; ``another_officer`` for the holder and for whoever wrote the mandate down.
    Conflict
        ``nothing_to_confirm`` when the household itself is asked, ``mandate_state`` when the mandate has ended.
    """
    if not may_see(officer, RoleKind.OFFICER, principal.area_code):
        raise Forbidden("outside_area", N_("This household is not in your area."))
    if officer.id in (mandate.holder_id, mandate.recorded_by_id):
        raise Forbidden("another_officer", N_("Another officer has to ask the household and confirm this."))
    if mandate.state == MandateState.PROPOSED and not awaits_second_officer(mandate):
        raise Conflict("nothing_to_confirm", N_("The household itself is asked to agree to this mandate."))
    if mandate.ends_at <= now:
        raise Conflict("mandate_state", N_("This mandate has ended. A new one needs a new consent."))
    return _consent(mandate, officer.public_id, now)


def give_mandate(
    principal: Principal, giver: Account, holder: Account, role: HolderRole, terms: Terms, *, now: datetime
) -> Mandate:
    """Give a mandate as the household itself, signed in; in force at once.

    Raises
    ------
    Forbidden
        ``not_yours_to_give`` for anybody else: who acts under a mandate cannot hand it on.
    """
    _check_giver(principal, giver)
    _check_holder(principal, holder, role)
    _check_terms(terms, now)
    evidence = Evidence(EvidenceKind.SIGNED_IN)
    mandate = _written(principal, holder, role, terms, evidence, recorded_by=giver, given_by=giver, now=now)
    _consent(mandate, giver.public_id, now)
    return mandate


def _check_giver(principal: Principal, giver: Account) -> None:
    if principal.owner != giver.public_id or not scopes(giver, RoleKind.FARMER):
        raise Forbidden("not_yours_to_give", N_("Only the household itself can give or agree to a mandate."))


def _check_holder(principal: Principal, holder: Account, role: HolderRole) -> None:
    if holder.public_id == principal.owner:
        raise Invalid("holder_is_principal", N_("Nobody needs a mandate for their own farm."))
    if not _may_hold(principal, holder, role):
        raise Invalid("holder_unfit", N_("This person cannot hold a mandate for this household."))


def _may_hold(principal: Principal, holder: Account, role: HolderRole) -> bool:
    if not holder.active:
        return False
    if role is HolderRole.OFFICER:
        return may_see(holder, RoleKind.OFFICER, principal.area_code)
    return bool(scopes(holder, RoleKind.FARMER))


def _check_terms(terms: Terms, now: datetime) -> None:
    if not terms.scopes:
        raise Invalid("scopes_missing", N_("Please choose what the mandate is for."))
    if not now < terms.ends_at <= now + LONGEST:
        raise Invalid("ends_at_invalid", N_("A mandate ends between tomorrow and a year from now."))


def _checked(evidence: Evidence) -> Evidence:
    if evidence.kind is EvidenceKind.SIGNED_IN:
        raise Invalid("evidence_missing", N_("Please say how the household has agreed."))
    if evidence.kind in NEEDS_PICTURE and not evidence.picture:
        raise Invalid("evidence_picture_missing", N_("Please take a picture of the paper."))
    if evidence.kind in NEEDS_NOTE and not evidence.note.strip():
        raise Invalid("evidence_note_missing", N_("Please write who was there, or where the recording is kept."))
    if len(evidence.note) > 400:
        raise Invalid("evidence_note_too_long", N_("Please write at most 400 characters."))
    return evidence


def _written(
    principal: Principal,
    holder: Account,
    role: HolderRole,
    terms: Terms,
    evidence: Evidence,
    *,
    recorded_by: Account,
    given_by: Account | None,
    now: datetime,
) -> Mandate:
    mandate = Mandate(
        holder_id=holder.id,
        holder_role=role,
        principal_kind=principal.kind,
        principal_id=principal.id,
        scopes=sorted(terms.scopes),
        state=MandateState.PROPOSED,
        begins_at=now,
        ends_at=terms.ends_at,
        evidence_kind=evidence.kind,
        evidence_note=evidence.note.strip(),
        evidence_picture=evidence.picture,
        recorded_by_id=recorded_by.id,
        recorded_at=now,
        given_by_id=given_by.id if given_by is not None else None,
    )
    db.session.add(mandate)
    db.session.flush()
    _note("mandate.proposed", mandate, recorded_by.public_id, now, scopes=mandate.scopes, evidence=evidence.kind.value)
    return mandate


def _consent(mandate: Mandate, actor: str, now: datetime) -> bool:
    state = MANDATES.next_state(MandateState(mandate.state), MandateAction.CONSENT)
    if state is None:
        return False
    mandate.state = state
    db.session.flush()
    _note("mandate.in_force", mandate, actor, now)
    return True


def agree_to_mandate(mandate: Mandate, principal: Principal, giver: Account, *, now: datetime) -> bool:
    """Agree, as the household itself, to a locked mandate that an officer has proposed; False when that was done already."""
    _check_giver(principal, giver)
    if mandate.ends_at <= now:
        raise Conflict("mandate_state", N_("This mandate has ended. A new one needs a new consent."))
    if mandate.state == MandateState.PROPOSED:
        mandate.given_by_id = giver.id
    return _consent(mandate, giver.public_id, now)


def end_mandate(mandate: Mandate, action: MandateAction, how: Answered, *, actor: str, now: datetime) -> bool:
    """End a locked mandate; False when it had ended in this way before."""
    state = MANDATES.next_state(MandateState(mandate.state), action)
    if state is None:
        return False
    mandate.state, mandate.ended_at, mandate.ended_how = state, now, how
    db.session.flush()
    _note(f"mandate.{state}", mandate, actor, now, how=how.value)
    return True


def _note(verb: str, mandate: Mandate, actor: str, now: datetime, **data: object) -> None:
    about = {"principal_kind": mandate.principal_kind, "principal": mandate.principal_id, "holder": mandate.holder.public_id}
    audit.record(verb, "mandate", mandate.public_id, actor=actor, at=now, **about, **data)


def expire_mandates(*, now: datetime) -> Sequence[Mandate]:
    """End the mandates whose time is over, and proposals that nobody answered; answers those."""
    over = Mandate.ends_at <= now
    unanswered = (Mandate.state == MandateState.PROPOSED) & (Mandate.recorded_at <= now - PROPOSAL_HOLDS)
    found = db.session.scalars(
        select(Mandate)
        .where(Mandate.state.in_(OPEN), over | unanswered)
        .order_by(Mandate.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for mandate in found:
        end_mandate(mandate, MandateAction.EXPIRE, Answered.TIME, actor="clock", now=now)
    return found


def carrying_mandate(
    holder: Account, principal: Principal, alternatives: Sequence[Collection[Scope]], *, now: datetime
) -> Mandate:
    """The mandate that carries an act at this moment, read anew and held until the transaction ends.

    Mandates may overlap, so any of the holder's over this principal will do. ``alternatives`` are sets of scopes, of which one
    whole set must be covered.

    Raises
    ------
    MandateRefused
        With the reason: it ended, it does not cover the act, the officer's area no longer holds the household's, or the
        household's own account no longer sells for it.
    """
    # What others have changed of the person since the page was opened counts as well.
    db.session.refresh(holder, ["active", "roles"])
    return _carrying(_between(holder, principal, lock=True), holder, principal, alternatives, now)


def open_mandate(holder: Account, principal: Principal, alternatives: Sequence[Collection[Scope]], *, now: datetime) -> Mandate:
    """As ``carrying_mandate``, for a page that only shows something: nothing is held."""
    return _carrying(_between(holder, principal, lock=False), holder, principal, alternatives, now)


def _between(holder: Account, principal: Principal, *, lock: bool) -> Sequence[Mandate]:
    query = (
        select(Mandate)
        .where(Mandate.holder_id == holder.id)
        .where(Mandate.principal_kind == principal.kind, Mandate.principal_id == principal.id)
        .order_by(Mandate.id)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query.with_for_update(read=True) if lock else query).all()


def _carrying(
    mandates: Sequence[Mandate],
    holder: Account,
    principal: Principal,
    alternatives: Sequence[Collection[Scope]],
    now: datetime,
) -> Mandate:
    refused: MandateRefused = MandateRefused("mandate_unknown", N_("There is no such mandate."))
    for mandate in sorted(mandates, key=lambda row: (row.ends_at, row.id)):
        for needed in alternatives:
            reason = refusal(mandate, holder, principal, needed, now=now)
            if reason is None:
                return mandate
            # The reason told is that of the mandate that would have covered the act, if one would have.
            if set(needed) <= set(mandate.scopes) or refused.code in ("mandate_unknown", "mandate_too_narrow"):
                refused = reason
    raise refused


def refusal(
    mandate: Mandate, holder: Account, principal: Principal, needed: Collection[Scope], *, now: datetime
) -> MandateRefused | None:
    """Why a mandate does not carry an act of these scopes; None when it does."""
    if mandate.holder_id != holder.id or (mandate.principal_kind, mandate.principal_id) != (principal.kind, principal.id):
        return MandateRefused("mandate_unknown", N_("There is no such mandate."))
    if mandate.state == MandateState.PROPOSED:
        return MandateRefused("mandate_not_agreed", N_("The household has not agreed to this yet."))
    if mandate.state in (MandateState.REVOKED, MandateState.DENIED):
        return MandateRefused("mandate_revoked", N_("The household has taken this mandate back. Nothing was changed."))
    if mandate.state == MandateState.EXPIRED or not mandate.begins_at <= now < mandate.ends_at:
        return MandateRefused("mandate_expired", N_("The time of this mandate is over. Nothing was changed."))
    if not _may_hold(principal, holder, HolderRole(mandate.holder_role)):
        return MandateRefused("mandate_out_of_area", N_("This household is no longer in your area. Nothing was changed."))
    if mandate.given_by_id is not None and (mandate.given_by is None or mandate.given_by.public_id != principal.owner):
        return MandateRefused("mandate_giver_gone", N_("Whoever gave this mandate no longer sells for this farm."))
    if not set(needed) <= set(mandate.scopes):
        return MandateRefused("mandate_too_narrow", N_("Your mandate does not cover this. Nothing was changed."))
    return None


_WITH_PEOPLE = (joinedload(Mandate.holder), joinedload(Mandate.recorded_by))


def find_mandate(public_id: str, *, lock: bool = False) -> Mandate | None:
    """The mandate with this public id; ``lock`` when it is going to end or begin."""
    query = select(Mandate).where(Mandate.public_id == public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).first()


def get_mandate(public_id: str, *, lock: bool = False) -> Mandate:
    """As ``find_mandate``, or ``NotFound``."""
    mandate = find_mandate(public_id, lock=lock)
    if mandate is None:
        raise mandate_unknown()
    return mandate


def mandate_unknown() -> DomainError:
    """What somebody is told who asks for a mandate that is not there, or not for them to see."""
    return NotFound("mandate_unknown", N_("There is no such mandate."))


def mandates_held(holder_id: int, *, now: datetime) -> Sequence[Mandate]:
    """The mandates in force of one holder, oldest first."""
    return db.session.scalars(
        select(Mandate)
        .where(Mandate.holder_id == holder_id, Mandate.state == MandateState.IN_FORCE, Mandate.ends_at > now)
        .order_by(Mandate.id)
        .limit(500)
    ).all()


def mandates_over(principals: Iterable[tuple[str, str]], *, limit: int = 200) -> Sequence[Mandate]:
    """All mandates over these sellers, by (kind, id), newest first."""
    wanted = tuple_(Mandate.principal_kind, Mandate.principal_id).in_(list(principals))
    return db.session.scalars(
        select(Mandate).where(wanted).options(*_WITH_PEOPLE).order_by(Mandate.id.desc()).limit(limit)
    ).all()


def mandates_ending(first: datetime, last: datetime) -> Sequence[Mandate]:
    """The mandates in force that end within a span."""
    ends = Mandate.ends_at.between(first, last)
    return db.session.scalars(select(Mandate).where(Mandate.state == MandateState.IN_FORCE, ends).order_by(Mandate.id)).all()


def lock_mandates_between(principal_id: str, holder: Account) -> Sequence[Mandate]:
    """All open mandates of one holder over one seller, locked: no act under any of them runs meanwhile."""
    return db.session.scalars(
        select(Mandate)
        .where(Mandate.principal_id == principal_id, Mandate.holder_id == holder.id, Mandate.state.in_(OPEN))
        .order_by(Mandate.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
