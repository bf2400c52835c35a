"""The operator's view of shipments: what was lost or came back, and every parcel's journey."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid
from marketplace.orders.collecting import send_refunds
from marketplace.orders.models import Shipment
from marketplace.orders.shipment_queries import shipments_listed, shipments_to_resolve
from marketplace.orders.shipment_states import ENDED, GATHERING, NEWS, ShipmentAction
from marketplace.orders.shipments import TOLD, News, note_news, resolve_shipment
from marketplace.web.access import account, allow
from marketplace.web.errors import errors_by_field, status_of
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.journey import event_words, journey_of
from marketplace.web.redirects import see_other

blueprint = Blueprint("shipments", __name__, url_prefix="/shipments")


class ShipmentsQuery(FormSchema):
    """The reference of a shipment or an order, or a carrier's number."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    q = Text(load_default=None, validate=validate.Length(max=40))


class NewsForm(FormSchema):
    """What happened, and where."""

    action = fields.Enum(ShipmentAction, by_value=fields.String(), required=True)
    place = Text(load_default="", validate=validate.Length(max=120))


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def listed() -> str:
    """What is to be made good first, then all shipments, newest first."""
    return _page(read_form(ShipmentsQuery(), request.args)["q"])


def _page(q: str | None = None, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "operator/shipments.html",
        q=q or "",
        to_resolve=[_row(row) for row in shipments_to_resolve()],
        rows=[_row(row) for row in shipments_listed(q)],
        actions=[(action.value, event_words(NEWS[action])) for action in TOLD],
        errors=errors or {},
    )


def _row(row: Shipment) -> dict[str, Any]:
    left_fen = sum(parcel.order.total_fen - parcel.order.refunded_fen for parcel in row.parcels)
    return {
        "public_id": row.public_id,
        "order": row.group.reference,
        "journey": journey_of(row),
        "hub": pick(row.hub.name_zh, row.hub.name_en) if row.hub is not None else None,
        "sellers": [pick(p.order.lines[0].producer_zh, p.order.lines[0].producer_en) for p in row.parcels],
        "open": row.state not in ENDED and row.state not in GATHERING,
        "gathering": row.state in GATHERING,
        "left_fen": left_fen if row.group.paid_at is not None else 0,
    }


@blueprint.post("/<public_id>/news")
@allow(RoleKind.OPERATOR)
def news(public_id: str) -> Response | tuple[str, int]:
    """Note what a carrier has said by telephone."""
    now = clock.now()
    try:
        form = read_form(NewsForm())
        told = News(form["action"], now, "operator", form["place"])
        with transaction():
            note_news(public_id, told, actor=account().public_id, now=now)
    except (Conflict, Invalid) as error:
        db.session.rollback()
        errors = errors_by_field(error)
        return _page(errors=errors), status_of(error)
    flash(_("Noted."), "success")
    return see_other(url_for("operator.shipments.listed"))


@blueprint.post("/<public_id>/resolve")
@allow(RoleKind.OPERATOR)
def resolve(public_id: str) -> Response:
    """Give back what was paid for a shipment that was lost or came back."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        payments = resolve_shipment(public_id, actor=account().public_id, now=now)
    # The refunds are committed; only now is the provider asked, and the sweeper asks again what it did not answer.
    for payment in payments:
        send_refunds(payment, now=now)
    if payments:
        flash(_("The buyer gets the money back. What the payment service does not send stands under Refunds."), "success")
    else:
        flash(_("Done. Nothing was left to give back."), "info")
    return see_other(url_for("operator.shipments.listed"))
