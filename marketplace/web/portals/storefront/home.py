"""The first page, and the switch that says whether it may follow what somebody does."""

import enum
from datetime import date
from typing import Any

from flask import flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response

from marketplace.catalogue.shelves import shelves as all_shelves
from marketplace.catalogue.week import week_shelves
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.recommendations.service import delete_history, recommend, set_personalised
from marketplace.web.access import PUBLIC, SIGNED_IN, account, account_or_none, allow
from marketplace.web.cards import plain_cards, recommended_cards
from marketplace.web.deliveries import delivery_area, delivery_place
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront import shelves
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.redirects import came_from, see_other
from marketplace.web.seasons import season_calendar

FOR_YOU = 12
IN_SEASON = 10
OF_THE_VILLAGE = 4


@blueprint.get("/")
@allow(PUBLIC)
def home() -> str:
    """What is chosen for the reader, the categories, what is in season, the village of the week."""
    now = clock.now()
    today = clock.local_day(now)
    own_shelves = all_shelves()
    seasonal, village = week_shelves(today, in_season=IN_SEASON, of_village=OF_THE_VILLAGE)
    tiles, menu = shelves.tiles(own_shelves), shelves.menu(own_shelves, home=True)
    # Last, and committed before the page is made: its rows are those that every other reader waits for.
    with transaction():
        chosen = recommend(account_or_none(), "home", FOR_YOU, now=now, area=delivery_area())
    return render_template(
        "storefront/home.html",
        menu=menu,
        categories=tiles,
        for_you=recommended_cards(chosen),
        personalised=chosen.personalised,
        switched_on=chosen.wanted,
        place=delivery_place(),
        in_season=plain_cards(seasonal),
        week=today.isocalendar().week,
        season=_season_of_first(seasonal, today),
        village=_village(village),
    )


def _season_of_first(rows: list[Any], today: date) -> dict[str, Any] | None:
    """The calendar of the first thing in season, with its name."""
    calendar = season_calendar(rows[0].season_weeks, today) if rows else None
    return {**calendar, "name": pick(rows[0].product_zh, rows[0].product_en)} if calendar is not None else None


def _village(rows: list[Any]) -> dict[str, Any] | None:
    """The village of the week with some of what it has."""
    if not rows:
        return None
    return {"name": place_name(rows[0].village), "count": rows[0].of_all, "items": plain_cards(rows)}


class Choice(enum.StrEnum):
    """What a reader can say about lists that follow what they do."""

    ON = "on"
    OFF = "off"
    FORGET = "forget"


class PersonalisationForm(FormSchema):
    """One of the three buttons."""

    choice = fields.Enum(
        Choice,
        by_value=fields.String(),
        required=True,
        error_messages={"required": N_("Please press one of the buttons."), "unknown": N_("Please press one of the buttons.")},
    )


@blueprint.post("/personalisation")
@allow(SIGNED_IN)
def personalisation() -> Response:
    """Switch lists that follow the reader on or off, or forget what they followed."""
    choice = read_form(PersonalisationForm())["choice"]
    now = clock.now()
    with transaction():
        if choice is Choice.FORGET:
            delete_history(account(), now=now)
        else:
            set_personalised(account(), choice is Choice.ON, now=now)
    said = {
        Choice.ON: _("The market chooses for you again."),
        Choice.OFF: _("Switched off. You now see what everybody sees, and nothing new is remembered."),
        Choice.FORGET: _("Forgotten. Your orders stay in your account."),
    }
    flash(said[choice], "success")
    return see_other(came_from(url_for("storefront.home")))
