"""Portal: government's desk. Sales, policies, what the tilt has given, who acts for households, forms and visits."""

from marketplace.web.portals.officer import form_data, forms, mandates, phones, policy, sales, submissions, tilt, visits
from marketplace.web.portals.officer.blueprint import blueprint

blueprint.register_blueprint(mandates.blueprint)
for part in (form_data, forms, phones, submissions, visits):
    blueprint.register_blueprint(part.blueprint)

__all__ = ["blueprint", "mandates", "policy", "sales", "tilt"]
