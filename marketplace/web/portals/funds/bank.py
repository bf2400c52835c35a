"""Portal: a bank's day held against the books of an office."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.funds.bank import close_day, days_within, explain_item, get_day, read_day, reopen_day, settle_day
from marketplace.funds.models import BankDay
from marketplace.funds.service import keeps_books_of
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names_by_id, scopes
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, DomainError, Invalid
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.money_reach import READERS, money_areas, seen_bank_day
from marketplace.web.money_words import BANK_STATES, SIDES
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other
from marketplace.web.uploads import sent_files, takes_files

blueprint = Blueprint("bank", __name__, url_prefix="/bank")
_LARGEST_BYTES = 2 * 1024 * 1024
_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}


class DayForm(FormSchema):
    """Whose account on which day."""

    area = Text(required=True, validate=validate.Length(max=12))
    day = fields.Date(required=True, error_messages=_DAY)


class WordsForm(FormSchema):
    """Why one side alone knows a movement."""

    words = Text(required=True, validate=validate.Length(max=400))


@blueprint.get("")
@allow(*READERS)
def listed() -> str:
    """The newest days of one's offices, and a place to bring a bank's file."""
    return _listed_page({}, {})


def _listed_page(form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    own = [code for code in scopes(account(), RoleKind.OFFICER) if len(code) <= Level.COUNTY]
    return render_template(
        "funds/bank.html",
        days=[_row(day) for day in days_within(money_areas())],
        areas=[(code, place_name(get_area(code).name)) for code in own],
        form=form,
        errors=errors,
    )


def _row(day: BankDay) -> dict[str, Any]:
    state, tone = BANK_STATES[day.state]  # type: ignore[index]
    return {
        "public_id": day.public_id,
        "day": day.day,
        "area": place_name(get_area(day.area_code).name) if day.area_code else _("The market’s account"),
        "state": (_(state), tone),
        "open": sum(1 for item in day.items if item.side != "both" and not item.words),
        "items": len(day.items),
    }


@blueprint.post("")
@allow(RoleKind.OFFICER)
@takes_files(1, _LARGEST_BYTES)
def read() -> Response | tuple[str, int]:
    """Take in a bank's file for a day."""
    try:
        form = read_form(DayForm())
        files = sent_files("file")
        if not files:
            raise Invalid("statement_missing", N_("Please choose the bank’s file."))
        with transaction():
            day = read_day(form["area"], form["day"], files[0].read(_LARGEST_BYTES + 1), by=account(), now=clock.now())
    except FormError as error:
        return _listed_page(request.form, error.fields), 422
    except DomainError as error:
        return _listed_page(request.form, {"file": message_of(error)}), 422
    return see_other(url_for("funds.bank.one", public_id=day.public_id))


@blueprint.get("/<public_id>")
@allow(*READERS)
def one(public_id: str) -> str:
    """A day: what only one side knows, and what agrees."""
    day = seen_bank_day(get_day(public_id))
    people = account_names_by_id(id for id in (day.settled_by_id, day.closed_by_id) if id is not None)
    items = [
        {
            "number": item.number,
            "side": (_(SIDES[item.side][0]), SIDES[item.side][1]),
            "amount": item.amount_fen,
            "name": item.booked_as or item.reference or _("without a reference"),
            "last_four": item.last_four,
            "words": item.words,
            "agrees": item.side == "both",
        }
        for item in day.items
    ]
    keeps = bool(day.area_code) and keeps_books_of(account(), day.area_code)
    return render_template(
        "funds/bank_day.html",
        day={**_row(day), "digest": day.digest.hex(), "state_code": day.state},
        differences=[item for item in items if not item["agrees"]],
        agreed=[item for item in items if item["agrees"]],
        settled_by=people.get(day.settled_by_id or 0, ""),
        closed_by=people.get(day.closed_by_id or 0, ""),
        keeps=keeps,
        mine=day.settled_by_id == account().id,
    )


@blueprint.post("/<public_id>/items/<int:number>")
@allow(RoleKind.OFFICER)
def explain(public_id: str, number: int) -> Response:
    """Say why one side alone knows a movement."""
    form = read_form(WordsForm())
    with transaction():
        explain_item(seen_bank_day(get_day(public_id, lock=True)), number, form["words"], by=account(), now=clock.now())
    return see_other(url_for("funds.bank.one", public_id=public_id))


@blueprint.post("/<public_id>/settle")
@allow(RoleKind.OFFICER)
def settle(public_id: str) -> Response:
    """Call the day done."""
    read_form(FormSchema())
    with transaction():
        settle_day(seen_bank_day(get_day(public_id, lock=True)), by=account(), now=clock.now())
    flash(_("It waits for a second person of your office, who closes it."), "info")
    return see_other(url_for("funds.bank.one", public_id=public_id))


@blueprint.post("/<public_id>/close")
@allow(RoleKind.OFFICER)
def close(public_id: str) -> Response:
    """Close it, as a second person."""
    read_form(FormSchema())
    with transaction():
        close_day(seen_bank_day(get_day(public_id, lock=True)), by=account(), now=clock.now())
    flash(_("The day is closed."), "success")
    return see_other(url_for("funds.bank.one", public_id=public_id))


@blueprint.post("/<public_id>/reopen")
@allow(RoleKind.OFFICER)
def reopen(public_id: str) -> Response:
    """Take it up again."""
    read_form(FormSchema())
    with transaction():
        reopen_day(seen_bank_day(get_day(public_id, lock=True)), by=account(), now=clock.now())
    return see_other(url_for("funds.bank.one", public_id=public_id))
