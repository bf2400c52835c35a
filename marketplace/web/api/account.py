"""One's own account: language, what lists may follow, the weekly letter, an enterprise's target."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.fields.closing import OBSTACLES, obstacles
from marketplace.identity.closures import ask_closure, find_closure, take_closure_back
from marketplace.identity.models import Account, AccountClosure, RoleKind
from marketplace.identity.service import set_locale
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotSignedIn
from marketplace.recommendations.queries import is_personalised
from marketplace.recommendations.service import delete_history, set_personalised
from marketplace.recommendations.subscriptions import find_subscription, subscribe, unsubscribe
from marketplace.sourcing.queries import year_of_purchases
from marketplace.sourcing.service import MOST_BUDGET_FEN, set_purchase_target
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems, signed_in
from marketplace.web.api.inputs import EMAIL, InputSchema, Secret, Spelled, WholeField, YesNoField
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.languages import LOCALES
from marketplace.web.own_password import check_own_password

blueprint: Blueprint = ApiBlueprint("api-account", __name__, url_prefix="/api/v1/account", description="One’s own account")


class RoleSchema(OutputSchema):
    """What the account may do, and where."""

    kind = fields.String(validate=validate.OneOf([kind.value for kind in RoleKind]))
    area_code = fields.String(attribute="scope_code")


class AccountSchema(OutputSchema):
    """The account as its owner sees it."""

    public_id = fields.String()
    login = fields.String()
    display_name = fields.String()
    locale = fields.String(allow_none=True)
    roles = fields.List(fields.Nested(RoleSchema))
    personalised = fields.Boolean()
    weekly_letter_to = fields.String(allow_none=True, metadata={"description": "The address; null while there is no letter"})


class AccountChangeSchema(InputSchema):
    """What shall be different; the rest stays."""

    locale = fields.String(validate=validate.OneOf(LOCALES))
    personalised = YesNoField()
    weekly_letter_to = Spelled(EMAIL, most=254, allow_none=True)


class TargetInputSchema(InputSchema):
    """The part of this year's purchases that is reserved, in parts of ten thousand."""

    share_bp = WholeField(0, 10_000, required=True)
    # In fen, of the whole year; left out, the budget stays as it was.
    budget_fen = WholeField(1, MOST_BUDGET_FEN, load_default=None)


class YearSchema(OutputSchema):
    """What an enterprise has bought this year, and how much of it from registered households that may be named."""

    year = fields.Integer(attribute="year")
    total_fen = fen()
    registered_fen = fen()
    target_bp = fields.Integer(allow_none=True)
    budget_fen = fields.Integer(allow_none=True)
    missing_fen = fen()


class ClosingInputSchema(InputSchema):
    """The password once more, so that a token alone closes nothing."""

    password = Secret(200, required=True)


class ClosingSchema(OutputSchema):
    """That the account will be closed; its public id leads to the proof afterwards."""

    public_id = fields.String()
    asked_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime(metadata={"description": "From when on it is done, by itself"})


class ClosingStateSchema(OutputSchema):
    """Whether the account will be closed, and what holds it."""

    closing = fields.Nested(ClosingSchema, allow_none=True)
    obstacles = fields.List(fields.String(validate=validate.OneOf(list(OBSTACLES))))


@blueprint.get("/closing")
@signed_in
@blueprint.response(200, ClosingStateSchema)
def account_closing() -> dict[str, Any]:
    """Whether your account will be closed, and what has to end before it can be."""
    return {"closing": find_closure(account().id), "obstacles": obstacles(account())}


@blueprint.post("/closing")
@signed_in
@blueprint.arguments(ClosingInputSchema)
@blueprint.response(201, ClosingSchema)
@problems(409, 429, *BODY)
def close_own_account(given: dict[str, Any]) -> AccountClosure:
    """Ask for your account to be closed. You have some days to take it back."""
    now = clock.now()
    try:
        check_own_password(given["password"], now=now)
    except NotSignedIn as error:
        raise Invalid(error.code, error.message) from None
    if obstacles(account()):
        raise Conflict("closing_held", N_("This account cannot be closed yet."))
    with transaction():
        return ask_closure(account(), now=now)


@blueprint.delete("/closing")
@signed_in
@blueprint.response(204)
@problems(409)
def keep_own_account() -> None:
    """Stay after all."""
    with transaction():
        take_closure_back(account(), now=clock.now())


@blueprint.get("")
@signed_in
@blueprint.response(200, AccountSchema)
def own_account() -> dict[str, Any]:
    """Your account."""
    return _shown(account())


def _shown(own: Account) -> dict[str, Any]:
    letter = find_subscription(own.id)
    return {
        "public_id": own.public_id,
        "login": own.login,
        "display_name": own.display_name,
        "locale": own.locale,
        "roles": own.roles,
        "personalised": is_personalised(own.id),
        "weekly_letter_to": letter.address if letter is not None and letter.wanted else None,
    }


@blueprint.patch("")
@signed_in
@blueprint.arguments(AccountChangeSchema)
@blueprint.response(200, AccountSchema)
@problems(*BODY)
def change_account(given: dict[str, Any]) -> dict[str, Any]:
    """Change your language, whether lists may follow you, and where the weekly letter goes (null ends it)."""
    now, own = clock.now(), account()
    address = given.get("weekly_letter_to")
    with transaction():
        if "locale" in given:
            set_locale(own, given["locale"])
        if "personalised" in given:
            set_personalised(own, given["personalised"], now=now)
        if address is not None:
            subscribe(own, address, now=now)
        elif "weekly_letter_to" in given:
            unsubscribe(own, now=now)
        return _shown(own)


@blueprint.delete("/history")
@signed_in
@blueprint.response(204)
def delete_own_history() -> None:
    """Have forgotten what your lists followed; your orders stay."""
    with transaction():
        delete_history(account(), now=clock.now())


@blueprint.get("/purchases")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, YearSchema)
def own_year() -> Any:
    """How far this year's reserved purchases have come."""
    return year_of_purchases(account().id, clock.local_day(clock.now()).year)


@blueprint.put("/purchases/target")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(TargetInputSchema)
@blueprint.response(200, YearSchema)
@problems(*BODY)
def own_target(given: dict[str, int]) -> Any:
    """Set which part of this year's purchases is reserved."""
    now = clock.now()
    year = clock.local_day(now).year
    with transaction():
        set_purchase_target(account(), year, given["share_bp"], budget_fen=given["budget_fen"], now=now)
        return year_of_purchases(account().id, year)
