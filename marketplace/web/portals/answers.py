"""Portal: a household answers a notice by its code, without signing in."""

from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, validate
from sqlalchemy import select
from werkzeug.wrappers import Response

from marketplace.catalogue.denied import get_denial
from marketplace.catalogue.models import Listing
from marketplace.identity.answer_codes import CODE_LENGTH
from marketplace.identity.models import AnswerCode
from marketplace.identity.service import check_attempts, record_failure
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, NotFound
from marketplace.web.access import PUBLIC, allow
from marketplace.web.errors import message_of
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.household_word import answer, answers_to
from marketplace.web.languages import pick
from marketplace.web.notices.people import scopes_in_words, who
from marketplace.web.redirects import see_other
from marketplace.web.session import remote_address

blueprint = Blueprint("answers", __name__, url_prefix="/n")

_ANSWERS = ("deny", "revoke", "agree")


class CodeForm(FormSchema):
    """A code that somebody has typed."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    code = Text(load_default="", validate=validate.Length(max=40, error=N_("This is too long.")))


class AnswerForm(FormSchema):
    """What the household says."""

    answer = Text(
        required=True,
        error_messages={"required": N_("Please press one of the buttons.")},
        validate=validate.OneOf(_ANSWERS, error=N_("Please press one of the buttons.")),
    )


@blueprint.get("")
@allow(PUBLIC)
def ask() -> str | Response:
    """A box for the code, for who has the notice on paper or on a phone without the web."""
    code = "".join(read_form(CodeForm(), request.args)["code"].split()).lower()
    if code and "/" not in code:
        return see_other(url_for("answers.page", code=code))
    return render_template("answers/ask.html", error=None, length=CODE_LENGTH)


@blueprint.get("/<code>")
@allow(PUBLIC)
def page(code: str) -> str | tuple[str, int]:
    """What the notice was about, and the buttons; looking at it uses nothing up."""
    now = clock.now()
    try:
        found, options = guarded_code(code, now)
    except (NotFound, Conflict) as error:
        return _refused(error)
    return render_template("answers/page.html", code=code, options=options, about=_about(found))


@blueprint.post("/<code>")
@allow(PUBLIC)
def act(code: str) -> str | tuple[str, int]:
    """Do what the household says, once."""
    now = clock.now()
    chosen = read_form(AnswerForm())["answer"]
    try:
        guarded_code(code, now)
        with transaction():
            answer(code, chosen, now=now)
    except (NotFound, Conflict) as error:
        return _refused(error)
    said = {
        "deny": _("It is off sale. Nobody can put it on sale in your name again until you allow it."),
        "revoke": _("The mandate has ended. Nothing more is done in your name."),
        "agree": _("It may be put on sale in your name again."),
    }
    return render_template("answers/done.html", said=said[chosen])


def guarded_code(code: str, now: datetime) -> tuple[AnswerCode, list[str]]:
    """What a code stands for; wrong guesses are counted, so that nobody can try out codes."""
    guess, address = f"code {code[:20]}", remote_address()
    check_attempts(guess, address, now=now)
    try:
        return answers_to(code[:40], now=now)
    except NotFound:
        db.session.rollback()
        with transaction():
            record_failure(guess, address, now=now)
        raise


def _refused(error: NotFound | Conflict) -> tuple[str, int]:
    db.session.rollback()
    status = 404 if isinstance(error, NotFound) else 409
    return render_template("answers/ask.html", error=message_of(error), length=CODE_LENGTH), status


def _about(found: AnswerCode) -> dict[str, Any]:
    mandate = found.mandate
    title = None
    if found.purpose_kind == "listing":
        listing = db.session.scalars(select(Listing).filter_by(public_id=found.purpose_id)).one()
        title = pick(listing.title_zh, listing.title_en)
    if found.purpose_kind == "denial":
        listing = get_denial(found.purpose_id).listing
        title = pick(listing.title_zh, listing.title_en)
    return {
        "kind": found.purpose_kind,
        "title": title,
        "who": who(mandate.holder, mandate.holder_role),
        "scopes": scopes_in_words(mandate.scopes),
        "last_day": local_day(mandate.ends_at),
        "at": found.created_at,
    }
