"""Portal: how somebody wants to be told."""

from typing import Any

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.contacts import Contact, contact_of_login, find_contact, set_contact
from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.errors import message_of
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.redirects import see_other

blueprint = Blueprint("notices", __name__, url_prefix="/notices")

_CHANNELS = ("sms", "email", "none")


class ContactForm(FormSchema):
    """Where and when somebody wants to be told."""

    channel = Text(
        required=True,
        error_messages={"required": N_("Please choose one of the values offered.")},
        validate=validate.OneOf(_CHANNELS, error=N_("Please choose one of the values offered.")),
    )
    phone = Text(load_default="", validate=validate.Length(max=30, error=N_("This number is too long.")))
    email = Text(load_default="", validate=validate.Length(max=254, error=N_("This address is too long.")))
    quiet = Text(load_default="")


def contact_of(reader: Account) -> Contact:
    """What an account has chosen, or how it is reached as long as it has chosen nothing."""
    return find_contact("account", reader.public_id) or contact_of_login(reader.login)


def contact_shown(reader: Account) -> dict[str, Any]:
    """An account's contact as the settings show it."""
    contact = contact_of(reader)
    return {"channel": contact.channel, "phone": contact.phone, "email": contact.email, "quiet": contact.quiet_at_night}


@blueprint.post("/contact")
@allow(SIGNED_IN)
def contact() -> Response:
    """Be told there from now on."""
    form, now = read_form(ContactForm()), clock.now()
    wanted = Contact(form["channel"], form["phone"], form["email"], bool(form["quiet"]))
    try:
        with transaction():
            set_contact("account", account().public_id, wanted, actor=account().public_id, now=now)
    except Invalid as error:
        flash(message_of(error), "error")
    else:
        flash(_("Saved."), "success")
    return see_other(url_for("account.settings") + "#notices")
