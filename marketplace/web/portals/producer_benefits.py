"""Portal: what one's own household is entitled to, why, and what happens next."""

from flask import Blueprint, render_template

from marketplace.assistance.safety_net.queries import entitlements_of, gap_of
from marketplace.assistance.safety_net.states import EntitlementState
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.web.access import allow
from marketplace.web.own_household import own_household
from marketplace.web.safety_net_words import entitlement_words, fact_words

blueprint = Blueprint("benefits", __name__, url_prefix="/benefits")


@blueprint.get("")
@allow(RoleKind.FARMER)
def mine() -> str:
    """The household's entitlements with the reasons of each; nobody else's."""
    household, year = own_household(), local_day(clock.now()).year
    gap = gap_of(household, year)
    return render_template(
        "producer/benefits.html",
        rows=[
            entitlement_words(row, rule, household)
            for row, rule in entitlements_of(household)
            if row.state != EntitlementState.LAPSED
        ],
        missing=[] if gap is None else [label for label, _value in fact_words(dict.fromkeys(gap.missing, 0))],
    )
