"""How sales are spread over registered households, and why some sold nothing."""

from flask import render_template

from marketplace.dashboard.queries import days_with_facts
from marketplace.dashboard.spread import first_day_shown, spread
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.web.access import allow
from marketplace.web.places import place_name
from marketplace.web.portals import sales_parts
from marketplace.web.portals.officer.blueprint import blueprint
from marketplace.web.portals.officer.sales import frame
from marketplace.web.portals.officer.sales_question import read_question


@blueprint.get("/sales/spread", endpoint="sales_spread")
@allow(RoleKind.OFFICER)
def spread_page() -> str | tuple[str, int]:
    """The Lorenz curve, the Gini coefficient, and the reasons of those who sold nothing."""
    asked, errors = read_question(now=clock.now())
    span = asked.span
    found = spread(asked.area.code, span.first, span.last, as_of=asked.registry_day)
    page = {
        "headline": sales_parts.spread_headline(place_name(asked.area.name), found),
        "tiles": sales_parts.spread_tiles(found),
        "lorenz": sales_parts.lorenz_chart(found),
        "why": sales_parts.why_bars(found) if found.households else None,
        "counted": sales_parts.spread_counted(span, asked.registry_day, found, first_day_shown()),
    }
    page |= frame(asked, days_with_facts(asked.area.code))
    return render_template("officer/sales_spread.html", errors=errors, **page), 422 if errors else 200
