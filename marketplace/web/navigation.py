"""What every page's frame shows: the menu of the portal and the number of things in the basket."""

from typing import Any

from flask import Flask, request
from flask_login import current_user

from marketplace.kernel.errors import N_
from marketplace.orders.queries import basket_count
from marketplace.web.access import account_or_none
from marketplace.web.session import visitor_basket

MENUS = {
    "producer": [
        ("producer.orders", N_("To pack"), "box"),
        ("producer.listings", N_("My goods"), "leaf"),
        ("producer.money", N_("Money"), "coins"),
    ],
    "officer": [("officer.sales", N_("Sales"), "chart")],
    "operator": [("operator.payments", N_("Payments"), "coins")],
}


def _menu() -> list[dict[str, Any]]:
    portal = (request.blueprint or "").split(".")[0]
    return [
        {"endpoint": endpoint, "label": label, "icon": icon, "active": request.endpoint == endpoint}
        for endpoint, label, icon in MENUS.get(portal, [])
    ]


def _basket_count() -> int:
    account = account_or_none()
    return basket_count(account.id if account else None, visitor_basket())


def wire(app: Flask) -> None:
    """Give every template its menu and the basket's count."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        return {"menu": _menu(), "basket_count": _basket_count(), "current_user": current_user}
