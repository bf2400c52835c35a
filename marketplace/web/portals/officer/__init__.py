"""Portal: government's desk. Sales, policies and their simulation, what the tilt has given, who acts for households."""

from marketplace.web.portals.officer import duplicates, imports, mandates, policy, sales, tilt
from marketplace.web.portals.officer.blueprint import blueprint

blueprint.register_blueprint(mandates.blueprint)
blueprint.register_blueprint(imports.blueprint)
blueprint.register_blueprint(duplicates.blueprint)

__all__ = ["blueprint", "duplicates", "imports", "mandates", "policy", "sales", "tilt"]
