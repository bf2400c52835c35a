"""What is brought to a hub for each delivery: who brings what, when; the list that its keeper ticks off."""

from flask import Blueprint, render_template

from marketplace.kernel import clock
from marketplace.regions.queries import area_names
from marketplace.sourcing.plan_queries import hub_loads
from marketplace.web.access import SIGNED_IN, allow
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.plan_words import PART_STATES, chip
from marketplace.web.portals.hub import own_hub

blueprint = Blueprint("hub_plans", __name__, url_prefix="/hub")


@blueprint.get("/<hub_id>/loads")
@allow(SIGNED_IN)
def loads(hub_id: str) -> str:
    """The loads of a hub that one keeps, by day."""
    hub = own_hub(hub_id)
    found = hub_loads(hub.id, clock.local_day(clock.now()))
    names = area_names({part.producer.area_code for load in found for part in load.parts})
    return render_template(
        "hub/loads.html",
        hub=hub,
        loads=[
            {
                "reference": load.delivery.demand.reference,
                "opens_on": load.delivery.opens_on,
                "closes_on": load.delivery.closes_on,
                "place": load.delivery.demand.place.name,
                "grams": load.grams,
                "rows": [
                    {
                        "seller": pick(part.producer.name_zh, part.producer.name_en),
                        "village": place_name(names.get(part.producer.area_code, "")),
                        "goods": pick(part.week.declaration.listing.title_zh, part.week.declaration.listing.title_en),
                        "grams": part.grams,
                        "state": chip(part.state, PART_STATES),
                    }
                    for part in load.parts
                ],
            }
            for load in found
        ],
    )
