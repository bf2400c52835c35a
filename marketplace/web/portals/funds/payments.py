"""Portal: payments of public money: ordered, approved, reversed, and traced up to their sources."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.funds.models import Fund, FundPayment
from marketplace.funds.payments import (
    BankAccount,
    PaymentOrder,
    ToHousehold,
    ToOrganisation,
    approve_payment,
    propose_payment,
    refuse_payment,
    reverse_payment,
)
from marketplace.funds.queries import fund_of, funds_by_id, get_fund, get_payment, payments_within, standings, way_up
from marketplace.funds.receiving import household_of, receiver_within
from marketplace.funds.service import keeps_books_of
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names_by_id
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.projects.tracking import check_within_approved
from marketplace.regions.queries import get_area
from marketplace.registry.reading_log import MONEY, note_reading
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.money_reach import READERS, holds, money_area, money_areas, money_reach, seen_fund, seen_payment
from marketplace.web.money_words import MOVES, PAYEES, PAYMENT_STATES, place_words, purpose_name
from marketplace.web.places import place_name
from marketplace.web.portals.funds.sources import AreaQuery
from marketplace.web.redirects import see_other

blueprint = Blueprint("payments", __name__, url_prefix="/payments")


class OrderForm(FormSchema):
    """What is to be paid, for what, to whom."""

    way = Text(required=True, validate=validate.Length(max=80))
    amount = Yuan(required=True)
    subject = Text(required=True, validate=validate.Length(max=64))
    document = Text(required=True, validate=validate.Length(max=60))
    payee = Text(required=True, validate=validate.OneOf(["household", "organisation"]))
    household = Text(load_default="", validate=validate.Length(max=16))
    credit_code = Text(load_default="", validate=validate.Length(max=18))
    invoice_number = Text(load_default="", validate=validate.Length(max=40))
    invoice = Yuan(load_default=None)
    holder = Text(required=True, validate=validate.Length(max=60))
    bank = Text(required=True, validate=validate.Length(max=60))
    number = Text(required=True, validate=validate.Length(max=40))


class ReasonForm(FormSchema):
    """Why."""

    words = Text(required=True, validate=validate.Length(max=200))


@blueprint.get("")
@allow(*READERS)
def listed() -> str:
    """The newest payments out of an area, those that wait first."""
    area = get_area(money_area(read_form(AreaQuery(), request.args)["area"]))
    found = payments_within(area.code)
    names, funds = place_words(row.place for row in found), funds_by_id(row.fund_id for row in found)
    rows = [_row(row, funds[row.fund_id], names) for row in found]
    return render_template(
        "funds/payments.html",
        area=area,
        areas=[(code, place_name(get_area(code).name)) for code in money_areas()],
        waiting=[row for row in rows if row["waits"]],
        rows=[row for row in rows if not row["waits"]],
    )


def _row(payment: FundPayment, fund: Fund, names: Mapping[str, str]) -> dict[str, Any]:
    state, tone = PAYMENT_STATES[payment.state]  # type: ignore[index]
    return {
        "reference": payment.reference,
        "url": url_for("funds.payments.one", public_id=payment.public_id),
        "at": payment.proposed_at,
        "place": names[payment.place],
        "purpose": purpose_name(payment.purpose_code),
        "document": fund.document_number,
        "payee": f"{_(PAYEES[payment.payee_kind])} · {payment.last_four}",
        "amount": payment.amount_fen,
        "state": (_(state), tone),
        "waits": payment.state == "proposed",
    }


@blueprint.get("/<public_id>")
@allow(*READERS)
def one(public_id: str) -> str:
    """A payment, its payee, and the way of its money. Looking at a household's is written down."""
    now = clock.now()
    with transaction():
        payment = seen_payment(get_payment(public_id))
        household = household_of(payment, money_reach())
        if household is not None:
            note_reading(household, account(), MONEY, now=now)
        fund, way = fund_of(payment), way_up(payment)
        names = place_words([payment.place, *(place for move in way for place in (move.source, move.target))])
        people = account_names_by_id(id for id in (payment.proposed_by_id, payment.decided_by_id) if id is not None)
        shown = {
            **_row(payment, fund, names),
            "public_id": payment.public_id,
            "fund": fund.public_id,
            "subject": payment.purpose_id,
            "paper": payment.document_number,
            "holder": payment.payee_name,
            "bank": f"{payment.bank} · {payment.last_four}",
            "household": None if household is None else household.code,
            "organisation": payment.organisation_code,
            "invoice": payment.invoice_number,
            "invoice_fen": payment.invoice_fen,
            "ordered_by": people.get(payment.proposed_by_id, ""),
            "decided_by": people.get(payment.decided_by_id or 0, ""),
            "decided_at": payment.decided_at,
            "reversed_why": payment.reversed_why,
        }
        return render_template(
            "funds/payment.html",
            payment=shown,
            way=[
                {
                    "kind": _(MOVES[move.kind]),
                    "at": move.at,
                    "source": names[move.source],
                    "target": names[move.target],
                    "amount": move.amount_fen,
                    "document": move.document_number,
                }
                for move in way
            ],
            may_decide=payment.state == "proposed" and keeps_books_of(account(), payment.place),
            mine=payment.proposed_by_id == account().id,
            may_reverse=payment.state == "paid" and keeps_books_of(account(), payment.place),
        )


@blueprint.get("/new/<public_id>")
@allow(RoleKind.OFFICER)
def new(public_id: str) -> str:
    """Order a payment out of a fund."""
    return _new_page(public_id, {}, {})


def _new_page(public_id: str, form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    fund = seen_fund(get_fund(public_id))
    mine = [row for row in standings([fund]) if holds(row.place) and keeps_books_of(account(), row.place)]
    names = place_words(row.place for row in mine)
    words = [
        (
            f"{row.purpose_code}|{row.place}",
            _(
                "%(place)s, %(purpose)s: %(amount)s",
                place=names[row.place],
                purpose=purpose_name(row.purpose_code),
                amount=yuan(row.balance_fen),
            ),
        )
        for row in mine
    ]
    payees = [{"value": kind, "label": _(label)} for kind, label in PAYEES.items()]
    return render_template("funds/payment_new.html", fund=fund, ways=words, payees=payees, form=form, errors=errors)


@blueprint.post("/new/<public_id>")
@allow(RoleKind.OFFICER)
def order(public_id: str) -> Response | tuple[str, int]:
    """Keep the order for a second person."""
    fund = seen_fund(get_fund(public_id))
    try:
        form = read_form(OrderForm())
        purpose, _bar, place = form["way"].partition("|")
        payee: ToHousehold | ToOrganisation
        if form["payee"] == "household":
            payee = ToHousehold(*receiver_within(form["household"], form["holder"], money_reach()))
        else:
            payee = ToOrganisation(form["credit_code"].upper(), form["invoice_number"], form["invoice"])
        account_to = BankAccount(form["holder"], form["bank"], form["number"])
        wanted = PaymentOrder(purpose, place, form["amount"], "subject", form["subject"], form["document"], payee, account_to)
        with transaction():
            payment = propose_payment(fund, wanted, by=account(), now=clock.now())
    except FormError as error:
        return _new_page(public_id, request.form, error.fields), 422
    except DomainError as error:
        return _new_page(public_id, request.form, {"way": message_of(error)}), 422
    flash(_("Ordered. It is paid when a second person of your office agrees."), "info")
    return see_other(url_for("funds.payments.one", public_id=payment.public_id))


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response:
    """Agree as a second person."""
    read_form(FormSchema())
    with transaction():
        payment = seen_payment(get_payment(public_id, lock=True))
        check_within_approved(payment)
        approve_payment(payment, by=account(), now=clock.now())
    flash(_("Paid. The bank’s file of the day will show it."), "success")
    return see_other(url_for("funds.payments.one", public_id=public_id))


@blueprint.post("/<public_id>/refuse")
@allow(RoleKind.OFFICER)
def refuse(public_id: str) -> Response:
    """Refuse it, or take back one's own order."""
    read_form(FormSchema())
    with transaction():
        refuse_payment(seen_payment(get_payment(public_id, lock=True)), by=account(), now=clock.now())
    flash(_("Refused. No money was moved."), "info")
    return see_other(url_for("funds.payments.one", public_id=public_id))


@blueprint.post("/<public_id>/reverse")
@allow(RoleKind.OFFICER)
def reverse(public_id: str) -> Response:
    """Note that the money has come back."""
    form = read_form(ReasonForm())
    with transaction():
        reverse_payment(seen_payment(get_payment(public_id, lock=True)), form["words"], by=account(), now=clock.now())
    flash(_("Written down. The money stands at its place again."), "success")
    return see_other(url_for("funds.payments.one", public_id=public_id))
