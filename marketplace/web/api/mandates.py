"""Mandates for programs: who acts for whom, giving and ending, answers by code, and how one is told."""

import binascii
import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask_smorest import Blueprint
from marshmallow import ValidationError, fields, validate

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND, get_producer, principal_of
from marketplace.catalogue.queries import own_listing, producer_of
from marketplace.identity.answer_codes import CODE_LENGTH
from marketplace.identity.contacts import Contact, set_contact
from marketplace.identity.mandate_states import MandateAction
from marketplace.identity.mandates import (
    Evidence,
    get_mandate,
    give_mandate,
    mandate_unknown,
    mandates_held,
    mandates_over,
    record_mandate,
)
from marketplace.identity.models import Answered, EvidenceKind, HolderRole, Mandate, MandateState, RoleKind, Scope
from marketplace.identity.queries import may_see
from marketplace.kernel import clock
from marketplace.kernel.audit import acts_for
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.pictures import read_picture, store_picture
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems, signed_in
from marketplace.web.api.inputs import InputSchema, PublicIdField, SearchText, Spelled
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.deeds import in_words
from marketplace.web.household_word import agree, answer, confirm, deny, end, own_mandate, producer_of_mandate
from marketplace.web.notices.households import tell_mandate
from marketplace.web.portals.answers import guarded_code
from marketplace.web.portals.evidence import consents_folder
from marketplace.web.portals.mandate_forms import holders_for, terms_of
from marketplace.web.portals.notices import contact_of

blueprint: Blueprint = ApiBlueprint("api-mandates", __name__, url_prefix="/api/v1", description="Acting for a household")

_SCOPES = [scope.value for scope in Scope]
# A call is at most 256 kB; a picture of a paper that a program has made small fits into it.
_PICTURE_MOST = 240_000
CODE = re.compile(r"[2-9a-hjkmnp-z]{10}")
_BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_PHONE = re.compile(r"(?:\+?[0-9]{5,15})?")
_EMAIL = re.compile(r"(?:[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,3})?")


class Base64(fields.String):
    """Bytes in Base64."""

    def __init__(self, **kwargs: Any) -> None:
        encoded = {"contentEncoding": "base64", "pattern": _BASE64, "maxLength": _PICTURE_MOST}
        documented = {**encoded, **kwargs.pop("metadata", {})}
        super().__init__(metadata=documented, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            return b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise ValidationError(N_("This is not written the way it should be.")) from None


class NewMandateSchema(InputSchema):
    """A mandate as an officer writes it down, or as a household gives it over its own farm."""

    farm = PublicIdField(required=True, metadata={"description": "The seller's public id"})
    holder = PublicIdField(required=True, metadata={"description": "An account: an officer over the farm, or a cooperative's"})
    scopes = fields.List(
        fields.String(validate=validate.OneOf(_SCOPES)), required=True, validate=validate.Length(1, len(_SCOPES))
    )
    last_day = fields.Date(required=True, metadata={"description": "The last day, in the market's zone"})
    evidence = fields.String(
        validate=validate.OneOf([kind.value for kind in EvidenceKind if kind is not EvidenceKind.SIGNED_IN]),
        load_default=None,
        metadata={"description": "How the household has agreed; only for an officer"},
    )
    note = SearchText(400, load_default="")
    picture = Base64(load_default=None, metadata={"description": "JPEG, PNG or WebP, for `paper` and `thumbprint`"})


class MandateSchema(OutputSchema):
    """A mandate."""

    public_id = fields.String()
    farm = fields.String(attribute="principal_id")
    holder = fields.String(attribute="holder.public_id")
    holder_role = fields.String(validate=validate.OneOf([role.value for role in HolderRole]))
    scopes = fields.List(fields.String(validate=validate.OneOf(_SCOPES)))
    state = fields.String(validate=validate.OneOf([state.value for state in MandateState]))
    begins_at = fields.AwareDateTime()
    ends_at = fields.AwareDateTime()
    last_day = fields.Function(lambda mandate: local_day(mandate.ends_at - timedelta(microseconds=1)).isoformat())
    evidence = fields.String(attribute="evidence_kind", validate=validate.OneOf([kind.value for kind in EvidenceKind]))
    recorded_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)


class MandatesSchema(OutputSchema):
    """Mandates, newest first."""

    held = fields.List(
        fields.Nested(MandateSchema),
        metadata={"description": "Those in force that you hold; name the `farm` of one in X-Acting-For"},
    )
    given = fields.List(fields.Nested(MandateSchema), metadata={"description": "All over your own farm"})


class ActSchema(OutputSchema):
    """Something done in somebody's name."""

    at = fields.AwareDateTime()
    verb = fields.String(metadata={"description": "In the reader's language"})
    actor = fields.String()
    what = fields.String()
    listing = fields.String(allow_none=True)
    mandate = fields.String(allow_none=True)


class ActsSchema(OutputSchema):
    """The newest acts in the name of your own farm."""

    items = fields.List(fields.Nested(ActSchema))


class DenialSchema(OutputSchema):
    """A denied listing."""

    public_id = fields.String()
    denied_at = fields.AwareDateTime()
    agreed_at = fields.AwareDateTime(allow_none=True)


class ContactInSchema(InputSchema):
    """Where and when you want to be told."""

    channel = fields.String(required=True, validate=validate.OneOf(["sms", "email", "none"]))
    phone = Spelled(_PHONE, most=16, load_default="")
    email = Spelled(_EMAIL, most=254, load_default="")
    quiet_at_night = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class ContactSchema(OutputSchema):
    """Where and when you are told."""

    channel = fields.String(validate=validate.OneOf(["sms", "email", "none"]))
    phone = fields.String()
    email = fields.String()
    quiet_at_night = fields.Boolean(metadata={"description": "Nothing from 21:00 to 8:00 in the market's zone"})


def _own_farm() -> Producer:
    producer = producer_of(account().id)
    if producer is None:
        raise NotFound("producer_unknown", N_("Your account does not sell for a farm yet."))
    return producer


@blueprint.get("/mandates")
@signed_in
@blueprint.response(200, MandatesSchema)
def mandates() -> dict[str, Sequence[Mandate]]:
    """The mandates that you hold, and those over your own farm."""
    own = producer_of(account().id)
    given = mandates_over([(KIND, own.public_id)]) if own is not None else []
    return {"held": mandates_held(account().id, now=clock.now()), "given": given}


@blueprint.post("/mandates")
@signed_in
@blueprint.arguments(NewMandateSchema)
@blueprint.response(201, MandateSchema)
@problems(403, 404, *BODY)
def create_mandate(given: dict[str, Any]) -> Mandate:
    """Give a mandate over your own farm, or write one down as an officer of the farm's area.

    A household that signs in itself is asked: what an officer writes down for it is `proposed` until it agrees. So is what
    rests on spoken words that its own holder has written down, until another officer confirms it.
    """
    now, writer = clock.now(), account()
    producer = get_producer(given["farm"])
    if producer.account_id != writer.id and not may_see(writer, RoleKind.OFFICER, producer.area_code):
        raise NotFound("producer_unknown", N_("There is no such farm."))
    found = holders_for(producer).get(given["holder"])
    if found is None:
        raise Invalid("holder_unfit", N_("This person cannot hold a mandate for this household."))
    holder, role, _name = found
    terms = terms_of([Scope(scope) for scope in given["scopes"]], given["last_day"])
    picture = store_picture(read_picture(given["picture"]), consents_folder()) if given["picture"] is not None else ""
    with transaction():
        principal = principal_of(producer, lock=True)
        if producer.account_id == writer.id:
            mandate = give_mandate(principal, writer, holder, role, terms, now=now)
        else:
            evidence = Evidence(EvidenceKind(given["evidence"] or EvidenceKind.SIGNED_IN), given["note"], picture)
            mandate = record_mandate(principal, holder, role, terms, evidence, officer=writer, now=now)
        tell_mandate(mandate, producer, now=now)
    return mandate


@blueprint.post("/mandates/<public_id:public_id>/agree")
@signed_in
@blueprint.response(200, MandateSchema)
@problems(403, 404, 409)
def agree_to_mandate(public_id: str) -> Mandate:
    """Agree to a mandate over your own farm that an officer has proposed; again, it changes nothing."""
    producer, now = _own_farm(), clock.now()
    with transaction():
        mandate = own_mandate(public_id, producer)
        agree(mandate, producer, account(), now=now)
    return mandate


@blueprint.post("/mandates/<public_id:public_id>/confirm")
@only(RoleKind.OFFICER)
@blueprint.response(200, MandateSchema)
@problems(404, 409)
def confirm_mandate(public_id: str) -> Mandate:
    """Confirm, as another officer who has asked the household, spoken words that the holder wrote down; again, nothing changes.

    `another_officer` (403) for the holder, `nothing_to_confirm` (409) where the household itself is asked.
    """
    now, officer = clock.now(), account()
    with transaction():
        mandate = get_mandate(public_id, lock=True)
        producer = producer_of_mandate(mandate)
        if not may_see(officer, RoleKind.OFFICER, producer.area_code):
            raise mandate_unknown()
        confirm(mandate, producer, officer, now=now)
    return mandate


@blueprint.post("/mandates/<public_id:public_id>/revoke")
@signed_in
@blueprint.response(200, MandateSchema)
@problems(404, 409)
def revoke_mandate(public_id: str) -> Mandate:
    """End a mandate over your own farm, or one that you hold; again, it changes nothing."""
    now, person = clock.now(), account()
    with transaction():
        mandate = get_mandate(public_id, lock=True)
        producer = producer_of_mandate(mandate)
        if person.id not in (producer.account_id, mandate.holder_id):
            raise mandate_unknown()
        how = Answered.SIGNED_IN if person.id == producer.account_id else Answered.HOLDER
        end(mandate, producer, MandateAction.REVOKE, how, actor=person.public_id, now=now)
    return mandate


@blueprint.post("/mandates/<public_id:public_id>/deny")
@signed_in
@blueprint.response(200, MandateSchema)
@problems(404, 409)
def deny_mandate(public_id: str) -> Mandate:
    """Say that your household never agreed to a mandate; it ends, and the operator looks into it."""
    producer, now = _own_farm(), clock.now()
    with transaction():
        mandate = own_mandate(public_id, producer)
        end(mandate, producer, MandateAction.DENY, Answered.SIGNED_IN, actor=account().public_id, now=now)
    return mandate


@blueprint.get("/acts-in-my-name")
@signed_in
@blueprint.response(200, ActsSchema)
@problems(404)
def acts() -> dict[str, Any]:
    """What others have done in the name of your own farm, newest first."""
    return {"items": in_words(acts_for(_own_farm().public_id))}


@blueprint.post("/listings/<public_id:listing>/deny")
@signed_in
@blueprint.response(200, DenialSchema)
@problems(404, 409)
def deny_listing(listing: str) -> Any:
    """Say that a listing made in your household's name is not its own.

    It is off sale at once, and whoever put it there cannot put such goods on sale again until you agree. `nothing_to_deny`
    (409) for what you have put on sale yourself.
    """
    producer, now = _own_farm(), clock.now()
    with transaction():
        return deny(own_listing(listing, producer.id), producer, Answered.SIGNED_IN, actor=account().public_id, now=now)


class CodeAnswerSchema(InputSchema):
    """An answer to a notice by its code."""

    code = Spelled(CODE, most=CODE_LENGTH, required=True, metadata={"description": "From the end of the notice"})
    answer = fields.String(required=True, validate=validate.OneOf(["deny", "revoke", "agree"]))


class CodeAnsweredSchema(OutputSchema):
    """What was answered."""

    answer = fields.String(validate=validate.OneOf(["deny", "revoke", "agree"]))


@blueprint.post("/answers")
@allow(PUBLIC)
@blueprint.arguments(CodeAnswerSchema)
@blueprint.response(200, CodeAnsweredSchema)
@problems(404, 409, 429, *BODY)
def answer_notice(given: dict[str, str]) -> dict[str, str]:
    """Answer a notice by its code, without a token: `deny` a listing, `revoke` the mandate, `agree` to what was denied.

    A code works once (`code_used`, 409) and for thirty days (`code_over`, 409). Wrong codes are counted (429).
    """
    now = clock.now()
    guarded_code(given["code"], now)
    with transaction():
        answer(given["code"], given["answer"], now=now)
    return {"answer": given["answer"]}


@blueprint.get("/contact")
@signed_in
@blueprint.response(200, ContactSchema)
def contact() -> Contact:
    """Where and when you are told of your orders and of what others do in your name."""
    return contact_of(account())


@blueprint.put("/contact")
@signed_in
@blueprint.arguments(ContactInSchema)
@blueprint.response(200, ContactSchema)
@problems(409, *BODY)
def change_contact(given: dict[str, Any]) -> Contact:
    """Be told there from now on. `contact_incomplete` (409) when the channel's number or address is empty."""
    wanted = Contact(**given)
    if wanted.channel != "none" and not wanted.address:
        raise Conflict("contact_incomplete", N_("Please give the number or the address as well."))
    with transaction():
        return set_contact("account", account().public_id, wanted, actor=account().public_id, now=clock.now())
