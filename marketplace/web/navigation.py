"""What every page's frame shows: the menu of the portal and the number of things in the basket."""

from typing import Any

from flask import Flask, request, url_for
from flask_babel import gettext
from flask_login import current_user

from marketplace.identity.models import RoleKind
from marketplace.kernel.errors import N_
from marketplace.orders.queries import basket_count
from marketplace.web.session import visitor_basket

# The farmer's side has room for three things that are done every day; a fourth leads to all others.
FARM_DAILY = [
    ("producer.orders", N_("To pack"), "box"),
    ("producer.listings", N_("My goods"), "leaf"),
    ("producer.money", N_("Money"), "money"),
]
# The daily thing that an address of the farm is part of, by what follows /farm/.
_FARM_UNDER = {
    **dict.fromkeys(("", "orders", "came-back"), "producer.orders"),
    **dict.fromkeys(("listings", "harvest", "pooling"), "producer.listings"),
    **dict.fromkeys(("money", "brought"), "producer.money"),
}
FARM_MORE = ("producer.more.listed", N_("More"), "plus")
FARM_LATER = [
    ("producer.after.start", N_("Buyers"), "people"),
    ("producer_parts.parts", N_("Asked of me"), "truck"),
    ("producer_requests.listed", N_("Requests"), "list"),
]
# What concerns the household itself, and no mandate opens.
FARM_HOUSEHOLD = [
    ("producer.help.mine", N_("Who helps me"), "people"),
    ("producer.benefits.mine", N_("My benefits"), "check"),
    ("producer.projects.mine", N_("Projects for my household"), "list"),
    ("producer.shares.mine", N_("My shares"), "money"),
    ("producer_advice.start", N_("Ask and read"), "list"),
    ("producer.household.mine", N_("My household"), "home"),
    ("producer_file.mine", N_("My file at the office"), "list"),
    ("producer.mandates.mine", N_("Who acts for me"), "person"),
    ("producer_badge.badge", N_("The badge on my goods"), "leaf"),
]
MENUS = {
    "producer": [*FARM_DAILY, FARM_MORE],
    "inspection": [
        ("inspection.complaints", N_("Complaints"), "alert"),
        ("inspection.findings", N_("Findings of inspections"), "check"),
        ("funds.listed", N_("Public money"), "money"),
    ],
    "oversight": [
        ("oversight.plan", N_("Inspections"), "list"),
        ("inspection.complaints", N_("Complaints"), "alert"),
        ("inspection.findings", N_("Findings of inspections"), "check"),
        ("oversight.watch", N_("After a complaint"), "people"),
        ("oversight.projects.listed", N_("Projects"), "list"),
        ("oversight.forecasts.listed", N_("Forecasts"), "chart"),
        ("audits.results", N_("Precision"), "scale"),
        ("funds.listed", N_("Public money"), "money"),
    ],
    "audits": [
        ("audits.results", N_("Precision"), "scale"),
        ("audits.rounds.listed", N_("Audits"), "list"),
        ("audits.sample.mine", N_("To look at"), "check"),
        ("funds.listed", N_("Public money"), "money"),
        ("centre.show", N_("Data centre"), "box"),
    ],
    "funds": [
        ("funds.listed", N_("Funds"), "money"),
        ("funds.payments.listed", N_("Money paid"), "list"),
        ("funds.findings.listed", N_("To look at"), "alert"),
        ("funds.bank.listed", N_("Bank days"), "check"),
        ("inspection.complaints", N_("Complaints"), "alert"),
        ("audits.results", N_("Precision"), "scale"),
    ],
    "centre": [
        ("centre.show", N_("Data centre"), "box"),
        ("centre.data", N_("Data catalogue"), "list"),
    ],
    "hub": [("hub.hubs", N_("My hub"), "box")],
    "buyer": [
        ("buyer.start", N_("What to source now"), "basket"),
        ("buyer_demands.listed", N_("Demands"), "list"),
        ("buyer_plans.plans", N_("Plans"), "truck"),
        ("buyer_contracts.listed", N_("Contracts"), "check"),
        ("buyer_price_lists.lists", N_("Price lists"), "money"),
        ("buyer_enterprise.show", N_("My enterprise"), "people"),
        ("public_needs.desk", N_("Helping"), "leaf"),
    ],
}

# Portals with more to do than one row shows: their menus in groups.
GROUPS = {
    "officer": [
        (
            N_("Files"),
            "home",
            [
                ("officer.files.start", N_("Household files"), "search"),
                ("officer.visits.due", N_("Visits due"), "home"),
                ("collect.shell", N_("Collection"), "camera"),
                ("officer.cases.due", N_("Cases"), "check"),
                ("officer.files.counts", N_("Households by area"), "chart"),
                ("officer.numbers.area", N_("How poor"), "scale"),
                ("officer.registered.by_area", N_("Registered"), "calendar"),
                ("officer.submissions.listed", N_("Collected forms"), "check"),
                ("officer.alerts.listed", N_("Comparison"), "alert"),
                ("officer.duplicates.listed", N_("On file twice?"), "people"),
                ("officer.imports.listed", N_("Files from a table"), "list"),
                ("officer.files.exports", N_("Tables of files"), "download"),
            ],
        ),
        (
            N_("Support"),
            "leaf",
            [
                ("officer.duty.mine", N_("My households"), "home"),
                ("officer.needs.listed", N_("Needs"), "people"),
                ("officer.projects.listed", N_("Projects"), "list"),
                ("officer.equity.listed", N_("Equity income"), "leaf"),
                ("officer.safety_net.listed", N_("Safety net"), "home"),
                ("officer.advice.desk", N_("Questions and rules"), "list"),
            ],
        ),
        (
            N_("Market side"),
            "chart",
            [
                ("officer.sales", N_("Sales"), "chart"),
                ("officer.policy", N_("Policy"), "scale"),
                ("officer.tilt", N_("Tilt report"), "list"),
                ("officer.forecasts.listed", N_("Forecasts"), "chart"),
                ("officer.yields.waiting", N_("Declared harvests"), "leaf"),
                ("officer.plans.plans", N_("Plans"), "truck"),
                ("officer.acceptances.listed", N_("Weighed by buyers"), "scale"),
                ("officer.mandates.listed", N_("Mandates"), "people"),
            ],
        ),
        (
            N_("Oversight"),
            "scale",
            [
                ("funds.listed", N_("Public money"), "money"),
                ("inspection.complaints", N_("Complaints"), "alert"),
                ("inspection.findings", N_("Findings of inspections"), "check"),
                ("audits.results", N_("Precision"), "scale"),
                ("centre.show", N_("Data centre"), "box"),
            ],
        ),
        (
            N_("Rules"),
            "list",
            [
                ("officer.rules.listed", N_("Rules"), "scale"),
                ("officer.forms.versions", N_("Forms"), "list"),
            ],
        ),
    ],
    "operator": [
        (
            N_("Book-keeping"),
            "money",
            [
                ("operator.payments", N_("Payments"), "money"),
                ("operator_money.payments", N_("Refunds"), "money"),
                ("operator_money.payouts.batches", N_("Payouts"), "money"),
                ("operator.ledger.balances", N_("Ledger"), "list"),
            ],
        ),
        (
            N_("Goods"),
            "box",
            [
                ("operator_prices.queue", N_("Unusual prices"), "scale"),
                ("operator_price_lists.lists", N_("Price lists"), "money"),
                ("operator_evidence.queue", N_("Evidence"), "check"),
                ("operator_recalls.listed", N_("Recalls"), "alert"),
                ("operator.claims.start", N_("Claims"), "scale"),
                ("operator.claims.reviews", N_("Reviews"), "star"),
            ],
        ),
        (
            N_("Parcels"),
            "truck",
            [
                ("operator.shipments.listed", N_("Shipments"), "truck"),
                ("operator.delivery.methods", N_("Delivery"), "truck"),
                ("operator.delivery.places", N_("Hubs and points"), "pin"),
                ("operator_plans.plans", N_("Plans"), "truck"),
            ],
        ),
        (
            N_("Running"),
            "gear",
            [
                ("operator.models", N_("Models"), "chart"),
                ("operator.outbox", N_("Outbox"), "box"),
                ("centre.show", N_("Data centre"), "box"),
                ("operator.mandates.denials", N_("In others’ names"), "people"),
            ],
        ),
    ],
}


# The way from the shop to one's own desk.
DESKS = {
    RoleKind.FARMER: ("producer.orders", N_("My farm"), "leaf"),
    RoleKind.ENTERPRISE: ("buyer.start", N_("Purchasing desk"), "basket"),
    RoleKind.OFFICER: ("officer.sales", N_("Office desk"), "chart"),
    RoleKind.OPERATOR: ("operator.payments", N_("Operator’s desk"), "money"),
    RoleKind.AUDITOR: ("funds.listed", N_("Audit desk"), "scale"),
}


def _desks() -> list[dict[str, str]]:
    kinds = current_user.kinds if current_user.is_authenticated else set()
    return [
        {"endpoint": endpoint, "label": gettext(label), "icon": icon}
        for kind, (endpoint, label, icon) in DESKS.items()
        if kind in kinds
    ]


# Whose desk the pages below an address are, those of several desks with the one that people more often come from first.
_DESK_OF = {
    "office": (RoleKind.OFFICER,),
    "funds": (RoleKind.OFFICER, RoleKind.AUDITOR),
    "inspection": (RoleKind.OFFICER, RoleKind.AUDITOR),
    "audits": (RoleKind.AUDITOR, RoleKind.OFFICER),
    "oversight": (RoleKind.AUDITOR,),
    "operator": (RoleKind.OPERATOR,),
    "farm": (RoleKind.FARMER,),
    "buyer": (RoleKind.ENTERPRISE,),
}


def way_back() -> tuple[str, str]:
    """Where somebody goes on from a page that failed: to their own desk if the page is part of it, else to the shop."""
    kinds = current_user.kinds if current_user.is_authenticated else set()
    for kind in _DESK_OF.get(request.path.split("/")[1], ()):
        endpoint, label, _ = DESKS[kind]
        # A desk that fails itself is no way back.
        if kind in kinds and request.path != url_for(endpoint):
            return gettext("Back: %(desk)s", desk=gettext(label)), url_for(endpoint)
    return gettext("Back to the shop"), url_for("storefront.home")


def farm_tabs(entries: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """These of the farm's menu, with the one that this page is under; what is under no daily thing is under the last."""
    tab = _FARM_UNDER.get(request.path.split("/")[2], FARM_MORE[0])
    return [{**entry, "active": entry["endpoint"] == tab} for entry in menu_of(entries)]


def _menus() -> dict[str, list[dict[str, Any]]]:
    # A portal's further parts are blueprints named after it: ``operator_money`` has the operator's menu.
    portal = (request.blueprint or "").split(".")[0].split("_")[0]
    if portal == "producer":
        return {"menu": farm_tabs(MENUS["producer"]), "menu_groups": []}
    if portal not in GROUPS:
        return {"menu": menu_of(MENUS.get(portal, [])), "menu_groups": []}
    groups = [(label, icon, menu_of(entries)) for label, icon, entries in GROUPS[portal]]
    active = _longest_active(groups)
    return {
        "menu": groups[active][2],
        "menu_groups": [
            {"endpoint": entries[0]["endpoint"], "label": gettext(label), "icon": icon, "active": at == active}
            for at, (label, icon, entries) in enumerate(groups)
        ],
    }


def _longest_active(groups: list[tuple[str, str, list[dict[str, Any]]]]) -> int:
    """Which group this page is in: the one with the longest address that begins the page's; the first where none does."""
    under = {
        at: max((len(url_for(entry["endpoint"])) for entry in entries if entry["active"]), default=0)
        for at, (_, _, entries) in enumerate(groups)
    }
    return max(under, key=lambda at: under[at])


def menu_of(entries: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """These entries of a menu, with the one that this page is under."""
    # A page below an entry belongs to it: the longest address that begins this page's is the one it is under.
    under = [endpoint for endpoint, _, _ in entries if request.path.startswith(url_for(endpoint))]
    active = max(under, key=lambda endpoint: len(url_for(endpoint)), default=None)
    return [
        {"endpoint": endpoint, "label": gettext(label), "icon": icon, "active": endpoint == active}
        for endpoint, label, icon in entries
    ]


def _basket_count() -> int:
    return basket_count(current_user.account_id if current_user.is_authenticated else None, visitor_basket())


def wire(app: Flask) -> None:
    """Give every template its menu and the basket's count."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        return {**_menus(), "desks": _desks(), "basket_count": _basket_count(), "current_user": current_user}
