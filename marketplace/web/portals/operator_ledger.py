"""Portal: the operator's ledger: where all the money stands, each account's statement, and whether the books are whole."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response as AnyResponse

from marketplace.catalogue.queries import producer_names
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.kernel.jobs import enqueue
from marketplace.kernel.money import plain_yuan
from marketplace.ledger.queries import Statement, last_check, statement, trial_balance
from marketplace.orders.goodwill import GOODWILL
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS, SERVICE_FEE
from marketplace.orders.shares import FREIGHT, payees_of_terms, producer_account
from marketplace.payments.payouts import IN_TRANSIT, PAID_OUT
from marketplace.regions.queries import area_names
from marketplace.transparency.jobs import check_nightly
from marketplace.transparency.queries import newest_head
from marketplace.web.access import allow
from marketplace.web.csv_files import csv_response, csv_text, harmless
from marketplace.web.forms import FormError, FormSchema, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.waterfall import share_words

blueprint = Blueprint("ledger", __name__, url_prefix="/ledger")

_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}
_DAYS_SHOWN = 30
# So many entries are shown on a page; the file has them all.
_MOST_LINES = 100
_MOST_LINES_IN_A_FILE = 1_000_000
_KINDS = {
    "payment": N_("Payment of a buyer"),
    "settlement": N_("Order accepted and paid"),
    "refund": N_("Refund"),
    "refund_sent": N_("Refund sent"),
    "refund_by_hand": N_("Refund sent by hand"),
    "refund_bounced": N_("Refund that came back"),
    "surplus": N_("Paid too much"),
    "payout": N_("Put in a payout batch"),
    "payout_paid": N_("Paid out"),
    "payout_returned": N_("Payout that came back"),
    "payout_withdrawn": N_("Payout batch discarded"),
    "goodwill": N_("Borne by the market"),
}


class SpanForm(FormSchema):
    """The days of a statement."""

    first = fields.Date(data_key="from", error_messages=_DAY)
    last = fields.Date(data_key="to", error_messages=_DAY)


def _names() -> dict[str, str]:
    """What each account is called."""
    own = {
        BUYERS: _("Paid by buyers"),
        CLEARING: _("Held until the goods are accepted"),
        REFUNDS: _("On its way back to buyers"),
        SERVICE_FEE: _("Service fee"),
        FREIGHT: _("Freight"),
        IN_TRANSIT: _("On its way to sellers"),
        PAID_OUT: _("Paid out to sellers"),
        GOODWILL: _("Borne by the market"),
    }
    producers = {producer_account(public_id): pick(zh, en) for public_id, (zh, en) in producer_names().items()}
    return _names_of_shares() | producers | own


def _names_of_shares() -> dict[str, str]:
    """Whoever has a share of each order of an area is called by what it is for and by the area."""
    found = payees_of_terms()
    places = area_names({area for _kind, area in found.values() if area})
    return {
        payee: " · ".join([share_words(kind), *([place_name(places[area])] if area in places else [])])
        for payee, (kind, area) in found.items()
    }


@blueprint.get("")
@allow(RoleKind.OPERATOR)
def balances() -> str:
    """Where all the money stands, and what the last check of the books found."""
    names = _names()
    rows = [
        {"name": names.get(code, code), "amount_fen": fen, "url": url_for("operator.ledger.account", code=code), "code": code}
        for code, fen in trial_balance()
    ]
    producers = [row for row in rows if str(row["code"]).startswith(producer_account(""))]
    others: list[dict[str, Any]] = [row for row in rows if row not in producers]
    others.append({"name": _("In producers’ accounts"), "amount_fen": sum(int(str(row["amount_fen"])) for row in producers)})
    return render_template(
        "operator/ledger.html",
        rows=others,
        producers=sorted(producers, key=lambda row: (-int(str(row["amount_fen"])), str(row["name"]))),
        sum_fen=sum(int(str(row["amount_fen"])) for row in rows),
        check=last_check(),
        head=newest_head(),
    )


@blueprint.post("/check")
@allow(RoleKind.OPERATOR)
def check() -> AnyResponse:
    """Have ledger, audit trail and log checked now; it takes seconds and is done by the worker."""
    read_form(FormSchema())
    with transaction():
        enqueue(check_nightly, timestamp=int(clock.now().timestamp()))
    flash(_("The books are being checked. Look again in a minute."), "info")
    return redirect(url_for("operator.ledger.balances"), 303)


def _asked(code: str, limit: int) -> tuple[date, date, Statement]:
    form = read_form(SpanForm(), request.args)
    today = clock.local_day(clock.now())
    last = form.get("last", today)
    first = form.get("first", last - timedelta(days=_DAYS_SHOWN - 1))
    if first > last:
        raise FormError({"from": _("The first day must not lie after the last.")})
    if first.year < 2000 or last.year > 9000:
        raise FormError({"from": _("Please choose a later day.")})
    begin, end = clock.day_bounds(first, last)
    return first, last, statement(code, begin, end, limit=limit)


@blueprint.get("/accounts/<code>")
@allow(RoleKind.OPERATOR)
def account(code: str) -> str | tuple[str, int]:
    """What moved on one account, with the balance behind each entry."""
    try:
        first, last, found = _asked(code, _MOST_LINES)
        errors: dict[str, str] = {}
    except FormError as error:
        today = clock.local_day(clock.now())
        first, last, errors = today, today, dict(error.fields)
        found = statement(code, *clock.day_bounds(first, last), limit=_MOST_LINES)
    span = {"from": first.isoformat(), "to": last.isoformat()}
    page = render_template(
        "operator/statement.html",
        name=_names().get(code, code),
        code=code,
        first=first,
        last=last,
        errors=errors,
        statement=found,
        rows=[_line(row.at, row.kind, row.purpose_id, row.amount_fen, row.balance_fen) for row in found.lines],
        cut_off=len(found.lines) == _MOST_LINES,
        csv_url=url_for("operator.ledger.account_csv", code=code, **span),
    )
    return (page, 422) if errors else page


def _line(at: datetime, kind: str, purpose_id: str, amount_fen: int, balance_fen: int) -> dict[str, Any]:
    what = _(_KINDS[kind]) if kind in _KINDS else kind
    return {"at": at, "what": what, "purpose": purpose_id, "amount_fen": amount_fen, "balance_fen": balance_fen}


@blueprint.get("/accounts/<code>.csv")
@allow(RoleKind.OPERATOR)
def account_csv(code: str) -> Response:
    """The same statement as a file, with every entry."""
    first, last, found = _asked(code, _MOST_LINES_IN_A_FILE)
    header = [_("Moment"), _("Transfer"), _("Kind"), _("For"), _("Amount (yuan)"), _("Balance (yuan)")]
    rows = [
        [
            row.at.isoformat(),
            row.transfer_public_id,
            row.kind,
            harmless(f"{row.purpose_kind} {row.purpose_id}"),
            plain_yuan(row.amount_fen),
            plain_yuan(row.balance_fen),
        ]
        for row in found.lines
    ]
    return csv_response(csv_text(header, rows), f"statement-{code.replace(':', '-')}-{first}-{last}.csv")
