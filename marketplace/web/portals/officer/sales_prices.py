"""What producers got beside what wholesale markets paid."""

from flask import render_template

from marketplace.dashboard.queries import days_with_facts, sales_and_total
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.web.access import allow
from marketplace.web.places import place_name
from marketplace.web.portals import sales_parts
from marketplace.web.portals.officer.blueprint import blueprint
from marketplace.web.portals.officer.sales import frame
from marketplace.web.portals.officer.sales_question import read_question


@blueprint.get("/sales/prices", endpoint="sales_prices")
@allow(RoleKind.OFFICER)
def prices_page() -> str | tuple[str, int]:
    """The gap between farm gate and wholesale market, by kind of goods."""
    asked, errors = read_question(now=clock.now())
    span = asked.span
    rows, total = sales_and_total(asked.area.code, span.first, span.last, by="product", only=asked.only)
    page = {
        "headline": sales_parts.gap_headline(place_name(asked.area.name), total),
        "bars": sales_parts.gap_bars(rows),
        "table": sales_parts.price_table(rows, total),
        "counted": sales_parts.gap_counted(span, total),
    }
    page |= frame(asked, days_with_facts(asked.area.code))
    return render_template("officer/sales_prices.html", errors=errors, **page), 422 if errors else 200
