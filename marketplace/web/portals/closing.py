"""Portal: closing one's account: what goes and what stays, asking for it, staying after all, and the proof afterwards."""

from flask import Blueprint, flash, make_response, render_template, url_for
from flask import Response as AnyResponse
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response

from marketplace.fields.closing import obstacles
from marketplace.identity.closures import REFLECTION, ask_closure, find_closure, get_closure, take_closure_back
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, NotSignedIn
from marketplace.web.access import PUBLIC, SIGNED_IN, account, allow
from marketplace.web.closing_words import goes, obstacle_words, proof_rows, stays
from marketplace.web.errors import errors_by_field, status_of
from marketplace.web.forms import FormError, FormSchema, read_form
from marketplace.web.own_password import check_own_password
from marketplace.web.portals.account import SecretForm
from marketplace.web.redirects import see_other

blueprint = Blueprint("closing", __name__)


class ClosingForm(SecretForm):
    """The password once more, so that nobody closes an account that was left open."""

    password = fields.String(required=True, error_messages={"required": N_("Please give your password.")})


@blueprint.get("/settings/closing")
@allow(SIGNED_IN)
def own() -> str:
    """What closing one's account would mean, or when it will be done."""
    return _page({})


def _page(errors: dict[str, str]) -> str:
    return render_template(
        "account/closing.html",
        closure=find_closure(account().id),
        obstacles=obstacle_words(account()),
        goes=goes(),
        stays=stays(),
        days=REFLECTION.days,
        errors=errors,
    )


@blueprint.post("/settings/closing")
@allow(SIGNED_IN)
def ask() -> Response | tuple[str, int]:
    """Ask for it."""
    now = clock.now()
    try:
        password = read_form(ClosingForm())["password"]
        check_own_password(password, now=now)
        if obstacles(account()):
            raise Conflict("closing_held", N_("This account cannot be closed yet."))
        with transaction():
            ask_closure(account(), now=now)
    except (FormError, NotSignedIn, Conflict) as error:
        said = errors_by_field(error, "password")
        return _page(said), status_of(error) if not isinstance(error, NotSignedIn) else 422
    flash(_("Written down. Your account will be closed when the days are over."), "success")
    return see_other(url_for("closing.own"))


@blueprint.post("/settings/closing/back")
@allow(SIGNED_IN)
def back() -> Response:
    """Stay after all."""
    read_form(FormSchema())
    with transaction():
        take_closure_back(account(), now=clock.now())
    flash(_("Your account stays."), "success")
    return see_other(url_for("closing.own"))


@blueprint.get("/closing/<public_id>")
@allow(PUBLIC)
def proof(public_id: str) -> AnyResponse:
    """What became of a closing, for whoever was given its number; it names nobody."""
    closure = get_closure(public_id)
    page = make_response(
        render_template("account/closing_proof.html", closure=closure, rows=proof_rows(closure), stays=stays())
    )
    page.headers["X-Robots-Tag"] = "noindex"
    return page
