"""Portal: signing up, in and out; language; settings."""

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask import session as browser_session
from flask_babel import gettext as _
from flask_login import current_user
from marshmallow import fields, pre_load, validate
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from marketplace.identity.models import Account
from marketplace.identity.service import (
    check_attempts,
    create_account,
    end_all_sessions,
    record_failure,
    set_locale,
    verify_password,
)
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotSignedIn
from marketplace.orders.baskets import merge_visitors_basket
from marketplace.orders.holding import leave_checkout
from marketplace.recommendations.queries import is_personalised
from marketplace.recommendations.subscriptions import find_subscription, is_address
from marketplace.web.access import PUBLIC, SIGNED_IN, account, account_or_none, allow
from marketplace.web.deliveries import area_of_last_purchase, deliver_to, delivery_area
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.languages import COOKIE, LOCALES, choose_locale
from marketplace.web.portals.notices import contact_shown
from marketplace.web.redirects import own_path, see_other
from marketplace.web.second_step import wait_for_code
from marketplace.web.session import remote_address, visitor_basket
from marketplace.web.session import sign_in as begin_session
from marketplace.web.session import sign_out as end_session

blueprint = Blueprint("account", __name__)

_A_YEAR_S = 365 * 24 * 3600
_LOGIN = {"required": N_("Please give the name you sign in with.")}
_PASSWORD = {"required": N_("Please give a password.")}
_LANGUAGE = {"required": N_("Please choose a language.")}
# Where a refusal of the identity service belongs on the form.
_FIELD_OF_CODE = {
    "login_invalid": "login",
    "login_taken": "login",
    "name_invalid": "display_name",
    "password_invalid": "password",
    "sign_in_failed": "password",
}


class SecretForm(FormSchema):
    """A form with a password, which is taken exactly as it was typed."""

    @pre_load
    def trim(self, data: dict[str, Any], **kept: Any) -> dict[str, Any]:
        """Trim everything but the password."""
        trimmed: dict[str, Any] = super().trim(data, **kept)
        return {**trimmed, "password": data["password"]} if data.get("password") else trimmed


class SignInForm(SecretForm):
    """Name, password, and where to go afterwards."""

    login = Text(required=True, error_messages=_LOGIN)
    password = fields.String(required=True, error_messages=_PASSWORD)
    remember = Text(load_default="")
    next = Text(load_default="")


class SignUpForm(SecretForm):
    """A new consumer's account."""

    login = Text(required=True, error_messages=_LOGIN)
    display_name = Text(required=True, error_messages={"required": N_("Please say what we shall call you.")})
    password = fields.String(required=True, error_messages=_PASSWORD)
    next = Text(load_default="")


class LanguageForm(FormSchema):
    """A language, and the page it was chosen on."""

    locale = Text(
        required=True,
        error_messages=_LANGUAGE,
        validate=validate.OneOf(LOCALES, error=N_("Please choose a language.")),
    )
    next = Text(load_default="")


@blueprint.get("/sign-in")
@allow(PUBLIC)
def sign_in() -> str | Response:
    """The form; somebody who is signed in already goes on."""
    target = own_path(request.args.get("next"))
    if current_user.is_authenticated:
        return see_other(target or url_for("storefront.home"))
    return render_template("account/sign_in.html", form={"next": target or ""}, errors={})


@blueprint.post("/sign-in")
@allow(PUBLIC)
def sign_in_check() -> Response | tuple[str, int]:
    """Let somebody in, or count the failure and say no more than that it was one."""
    now = clock.now()
    try:
        form = read_form(SignInForm())
        check_attempts(form["login"], remote_address(), now=now)
        found = _verified(form["login"], form["password"], now)
    except (FormError, NotSignedIn) as error:
        return render_template("account/sign_in.html", form=_shown(), errors=_by_field(error)), status_of(error)
    if found.second_factor_since is not None:
        wait_for_code(found, own_path(form["next"]), bool(form["remember"]), now=now)
        return see_other(url_for("second_factor.code"))
    enter(found, now)
    browser_session.permanent = bool(form["remember"])
    return see_other(own_path(form["next"]) or url_for("storefront.home"))


def _verified(login: str, password: str, now: datetime) -> Account:
    try:
        return verify_password(login, password)
    except NotSignedIn:
        db.session.rollback()
        # In a transaction of its own, because the refusal that follows takes nothing back.
        with transaction():
            record_failure(login, remote_address(), now=now)
        raise


def enter(found: Account, now: datetime) -> None:
    """Begin a session of an account; what it had put in its basket and said of delivery before comes along."""
    with transaction():
        merge_visitors_basket(visitor_basket(), found.id, now=now)
        chosen = delivery_area() or area_of_last_purchase(found.id)
        begin_session(found)
        deliver_to(chosen)


@blueprint.get("/sign-up")
@allow(PUBLIC)
def sign_up() -> str | Response:
    """The form for a new account."""
    target = own_path(request.args.get("next"))
    if current_user.is_authenticated:
        return see_other(target or url_for("storefront.home"))
    return render_template("account/sign_up.html", form={"next": target or ""}, errors={})


@blueprint.post("/sign-up")
@allow(PUBLIC)
def sign_up_open() -> Response | tuple[str, int]:
    """Open a consumer's account and sign it in."""
    now = clock.now()
    try:
        form = read_form(SignUpForm())
        opened = _opened(form, now)
    except (Invalid, Conflict) as error:
        return render_template("account/sign_up.html", form=_shown(), errors=_by_field(error)), status_of(error)
    enter(opened, now)
    flash(_("Welcome to the market."), "success")
    return see_other(own_path(form["next"]) or url_for("storefront.home"))


def _opened(form: dict[str, Any], now: datetime) -> Account:
    try:
        with transaction():
            return create_account(form["login"], form["display_name"], form["password"], now=now, locale=choose_locale())
    except IntegrityError:
        # Somebody took the name between the question and the answer.
        raise Conflict("login_taken", N_("There is an account with this name already. Sign in, or choose another.")) from None


def _shown() -> dict[str, str]:
    """What somebody typed, to be typed no second time; never the password."""
    return {name: value for name, value in request.form.items() if name != "password"}


def _by_field(error: FormError | Invalid | Conflict | NotSignedIn) -> dict[str, str]:
    if not isinstance(error, FormError):
        return {_FIELD_OF_CODE.get(error.code, ""): message_of(error)}
    known = {name: message for name, message in error.fields.items() if name in ("login", "display_name", "password")}
    if len(known) < len(error.fields):
        known[""] = _("This form has a field that does not belong to it.")
    return known


@blueprint.post("/sign-out")
@allow(PUBLIC)
def sign_out() -> Response:
    """End the session of this browser. What was kept at the checkout is anybody's again."""
    who = account_or_none()
    if who is not None:
        with transaction():
            leave_checkout(who.id)
    end_session()
    flash(_("You are signed out. See you soon."), "success")
    return see_other(url_for("storefront.home"))


@blueprint.post("/sign-out-everywhere")
@allow(SIGNED_IN)
def sign_out_everywhere() -> Response:
    """End every session of the account, this one too."""
    read_form(FormSchema())
    with transaction():
        end_all_sessions(account(), now=clock.now())
    end_session()
    flash(_("You are signed out on every device."), "success")
    return see_other(url_for("account.sign_in"))


@blueprint.post("/language")
@allow(PUBLIC)
def language() -> Response:
    """Read in another language from now on, on this browser and, for an account, on others."""
    form = read_form(LanguageForm())
    if current_user.is_authenticated:
        with transaction():
            set_locale(account(), form["locale"])
    response = see_other(own_path(form["next"]) or url_for("storefront.home"))
    response.set_cookie(
        COOKIE,
        form["locale"],
        max_age=_A_YEAR_S,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
    return response


@blueprint.get("/settings")
@allow(SIGNED_IN)
def settings() -> str:
    """Language, what lists may follow, and the way out on every device."""
    return render_template(
        "account/settings.html",
        login=account().login,
        locale=choose_locale(),
        personalised=is_personalised(account().id),
        letter=_letter(),
        contact=contact_shown(account()),
    )


def _letter() -> dict[str, Any]:
    """Whether the weekly letter is on, and the address to offer for it."""
    kept = find_subscription(account().id)
    if kept is not None:
        return {"wanted": kept.wanted, "address": kept.address}
    return {"wanted": False, "address": account().login if is_address(account().login) else ""}
