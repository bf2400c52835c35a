"""Invoices of one's purchases, and buying again."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.orders.invoicing import LONGEST_TITLE, InvoiceTo, get_invoice, invoices_of, issue_invoice
from marketplace.orders.models import Invoice
from marketplace.orders.queries import get_group
from marketplace.orders.reordering import reorder
from marketplace.orders.service import lock_order
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, problems, signed_in
from marketplace.web.api.inputs import TAX_NUMBER, InputSchema, Line, Spelled
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint("api-invoices", __name__, url_prefix="/api/v1", description="Invoices, and buying again")


class InvoiceToSchema(InputSchema):
    """To whom an invoice is made out. The last character of a unified social credit code must fit the others (409)."""

    title = Line(LONGEST_TITLE, required=True)
    tax_number = Spelled(TAX_NUMBER, most=20, load_default=None, allow_none=True)


class InvoiceSchema(OutputSchema):
    """An invoice, or a credit note on one (``credits`` is set and the total is negative); it never changes."""

    public_id = fields.String()
    number = fields.String()
    credits = fields.String(allow_none=True, metadata={"description": "The number of the invoice it takes back part of"})
    title = fields.String()
    tax_number = fields.String(allow_none=True)
    total_fen = fields.Integer()
    issued_at = fields.AwareDateTime()
    snapshot = fields.Dict(metadata={"description": "All that is printed on it"})
    digest = fields.String(metadata={"description": "SHA-256 of the snapshot in canonical JSON, in hexadecimal"})


class InvoicesSchema(OutputSchema):
    """The invoices and credit notes of a purchase, in the order of their numbers."""

    items = fields.List(fields.Nested(InvoiceSchema))


class MissingSchema(OutputSchema):
    """What is not to be had any more."""

    title_zh = fields.String()
    title_en = fields.String()


class ReorderedSchema(OutputSchema):
    """How many kinds of goods went into the basket, and which did not."""

    added = fields.Integer()
    missing = fields.List(fields.Nested(MissingSchema))


def _shown(invoice: Invoice) -> dict[str, Any]:
    return {
        "public_id": invoice.public_id,
        "number": invoice.number,
        "credits": invoice.snapshot.get("credits"),
        "title": invoice.title,
        "tax_number": invoice.tax_number,
        "total_fen": invoice.total_fen,
        "issued_at": invoice.issued_at,
        "snapshot": invoice.snapshot,
        "digest": invoice.digest.hex(),
    }


@blueprint.post("/orders/<public_id:group>/<public_id:order>/invoice")
@signed_in
@blueprint.arguments(InvoiceToSchema)
@blueprint.response(200, InvoiceSchema)
@problems(404, 409, *BODY)
def issue(given: dict[str, str | None], group: str, order: str) -> dict[str, Any]:
    """The invoice of one seller's part, issued when it is first asked for.

    Asked again, the same one. `not_paid` and `nothing_to_invoice` (409) when there is nothing to invoice.
    """
    with transaction():
        found, purchase = lock_order(order, account_id=account().id)
        if purchase.public_id != group:
            raise NotFound("order_unknown", N_("There is no such order."))
        to = InvoiceTo(str(given["title"]), given["tax_number"])
        return _shown(issue_invoice(found, purchase, to, actor=account().public_id, now=clock.now()))


@blueprint.get("/orders/<public_id:public_id>/invoices")
@signed_in
@blueprint.response(200, InvoicesSchema)
@problems(404)
def purchase_invoices(public_id: str) -> dict[str, Any]:
    """The invoices and credit notes of a purchase."""
    group = get_group(public_id, account().id)
    return {"items": [_shown(invoice) for invoice in invoices_of([order.id for order in group.orders])]}


@blueprint.get("/invoices/<public_id:public_id>")
@signed_in
@blueprint.response(200, InvoiceSchema)
@problems(404)
def one_invoice(public_id: str) -> dict[str, Any]:
    """An invoice of your own, as buyer or as seller."""
    return _shown(get_invoice(public_id, account().id))


@blueprint.post("/orders/<public_id:public_id>/again")
@signed_in
@blueprint.response(200, ReorderedSchema)
@problems(404, 409)
def again(public_id: str) -> dict[str, Any]:
    """Put what a purchase held into your basket, as far as it is there, at today's prices."""
    with transaction():
        done = reorder(get_group(public_id, account().id), account().id, now=clock.now())
    return {"added": done.added, "missing": [{"title_zh": zh, "title_en": en} for zh, en in done.missing]}
