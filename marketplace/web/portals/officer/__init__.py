"""Portal: government's desk. Sales, policies and their simulation, what the tilt has given, who acts for households."""

from marketplace.web.portals.officer import collect, form_data, mandates, policy, sales, tilt
from marketplace.web.portals.officer.blueprint import blueprint

blueprint.register_blueprint(mandates.blueprint)
blueprint.register_blueprint(form_data.blueprint)
blueprint.register_blueprint(collect.blueprint)

__all__ = ["blueprint", "collect", "form_data", "mandates", "policy", "sales", "tilt"]
