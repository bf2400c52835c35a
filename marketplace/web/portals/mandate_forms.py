"""What people write of mandates, and how mandates are shown."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from marshmallow import fields, validate

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import cooperatives_near
from marketplace.identity.mandates import LONGEST, Terms, awaits_second_officer
from marketplace.identity.models import Account, EvidenceKind, HolderRole, Mandate, MandateState, Scope
from marketplace.identity.queries import officers_over
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.errors import N_, DomainError
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text
from marketplace.web.languages import pick
from marketplace.web.notices.people import EVIDENCE, SCOPES, STATES, scopes_in_words, who

# How long a mandate lasts unless somebody says otherwise: a season.
_USUAL = timedelta(days=180)
_LAST_DAY = {"required": N_("Please give the last day."), "invalid": N_("Please give a day, such as 2026-05-01.")}
_NOTE = validate.Length(max=400, error=N_("Please write at most 400 characters."))
_FIELD_OF_CODE = {
    "scopes_missing": "scopes",
    "ends_at_invalid": "last_day",
    "holder_unfit": "holder",
    "holder_is_principal": "holder",
    "evidence_missing": "evidence",
    "evidence_picture_missing": "picture",
    "evidence_note_missing": "note",
    "evidence_note_too_long": "note",
    "picture_empty": "picture",
    "picture_too_heavy": "picture",
    "picture_kind": "picture",
    "picture_too_large": "picture",
    "picture_animated": "picture",
    "picture_broken": "picture",
    "phone_invalid": "phone",
    "contact_is_holders": "phone",
}


class TermsForm(FormSchema):
    """Who may do what until when. The scopes are boxes of one name and read beside."""

    holder = Text(required=True, error_messages={"required": N_("Please choose who shall act.")})
    last_day = fields.Date(required=True, error_messages=_LAST_DAY)


class RecordForm(TermsForm):
    """A mandate that an officer writes down."""

    evidence = fields.Enum(
        EvidenceKind,
        by_value=fields.String(),
        load_default=None,
        error_messages={"unknown": N_("Please say how the household has agreed.")},
    )
    note = Text(load_default="", validate=_NOTE)
    phone = Text(load_default="", validate=validate.Length(max=20))


class NoteForm(FormSchema):
    """A few words about what a household has said, or what was done."""

    note = Text(load_default="", validate=_NOTE)


def given_scopes() -> frozenset[Scope]:
    """The boxes that were ticked; what is no scope is refused."""
    given = request.form.getlist("scopes")
    if not set(given) <= set(Scope):
        raise FormError({"scopes": _("Please choose one of the values offered.")})
    return frozenset(Scope(value) for value in given)


def scalar_form() -> Any:
    """The form without its boxes, which are read by ``given_scopes``."""
    form = request.form.copy()
    form.poplist("scopes")
    return form


def terms_of(scopes: Iterable[Scope], last_day: date) -> Terms:
    """Until the end of a local day."""
    if last_day.year > 9000:
        # The calendar itself ends soon after; the rule about a mandate's length says the same kindly.
        last_day = last_day.replace(year=9000, day=1)
    return Terms(frozenset(scopes), day_start(last_day + timedelta(days=1)))


def holders_for(producer: Producer, first: Account | None = None) -> dict[str, tuple[Account, HolderRole, str]]:
    """Who may be given a mandate over this seller, by public id: officers over its area and cooperatives of its county."""
    found: dict[str, tuple[Account, HolderRole, str]] = {}
    officers: Sequence[Account] = officers_over(producer.area_code)
    if first is not None:
        officers = sorted(officers, key=lambda row: row.id != first.id)
    for account in officers:
        found[account.public_id] = (account, HolderRole.OFFICER, who(account, HolderRole.OFFICER))
    for cooperative, account in cooperatives_near(producer.area_code):
        if cooperative.id != producer.id and account.public_id not in found:
            found[account.public_id] = (account, HolderRole.COOPERATIVE, pick(cooperative.name_zh, cooperative.name_en))
    found.pop(_owner(producer, found), None)
    return found


def _owner(producer: Producer, found: dict[str, tuple[Account, HolderRole, str]]) -> str:
    return next((public_id for public_id, (account, _role, _name) in found.items() if account.id == producer.account_id), "")


def form_context(now: datetime, chosen: Iterable[str] = ()) -> dict[str, Any]:
    """What the terms' part of a form shows."""
    today = local_day(now)
    return {
        "scopes": [
            {"value": scope.value, "label": _sentence(str(_(words))), "checked": scope in set(chosen)}
            for scope, words in SCOPES.items()
        ],
        "first_day": (today + timedelta(days=1)).isoformat(),
        "latest_day": (today + LONGEST - timedelta(days=1)).isoformat(),
        "usual_day": (today + _USUAL).isoformat(),
    }


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def field_errors(error: DomainError, names: set[str]) -> dict[str, str]:
    """What to write beside which field; '' is the form as a whole."""
    if isinstance(error, FormError):
        known = {name: message for name, message in error.fields.items() if name in names}
        if len(known) < len(error.fields):
            known[""] = _("This form has a field that does not belong to it.")
        return known
    return {_FIELD_OF_CODE.get(error.code, ""): message_of(error)}


def shown(mandate: Mandate, now: datetime, producer: Producer | None = None) -> dict[str, Any]:
    """A mandate as pages show it."""
    over = mandate.state == MandateState.IN_FORCE and mandate.ends_at <= now
    words, tone = STATES[MandateState.EXPIRED if over else MandateState(mandate.state)]
    if awaits_second_officer(mandate):
        words = N_("Waits for another officer")
    return {
        "public_id": mandate.public_id,
        "who": who(mandate.holder, mandate.holder_role),
        "farm": pick(producer.name_zh, producer.name_en) if producer is not None else None,
        "farm_id": mandate.principal_id,
        "scopes": scopes_in_words(mandate.scopes),
        "state": (str(_(words)), tone),
        "proposed": mandate.state == MandateState.PROPOSED and not over,
        "open": mandate.state in (MandateState.PROPOSED, MandateState.IN_FORCE) and not over,
        "last_day": local_day(mandate.ends_at - timedelta(microseconds=1)),
        "days_left": (local_day(mandate.ends_at) - local_day(now)).days,
        "evidence": str(_(EVIDENCE[EvidenceKind(mandate.evidence_kind)])),
        "note": mandate.evidence_note,
        "picture": mandate.evidence_picture,
        "recorded_by": mandate.recorded_by.display_name,
        "recorded_at": mandate.recorded_at,
        "ended_at": mandate.ended_at,
    }
