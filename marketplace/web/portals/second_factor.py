"""Portal: the second step of signing in, setting it up, and helping a colleague who has lost the phone."""

from typing import Any

import segno
from flask import Blueprint, flash, render_template, request, url_for
from flask import session as browser_session
from flask_babel import gettext as _
from markupsafe import Markup
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity import second_factors
from marketplace.identity.models import RoleKind, SecondFactor
from marketplace.identity.queries import account_names
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, DomainError, Forbidden, Invalid, NotFound, NotSignedIn
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.portals.account import enter
from marketplace.web.redirects import own_path, see_other
from marketplace.web.second_step import is_required, must_enrol, take_code, who_waits
from marketplace.web.session import sign_in

blueprint = Blueprint("second_factor", __name__)

_OWN = "/settings/second-factor"
_CODE_NEEDED = {"required": N_("Please enter the code.")}


class CodeForm(FormSchema):
    """A code of the phone, or from paper."""

    code = Text(required=True, error_messages=_CODE_NEEDED)


class BeginForm(FormSchema):
    """To set up another phone, a code of the one before."""

    code = Text(load_default="")


class ResetForm(FormSchema):
    """Who has lost it, and why it is taken away."""

    login = Text(required=True, error_messages={"required": N_("Please give the name your colleague signs in with.")})
    reason = Text(
        required=True,
        error_messages={"required": N_("Please give the reason in 1 to 200 characters.")},
        validate=validate.Length(max=200, error=N_("Please give the reason in 1 to 200 characters.")),
    )


@blueprint.get("/sign-in/code")
@allow(PUBLIC)
def code() -> str | Response:
    """Ask for the code; whoever has not shown a password a moment ago begins at the beginning."""
    try:
        who_waits(now=clock.now())
    except NotSignedIn:
        return see_other(url_for("account.sign_in"))
    return render_template("account/second_step.html", errors={})


@blueprint.post("/sign-in/code")
@allow(PUBLIC)
def code_check() -> Response | tuple[str, int]:
    """Let somebody in who has shown both."""
    now = clock.now()
    try:
        found, kept = who_waits(now=now)
    except NotSignedIn:
        flash(_("That took a little long. Please sign in again."), "warning")
        return see_other(url_for("account.sign_in"))
    try:
        form = read_form(CodeForm())
        take_code(found, form["code"], now=now)
    except (FormError, NotSignedIn) as error:
        return render_template("account/second_step.html", errors=_by_field(error)), status_of(error)
    enter(found, now)
    browser_session.permanent = bool(kept["remember"])
    return see_other(own_path(kept["next"]) or url_for("storefront.home"))


@blueprint.get(_OWN)
@allow(RoleKind.OFFICER, RoleKind.OPERATOR)
def own() -> str:
    """Whether it is set up, and how to do it."""
    return _page()


@blueprint.post(f"{_OWN}/begin")
@allow(RoleKind.OFFICER, RoleKind.OPERATOR)
def begin() -> Response | tuple[str, int]:
    """Make a secret for an app; one who has a phone already shows a code of it."""
    now = clock.now()
    try:
        form = read_form(BeginForm())
        if account().second_factor_since is not None:
            take_code(account(), form["code"], now=now)
        with transaction():
            second_factors.begin_enrolment(account(), now=now)
    except (FormError, NotSignedIn) as error:
        return _page(errors=_by_field(error)), status_of(error)
    return see_other(url_for("second_factor.own"))


@blueprint.post(f"{_OWN}/confirm")
@allow(RoleKind.OFFICER, RoleKind.OPERATOR)
def confirm() -> str | Response | tuple[str, int]:
    """Put it in force with the first code; the recovery codes are shown, this once."""
    now = clock.now()
    try:
        form = read_form(CodeForm())
        with transaction():
            codes = second_factors.confirm_enrolment(account(), form["code"], now=now)
    except (Invalid, Conflict) as error:
        return _page(errors=_by_field(error)), status_of(error)
    # Every session has ended; this one has just shown the phone, and goes on.
    remembered = browser_session.permanent
    sign_in(account())
    browser_session.permanent = remembered
    return render_template("account/recovery_codes.html", codes=codes, first=True)


@blueprint.post(f"{_OWN}/recovery-codes")
@allow(RoleKind.OFFICER, RoleKind.OPERATOR)
def recovery_codes() -> str | tuple[str, int]:
    """Ten new codes for paper, in place of all before."""
    now = clock.now()
    try:
        form = read_form(CodeForm())
        take_code(account(), form["code"], now=now)
        with transaction():
            codes = second_factors.renew_recovery_codes(account(), now=now)
    except (FormError, NotSignedIn, Conflict) as error:
        return _page(errors=_by_field(error)), status_of(error)
    return render_template("account/recovery_codes.html", codes=codes, first=False)


@blueprint.post(f"{_OWN}/end")
@allow(RoleKind.OFFICER, RoleKind.OPERATOR)
def end() -> Response | tuple[str, int]:
    """Ask for no code any more, where none is required."""
    now = clock.now()
    try:
        form = read_form(CodeForm())
        take_code(account(), form["code"], now=now)
        with transaction():
            second_factors.end_own(account(), now=now)
    except (FormError, NotSignedIn) as error:
        return _page(errors=_by_field(error)), status_of(error)
    flash(_("Signing in asks for no code any more."), "success")
    return see_other(url_for("second_factor.own"))


@blueprint.get(f"{_OWN}/lost")
@allow(RoleKind.OFFICER, RoleKind.OPERATOR)
def lost() -> str:
    """Help a colleague who has lost phone and paper."""
    return render_template("account/second_factor_lost.html", form={}, errors={})


@blueprint.post(f"{_OWN}/lost")
@allow(RoleKind.OFFICER, RoleKind.OPERATOR)
def lost_reset() -> Response | tuple[str, int]:
    """Take a colleague's second factor away, with a reason that is kept."""
    try:
        form = read_form(ResetForm())
        with transaction():
            helped = second_factors.reset(form["login"], form["reason"], by=account(), now=clock.now())
            name = helped.display_name
    except (Invalid, NotFound, Forbidden) as error:
        shown = request.form.to_dict()
        return render_template("account/second_factor_lost.html", form=shown, errors=_by_field(error)), status_of(error)
    flash(_("%(name)s is signed out everywhere and sets up a new phone at the next sign-in.", name=name), "success")
    return see_other(url_for("second_factor.lost"))


_FIELD_OF_CODE = {
    **dict.fromkeys(("code_wrong", "too_many_attempts"), "code"),
    **dict.fromkeys(("second_factor_unknown", "own_second_factor"), "login"),
    "reason_invalid": "reason",
}


def _by_field(error: DomainError) -> dict[str, str]:
    if isinstance(error, FormError):
        return dict(error.fields)
    return {_FIELD_OF_CODE.get(error.code, ""): message_of(error)}


def _page(errors: dict[str, str] | None = None) -> str:
    who = account()
    waiting = second_factors.find_waiting(who)
    return render_template(
        "account/second_factor.html",
        since=who.second_factor_since,
        required=must_enrol(who),
        may_end=who.second_factor_since is not None and not is_required(),
        left=second_factors.recovery_codes_left(who),
        waiting=_shown(waiting) if waiting is not None else None,
        reset=_reset_shown(),
        errors=errors or {},
    )


def _shown(factor: SecondFactor) -> dict[str, Any]:
    """The square code for the app, and the same in letters for whoever cannot scan."""
    address = second_factors.address_for_app(factor, account().login)
    square = segno.make(address, error="m", micro=False).svg_inline(scale=5, border=4, svgclass="qr", lineclass=None)
    letters = factor.secret
    return {"qr": Markup(square), "letters": " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))}


def _reset_shown() -> dict[str, Any] | None:
    last = second_factors.last_reset(account())
    if last is None:
        return None
    return {**last, "actor": account_names([last["actor"]]).get(last["actor"], _("the server’s keeper"))}
