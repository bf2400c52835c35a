"""One lot: where it comes from, when it was picked, what it can show. It names a village and nobody who lives there."""

from flask import render_template, url_for
from flask_babel import gettext as _

from marketplace.catalogue.certificates import certificates_of_lot
from marketplace.catalogue.lots import public_lot
from marketplace.kernel import clock
from marketplace.web.access import PUBLIC, allow
from marketplace.web.evidence import certificate_words
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.blueprint import blueprint


@blueprint.get("/lots/<public_id>")
@allow(PUBLIC)
def lot(public_id: str) -> str:
    """The page of a lot, which the sign on a parcel leads to."""
    found = public_lot(public_id)
    title = pick(found.title_zh, found.title_en)
    return render_template(
        "storefront/lot.html",
        number=found.lot.public_id.upper(),
        title=title,
        art=found.art,
        harvested_on=found.lot.harvested_on,
        expected=found.lot.expected,
        places=[place_name(name) for name in found.places],
        certificates=[certificate_words(row) for row in certificates_of_lot(found.lot, clock.local_day(clock.now()))],
        crumbs=[
            (_("Market"), url_for("storefront.home")),
            (title, url_for("storefront.product", public_id=found.listing_public_id) if found.on_sale else None),
            (_("Lot %(number)s", number=found.lot.public_id.upper()), None),
        ],
    )
