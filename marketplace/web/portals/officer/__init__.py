"""Portal: government's desk. Sales, policies and their simulation, what the tilt has given."""

from marketplace.web.portals.officer import policy, sales, tilt
from marketplace.web.portals.officer.blueprint import blueprint

__all__ = ["blueprint", "policy", "sales", "tilt"]
