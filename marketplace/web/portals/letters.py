"""Portal: the weekly letter, asked for in the settings and ended from anywhere."""

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, validate
from werkzeug.wrappers import Response

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.recommendations.subscriptions import find_subscription, get_subscriber, subscribe, unsubscribe
from marketplace.web.access import PUBLIC, SIGNED_IN, account, allow
from marketplace.web.digest import subscriber_of_token
from marketplace.web.errors import message_of
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.redirects import see_other

blueprint = Blueprint("letters", __name__, url_prefix="/letters")
_ANSWERS = ("yes", "no")


class DigestForm(FormSchema):
    """Whether the weekly letter is wanted, and where to."""

    wanted = Text(
        required=True,
        error_messages={"required": N_("Please press one of the buttons.")},
        validate=validate.OneOf(_ANSWERS, error=N_("Please press one of the buttons.")),
    )
    address = Text(load_default="", validate=validate.Length(max=254, error=N_("This address is too long.")))


class OneClickForm(FormSchema):
    """What a mailbox sends when it unsubscribes for its reader; nothing of it is needed."""

    class Meta:
        """Take whatever a mailbox adds."""

        unknown = EXCLUDE


@blueprint.post("/digest")
@allow(SIGNED_IN)
def digest() -> Response:
    """Ask for the weekly letter, or end it."""
    form = read_form(DigestForm())
    now = clock.now()
    try:
        with transaction():
            if form["wanted"] == "yes":
                subscribe(account(), form["address"], now=now)
                said = _("The weekly letter will come on Thursdays.")
            else:
                unsubscribe(account(), now=now)
                said = _("The weekly letter is off.")
    except Invalid as error:
        flash(message_of(error), "error")
    else:
        flash(said, "success")
    return see_other(url_for("account.settings") + "#letter")


@blueprint.get("/unsubscribe/<token>")
@allow(PUBLIC)
def unsubscribe_page(token: str) -> str:
    """Ask once, because some mailboxes open every link of a letter before its reader does."""
    subscription = find_subscription(get_subscriber(subscriber_of_token(token)).id)
    return render_template("letters/unsubscribe.html", token=token, wanted=subscription is not None and subscription.wanted)


@blueprint.post("/unsubscribe/<token>", endpoint="unsubscribe")
@allow(PUBLIC)
def unsubscribe_now(token: str) -> str:
    """End the weekly letter, by the button of the page or by one click in a mailbox; doing it twice is the same."""
    read_form(OneClickForm())
    with transaction():
        unsubscribe(get_subscriber(subscriber_of_token(token)), now=clock.now())
    return render_template("letters/unsubscribe.html", token=token, wanted=False)
