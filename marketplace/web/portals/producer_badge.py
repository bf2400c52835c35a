"""Portal: whether a seller's goods carry the badge; the seller alone says so, and takes it back at once."""

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.catalogue.badge import agree_to_badge, refuse_badge
from marketplace.catalogue.principals import KIND
from marketplace.identity.consents import TEXTS, Purpose, consents_of, current_version
from marketplace.identity.models import EvidenceKind, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.web.access import account, allow
from marketplace.web.acting import current_seller
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_badge", __name__, url_prefix="/farm/badge")
farm_pages(blueprint)


@blueprint.get("")
@allow(RoleKind.FARMER)
def badge() -> str:
    """What the badge says, whether it is on, and what was agreed to before."""
    producer = current_seller().producer
    return render_template(
        "producer/badge.html",
        on=producer.badge_consent,
        words=_(TEXTS[Purpose.BADGE, current_version(Purpose.BADGE)]),
        version=current_version(Purpose.BADGE),
        given=[consent for consent in consents_of(KIND, producer.public_id) if consent.purpose == Purpose.BADGE],
    )


@blueprint.post("/agree")
@allow(RoleKind.FARMER)
def agree() -> Response:
    """Agree to the words of today."""
    read_form(FormSchema())
    producer = current_seller().producer
    with transaction():
        agree_to_badge(producer.id, EvidenceKind.SIGNED_IN, actor=account().public_id, now=clock.now())
    flash(_("From now on your goods may carry the badge."), "success")
    return see_other(url_for("producer_badge.badge"))


@blueprint.post("/refuse")
@allow(RoleKind.FARMER)
def refuse() -> Response:
    """Take it back."""
    read_form(FormSchema())
    producer = current_seller().producer
    with transaction():
        refuse_badge(producer.id, actor=account().public_id, now=clock.now())
    flash(_("Your goods carry the badge no longer."), "success")
    return see_other(url_for("producer_badge.badge"))
