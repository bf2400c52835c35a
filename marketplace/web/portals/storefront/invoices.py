"""Invoices of one's purchases: asked for on the order's page, read on a page to print and as a file; and buying again."""

from collections.abc import Mapping
from typing import Any

from flask import Response as FileResponse
from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.orders.invoicing import InvoiceTo, get_invoice, invoices_of, issue_invoice, last_invoice_to
from marketplace.orders.models import Invoice, Order, OrderGroup
from marketplace.orders.queries import get_group
from marketplace.orders.reordering import reorder
from marketplace.orders.service import lock_order
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import area_names
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.invoice_pdf import facts, invoice_pdf, line_rows, notice, sums
from marketplace.web.languages import pick
from marketplace.web.places import address_line
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.redirects import see_other

# Where a refusal belongs on the form.
_FIELD_OF_CODE = {"invoice_title_invalid": "title", "tax_number_invalid": "tax_number"}


class InvoiceForm(FormSchema):
    """To whom the invoice is made out."""

    title = Text(required=True, error_messages={"required": N_("Please say to whom the invoice is made out.")})
    tax_number = Text(load_default=None)


def invoices_on(group: OrderGroup) -> dict[int, list[Invoice]]:
    """The invoices and credit notes of a purchase, by order."""
    rows: dict[int, list[Invoice]] = {}
    for invoice in invoices_of([order.id for order in group.orders]):
        rows.setdefault(invoice.order_id, []).append(invoice)
    return rows


@blueprint.get("/orders/<group>/<order>/invoice")
@allow(SIGNED_IN)
def order_invoice(group: str, order: str) -> str:
    """To whom shall it be made out? As the last one was, until the buyer says otherwise."""
    last = last_invoice_to(account().id) or InvoiceTo(account().display_name)
    return _ask(group, order, {"title": last.title, "tax_number": last.tax_number or ""}, {})


def _ask(group: str, order: str, form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    purchase = get_group(group, account().id)
    part = next((row for row in purchase.orders if row.public_id == order), None)
    if part is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    return render_template("storefront/invoice_ask.html", group=purchase, part=part, form=form, errors=errors)


@blueprint.post("/orders/<group>/<order>/invoice")
@allow(SIGNED_IN)
def order_invoice_issue(group: str, order: str) -> Response | tuple[str, int]:
    """Issue the invoice of one seller's part; sent twice it is one."""
    try:
        form = read_form(InvoiceForm())
        public_id = _issued(group, order, InvoiceTo(form["title"], form["tax_number"]))
    except Invalid as error:
        fields = error.fields if isinstance(error, FormError) else {_FIELD_OF_CODE[error.code]: message_of(error)}
        return _ask(group, order, request.form, fields), 422
    return see_other(url_for("storefront.invoice", public_id=public_id))


def _issued(group: str, order: str, to: InvoiceTo) -> str:
    with transaction():
        found, purchase = lock_order(order, account_id=account().id)
        if purchase.public_id != group:
            raise NotFound("order_unknown", N_("There is no such order."))
        return issue_invoice(found, purchase, to, actor=account().public_id, now=clock.now()).public_id


@blueprint.get("/invoices/<public_id>")
@allow(SIGNED_IN)
def invoice(public_id: str) -> str:
    """An invoice to read and print, for its buyer and its seller."""
    found = get_invoice(public_id, account().id)
    place = _place(found)
    return render_template(
        "storefront/invoice.html",
        invoice=found,
        credit=found.credits_id is not None,
        facts=facts(found.snapshot, place),
        lines=line_rows(found.snapshot),
        sums=sums(found.snapshot),
        notice=notice(found.snapshot),
        order_url=_order_url(found.order),
    )


def _order_url(order: Order) -> str | None:
    """The way back, for the buyer; the seller comes from a list of their own."""
    if order.group.account_id != account().id:
        return None
    return url_for("storefront.order", public_id=order.group.public_id)


def _place(found: Invoice) -> str:
    codes = ancestor_codes(found.snapshot["seller_area_code"])
    names = area_names(codes)
    return address_line((names[code] for code in codes if code in names), "")


@blueprint.get("/invoices/<public_id>.pdf")
@allow(SIGNED_IN)
def invoice_file(public_id: str) -> FileResponse:
    """The same as a PDF file."""
    found = get_invoice(public_id, account().id)
    response = FileResponse(invoice_pdf(found.snapshot, _place(found)), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    return response


@blueprint.post("/orders/<public_id>/again")
@allow(SIGNED_IN)
def order_again(public_id: str) -> Response:
    """Put what a purchase held into the basket, as far as it is there."""
    read_form(FormSchema())
    with transaction():
        done = reorder(get_group(public_id, account().id), account().id, now=clock.now())
    if done.added:
        flash(
            ngettext("%(num)d thing is in your basket again.", "%(num)d things are in your basket again.", done.added),
            "success",
        )
    if done.missing:
        names = pick("、", ", ").join(pick(zh, en) for zh, en in done.missing)
        flash(_("Not to be had at the moment: %(names)s.", names=names), "warning")
    return see_other(url_for("storefront.basket"))
