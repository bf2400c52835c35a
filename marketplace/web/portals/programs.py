"""Portal: one's own programs: tokens that hold long, and addresses that are told of events."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.queries import named_tokens
from marketplace.identity.service import end_named_token, issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.kernel.outbox.posting import try_again
from marketplace.kernel.outbox.queries import Standing, standing
from marketplace.web.access import SIGNED_IN, account, allow, known_scopes
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.redirects import see_other
from marketplace.webhooks.queries import endpoints_of, get_endpoint, get_told, told
from marketplace.webhooks.service import EVENTS, add_endpoint, end_endpoint, shown_secret

blueprint = Blueprint("programs", __name__, url_prefix="/settings/programs")

LIVES_DAYS = (7, 30, 90, 365)
_STANDINGS = {
    Standing.WAITING: (N_("Waiting"), "wait"),
    Standing.SENT: (N_("Sent"), "good"),
    Standing.FAILED: (N_("Given up"), "bad"),
}
_FIELD_OF_CODE = {"address_invalid": "url", "webhook_there": "url", "kinds_invalid": "kinds"}


class TokenForm(FormSchema):
    """A token for a program. Scopes are boxes to tick and are read beside it; none ticked is all."""

    name = Text(
        required=True,
        error_messages={"required": N_("Please give the program a name.")},
        validate=validate.Length(max=60, error=N_("Please give a name of 1 to 60 characters.")),
    )
    days = fields.Integer(
        required=True,
        validate=validate.OneOf(LIVES_DAYS, error=N_("Please choose how long it shall hold.")),
        error_messages={"required": N_("Please choose how long it shall hold."), "invalid": N_("Please enter a whole number.")},
    )


class AddressForm(FormSchema):
    """An address to be told. Kinds of events are boxes to tick and are read beside it."""

    url = Text(required=True, error_messages={"required": N_("Please give the address of your program.")})


@blueprint.get("")
@allow(SIGNED_IN)
def programs() -> str:
    """The tokens and addresses that the account has given to programs."""
    return _page()


@blueprint.post("/tokens")
@allow(SIGNED_IN)
def token_make() -> Response | str | tuple[str, int]:
    """Make a token and show it, this once."""
    now = clock.now()
    scopes = request.form.getlist("scopes")
    try:
        form = read_form(TokenForm(), _without("scopes"))
        if not set(scopes) <= set(known_scopes(current_app)):
            raise FormError({"": _("This form has a field that does not belong to it.")})
        with transaction():
            token, _until = issue_token(account(), now=now, scopes=scopes, name=form["name"], life=timedelta(days=form["days"]))
    except (Invalid, Conflict) as error:
        return _page(token_form=request.form, errors=_by_field(error)), status_of(error)
    return _page(new_token=token)


@blueprint.post("/tokens/<public_id>/end")
@allow(SIGNED_IN)
def token_end(public_id: str) -> Response:
    """End a token at once."""
    read_form(FormSchema())
    with transaction():
        end_named_token(account(), public_id, now=clock.now())
    flash(_("The token has ended. Whatever used it is signed out."), "success")
    return see_other(url_for("programs.programs"))


@blueprint.post("/addresses")
@allow(SIGNED_IN)
def address_add() -> Response | tuple[str, int]:
    """Have an address told of events."""
    own_network = current_app.extensions["settings"].demo
    try:
        form = read_form(AddressForm(), _without("kinds"))
        kinds = request.form.getlist("kinds")
        with transaction():
            endpoint = add_endpoint(
                account(), form["url"], kinds, own_network=own_network, actor=account().public_id, now=clock.now()
            )
    except (Invalid, Conflict) as error:
        return _page(address_form=request.form, errors=_by_field(error)), status_of(error)
    flash(_("From now on this address is told."), "success")
    return see_other(url_for("programs.address", public_id=endpoint.public_id))


@blueprint.get("/addresses/<public_id>")
@allow(SIGNED_IN)
def address(public_id: str) -> str:
    """One address: its secret, and what it was told."""
    endpoint = get_endpoint(public_id, account().id)
    return render_template(
        "account/address.html",
        endpoint=endpoint,
        secret=shown_secret(endpoint),
        kinds=[_(EVENTS[kind]) for kind in endpoint.kinds],
        rows=[_told(message) for message in told(endpoint)],
    )


def _told(message: OutgoingMessage) -> dict[str, Any]:
    state = standing(message)
    label, look = _STANDINGS[state]
    return {
        "public_id": message.public_id,
        "kind": _(EVENTS.get(message.template, message.template)),
        "created_at": message.created_at,
        "attempts": message.attempts,
        "state": _(label),
        "look": look,
        "error": message.last_error,
        "again": state is Standing.FAILED,
    }


@blueprint.post("/addresses/<public_id>/end")
@allow(SIGNED_IN)
def address_end(public_id: str) -> Response:
    """Take an address back."""
    read_form(FormSchema())
    with transaction():
        end_endpoint(get_endpoint(public_id, account().id, lock=True), actor=account().public_id, now=clock.now())
    flash(_("This address is told nothing more."), "success")
    return see_other(url_for("programs.programs"))


@blueprint.post("/addresses/<public_id>/again/<message>")
@allow(SIGNED_IN)
def address_again(public_id: str, message: str) -> Response:
    """Try once more what was given up."""
    read_form(FormSchema())
    with transaction():
        endpoint = get_endpoint(public_id, account().id)
        again = try_again(get_told(endpoint, message), now=clock.now())
    flash(_("It will be sent again within a minute.") if again else _("It is on its way already."), "success")
    return see_other(url_for("programs.address", public_id=public_id))


def _without(name: str) -> Any:
    """The form without the boxes of this name, which may be ticked many times."""
    kept = request.form.copy()
    kept.poplist(name)
    return kept


def _by_field(error: DomainError) -> dict[str, str]:
    if isinstance(error, FormError):
        return dict(error.fields)
    return {_FIELD_OF_CODE.get(error.code, ""): message_of(error)}


def _page(
    *,
    new_token: str | None = None,
    token_form: Mapping[str, Any] | None = None,
    address_form: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    now = clock.now()
    ticked = set(request.form.getlist("scopes") if token_form else ()) | set(
        request.form.getlist("kinds") if address_form else ()
    )
    return render_template(
        "account/programs.html",
        new_token=new_token,
        tokens=named_tokens(account().id, now=now),
        endpoints=endpoints_of(account().id),
        scopes=[(scope, scope in ticked) for scope in known_scopes(current_app)],
        events=[(kind, _(words), kind in ticked) for kind, words in EVENTS.items()],
        lives=[(days, _("%(num)s days", num=days)) for days in LIVES_DAYS],
        token_form=token_form or {"days": 90},
        address_form=address_form or {},
        errors=errors or {},
    )
