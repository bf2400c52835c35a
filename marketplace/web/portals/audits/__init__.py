"""Portal: audits: what they say of an area, rounds as the office above keeps them, the sample in the auditors' hands."""

from marketplace.web.portals.audits import results, rounds, sample

blueprint = results.blueprint
for part in (rounds, sample):
    blueprint.register_blueprint(part.blueprint)

__all__ = ["blueprint"]
