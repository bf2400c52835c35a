"""Portal: the desk of public money, for finance officers who move it and auditors who read it."""

from marketplace.web.portals.funds import bank, findings, payments, sources

blueprint = sources.blueprint
for part in (payments, findings, bank):
    blueprint.register_blueprint(part.blueprint)

__all__ = ["blueprint"]
