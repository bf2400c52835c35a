"""Portal: the farmer's bank account, and what was sent there, in words."""

from collections.abc import Mapping
from typing import Any

import segno
from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Producer
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.orders.shares import producer_account
from marketplace.payments.models import PayoutLine, PayoutWay
from marketplace.payments.payees import set_payee
from marketplace.payments.payout_queries import find_payee, line_of_payee, lines_of_payee
from marketplace.payments.payout_states import LineState
from marketplace.transparency.slips import slip_of
from marketplace.web.access import account, allow
from marketplace.web.acting import by_mandate, current_seller
from marketplace.web.filters import masked
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_money", __name__, url_prefix="/farm/money")
farm_pages(blueprint)


class PayeeForm(FormSchema):
    """Whose account, at which bank, and its number twice."""

    holder = Text(required=True, validate=validate.Length(max=60))
    bank = Text(required=True, validate=validate.Length(max=60))
    number = Text(required=True, validate=validate.Length(max=40))
    number_again = Text(required=True, validate=validate.Length(max=40))


def payout_context(producer: Producer, *, own: bool) -> dict[str, Any]:
    """What the money page shows of what was sent, and, to the household itself, of the bank account it goes to."""
    code = producer_account(producer.public_id)
    return {
        "own": own,
        "payee": find_payee(code) if own else None,
        "payouts": [payout_row(line) for line in lines_of_payee(code)],
    }


def payout_row(line: PayoutLine) -> dict[str, Any]:
    """One payout in words."""
    back = _("It came back: %(reason)s. The money is yours and goes out again with the next payout.", reason=line.return_reason)
    words = {
        LineState.WAITING: (_("It is being sent to you."), _("On its way"), "info"),
        LineState.PAID: (_("The bank has paid it."), _("In your bank account"), "good"),
        LineState.RETURNED: (back, _("Came back"), "bad"),
    }[LineState(line.state)]
    return {
        "public_id": line.public_id,
        "amount_fen": line.amount_fen,
        "at": line.ended_at or line.batch.drafted_at,
        "words": words[0],
        "chip": words[1:],
        "to": " ".join(part for part in (line.bank, masked(line.last_four)) if part),
    }


@blueprint.get("/payouts/<public_id>/slip")
@by_mandate(Scope.RECEIVE_MONEY)
def slip(public_id: str) -> str:
    """The slip of one payout, with the code by which anybody can check it offline."""
    producer = current_seller().producer
    line = line_of_payee(producer_account(producer.public_id), public_id)
    found = slip_of("payout", "payout_line", line.public_id)
    return render_template(
        "producer/payout_slip.html",
        line=line,
        row=payout_row(line),
        seller=pick(producer.name_zh, producer.name_en),
        slip=found,
        code=_square_code(found.code) if found is not None else None,
    )


def _square_code(text: str) -> Markup:
    # The text is long and checks itself, so the code needs no more room for mistakes than it must have.
    code = segno.make(text, error="l", boost_error=False, micro=False)
    # Without a size of its own the drawing fills whatever room the page gives it.
    return Markup(code.svg_inline(border=4, svgclass="qr", lineclass=None, omitsize=True))


@blueprint.get("/bank-account")
@allow(RoleKind.FARMER)
def bank_account() -> str:
    """Where one's money goes, and a form to change it."""
    return _page({}, {})


@blueprint.post("/bank-account")
@allow(RoleKind.FARMER)
def bank_account_change() -> Response | tuple[str, int]:
    """Change where one's money goes from the next payout on."""
    producer = current_seller().producer
    try:
        form = read_form(PayeeForm())
        if form["number"] != form["number_again"]:
            raise FormError({"number_again": _("The two numbers differ.")})
        with transaction():
            set_payee(
                producer_account(producer.public_id),
                PayoutWay.BANK,
                form["holder"],
                form["bank"],
                form["number"],
                actor=account().public_id,
                now=clock.now(),
            )
    except FormError as error:
        return _page(request.form, error.fields), 422
    except Invalid as error:
        return _page(request.form, {"number": str(_(error.message))}), 422
    flash(_("Saved. Your money goes there from the next payout on."), "success")
    return see_other(url_for("producer.money"))


def _page(form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    payee = find_payee(producer_account(current_seller().producer.public_id))
    known = {"holder": payee.holder, "bank": payee.bank} if payee is not None else {}
    return render_template("producer/bank_account.html", payee=payee, form=form or known, errors=errors)
