"""Portal: whether other offices may ask after a household in the name of its own consent, which it can take back."""

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.exchange.sharing import KIND
from marketplace.identity.consents import (
    TEXTS,
    Purpose,
    consents_of,
    current_version,
    find_consent,
    give_consent,
    withdraw_consent,
)
from marketplace.identity.models import EvidenceKind, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.web.access import account, allow
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.own_household import own_household
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_sharing", __name__, url_prefix="/farm/sharing")
farm_pages(blueprint)


@blueprint.get("")
@allow(RoleKind.FARMER)
def sharing() -> str:
    """What is told and what not, whether the household agrees, and what it said before."""
    household = own_household()
    return render_template(
        "producer/sharing.html",
        on=find_consent(KIND, household.public_id, Purpose.SHARING) is not None,
        words=_(TEXTS[Purpose.SHARING, current_version(Purpose.SHARING)]),
        given=consents_of(KIND, household.public_id),
    )


@blueprint.post("/agree")
@allow(RoleKind.FARMER)
def agree() -> Response:
    """Agree to the words of today."""
    read_form(FormSchema())
    household, by = own_household(), account().public_id
    with transaction():
        how = EvidenceKind.SIGNED_IN
        give_consent(KIND, household.public_id, Purpose.SHARING, how, recorded_by=by, now=clock.now())
    flash(_("Offices that want to help you may ask from now on."), "success")
    return see_other(url_for("producer_sharing.sharing"))


@blueprint.post("/refuse")
@allow(RoleKind.FARMER)
def refuse() -> Response:
    """Take it back."""
    read_form(FormSchema())
    household = own_household()
    with transaction():
        withdraw_consent(KIND, household.public_id, Purpose.SHARING, by=account().public_id, now=clock.now())
    flash(_("Nobody is answered in your name any more."), "success")
    return see_other(url_for("producer_sharing.sharing"))
