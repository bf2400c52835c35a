"""Portal: what households bring to a cooperative's lot, how its money is divided to the fen, and each household's own part.

A harvest that is shared is looked at before it is written down: what is written is what was looked at, or it is shown anew.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.queries import own_listing, producer_listings
from marketplace.catalogue.service import add_harvest
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, DomainError
from marketplace.orders.pooled import Foreseen, brought_by, foresee, pooled_lots_of
from marketplace.registry.queries import household_codes
from marketplace.web.access import allow
from marketplace.web.acting import acting, by_mandate
from marketplace.web.errors import status_of
from marketplace.web.forms import Text, read_form
from marketplace.web.languages import pick
from marketplace.web.own_household import own_farm_household_id
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.portals.producer_forms import HarvestForm, check_harvest_day, messages_by_field, read_contributions
from marketplace.web.redirects import see_other
from marketplace.web.shared_harvests import own_cooperative, portion_rows

blueprint = Blueprint("producer_pooling", __name__, url_prefix="/farm")
farm_pages(blueprint)


class PooledForm(HarvestForm):
    """A harvest of several households; ``seen`` says which split its writer has looked at."""

    listing = Text(required=True, error_messages={"required": N_("Please choose your goods.")})
    seen = Text(load_default="", validate=validate.Length(max=64))


@blueprint.get("/pooling")
@by_mandate(Scope.STOCK)
def pooling() -> str:
    """The form of a shared harvest, and what the latest have earned for whom."""
    return _page(own_cooperative(), {}, {})


def _page(
    producer: Producer, typed: Mapping[str, Any], errors: Mapping[str, str], look: Mapping[str, Any] | None = None
) -> str:
    lots = pooled_lots_of(producer.id)
    codes = household_codes({portion.household_id for row in lots for portion in row.portions})
    return render_template(
        "producer/pooling.html",
        goods=[(row.public_id, pick(row.title_zh, row.title_en)) for row in producer_listings(producer.id)],
        form=typed or {"harvested_on": clock.local_day(clock.now()).isoformat()},
        errors=errors,
        look=look,
        lots=[
            {
                "goods": pick(row.listing.title_zh, row.listing.title_en),
                "harvested_on": row.lot.harvested_on,
                "grams": row.grams,
                "earned_fen": row.earned_fen,
                "portions": portion_rows(row.portions, codes),
            }
            for row in lots
        ],
    )


@blueprint.post("/pooling")
@by_mandate(Scope.STOCK)
def pool() -> Response | str | tuple[str, int]:
    """Show how a harvest is divided, and write it down once that has been looked at."""
    now = clock.now()
    with acting(now):
        # Whether a mandate still carries this is asked before anything is shown.
        producer = own_cooperative()
    try:
        form = read_form(PooledForm())
        check_harvest_day(form["harvested_on"], now=now)
        listing = own_listing(form["listing"], producer.id)
        grams = read_contributions(producer, form, listing.unit_grams)
        foreseen = foresee(listing, form["quantity"], grams, now=now)
        seal = _seal(listing, form, foreseen)
        if form["seen"] != seal:
            return _page(producer, request.form, {}, _look(listing, foreseen, seal, changed=bool(form["seen"])))
        with acting(now) as actor:
            add_harvest(
                own_listing(form["listing"], producer.id, lock=True),
                form["quantity"],
                form["harvested_on"],
                grams,
                actor=actor,
                now=now,
            )
    except DomainError as error:
        return _page(own_cooperative(), request.form, messages_by_field(error, set(PooledForm().fields))), status_of(error)
    flash(_("The harvest is in stock, and who brought how much is on record."), "success")
    return see_other(url_for("producer_pooling.pooling"))


def _seal(listing: Listing, form: Mapping[str, Any], foreseen: Foreseen) -> str:
    """What was looked at, in one word: another harvest, price or part is another one."""
    seen = [listing.public_id, form["harvested_on"].isoformat(), str(form["quantity"]), str(foreseen.goods_fen)]
    seen += [f"{one.household_id}:{one.grams}:{one.fen}" for one in foreseen.portions]
    return hashlib.sha256("|".join(seen).encode()).hexdigest()


def _look(listing: Listing, foreseen: Foreseen, seal: str, *, changed: bool) -> dict[str, Any]:
    codes = household_codes({one.household_id for one in foreseen.portions})
    return {
        "goods": pick(listing.title_zh, listing.title_en),
        "goods_fen": foreseen.goods_fen,
        "farm_fen": foreseen.farm_fen,
        "portions": portion_rows(foreseen.portions, codes),
        "seal": seal,
        "changed": changed,
    }


@blueprint.get("/brought")
@allow(RoleKind.FARMER)
def brought() -> str:
    """What one's own household brought to cooperatives, and what its part of the money is; nobody else's."""
    return render_template(
        "producer/brought.html",
        rows=[
            {
                "seller": pick(row.seller.name_zh, row.seller.name_en),
                "goods": pick(row.listing.title_zh, row.listing.title_en),
                "harvested_on": row.harvested_on,
                "grams": row.grams,
                "fen": row.fen,
            }
            for row in brought_by(own_farm_household_id())
        ],
    )
