"""Portal: government's desk. Sales, policies and their simulation, what the tilt has given, who acts for households, cases."""

from marketplace.web.portals.officer import (
    case_alerts,
    case_notices,
    case_rounds,
    cases,
    mandates,
    policy,
    registered,
    sales,
    tilt,
)
from marketplace.web.portals.officer.blueprint import blueprint

for part in (mandates, cases, case_rounds, case_notices, case_alerts, registered):
    blueprint.register_blueprint(part.blueprint)

__all__ = ["blueprint", "mandates", "policy", "sales", "tilt"]
