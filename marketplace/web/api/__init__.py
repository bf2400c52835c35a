"""REST v1: what a person can do in the shop, a program can do here."""

from flask import Blueprint, Flask

from marketplace.web.access import known_scopes
from marketplace.web.api import (
    account,
    advice,
    after_sale,
    audits,
    badge,
    basket,
    came_back,
    centre,
    colleagues,
    complaints,
    delivery_terms,
    department_lists,
    duty_years,
    enterprise,
    equity,
    exchange,
    farm,
    file_pictures,
    forecasts,
    forms,
    fund_checks,
    goods,
    invoices,
    listings,
    log,
    mandates,
    needs,
    notices,
    office,
    operations,
    orders,
    payouts,
    plans,
    pooling,
    price_lists,
    prices,
    project_templates,
    projects,
    recommendations,
    registry,
    reviews,
    rules,
    safety_net,
    sharing,
    sourcing,
    token,
    traceability,
    transparency,
    webhooks,
)
from marketplace.web.api.documents import RestApi, make_api

_GROUPS = (
    token,
    account,
    listings,
    recommendations,
    basket,
    orders,
    invoices,
    # With how goods travel, to which it adds the terms.
    delivery_terms,
    came_back,
    farm,
    goods,
    pooling,
    mandates,
    payouts,
    badge,
    sharing,
    after_sale,
    reviews,
    enterprise,
    price_lists,
    sourcing,
    office,
    notices,
    # With the operations on cases themselves, which it adds to.
    department_lists,
    forecasts,
    forms,
    rules,
    registry,
    equity,
    projects,
    project_templates,
    safety_net,
    # With the operations on duties themselves, which it adds to.
    duty_years,
    needs,
    complaints,
    advice,
    audits,
    # With the operations on files themselves, which it adds to.
    file_pictures,
    # With the operations on public money itself, which it adds to.
    fund_checks,
    operations,
    colleagues,
    prices,
    plans,
    traceability,
    webhooks,
    log,
    transparency,
    exchange,
    centre,
)


def wire(app: Flask) -> list[Blueprint]:
    """Register the API's blueprints and its OpenAPI document; answers the blueprints."""
    api = make_api(app)
    for group in _GROUPS:
        api.register_blueprint(group.blueprint)
    _name_scopes(api, app)
    return [group.blueprint for group in _GROUPS]


def _name_scopes(api: RestApi, app: Flask) -> None:
    """Write into the document which scopes there are, once all operations are known."""
    scopes = api.spec.components.schemas["SignIn"]["properties"]["scopes"]
    scopes["items"] = {"type": "string", "enum": known_scopes(app)}
