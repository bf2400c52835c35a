"""The row of choices above a long list of projects, and the page of it that was asked for."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from marshmallow import fields, validate
from sqlalchemy import Select

from marketplace.kernel.errors import N_
from marketplace.projects.lists import LONGEST_WORDS, Narrowed, counties_of, narrow, page_of, years_of
from marketplace.projects.models import Project
from marketplace.projects.states import ProjectState
from marketplace.regions.queries import area_names
from marketplace.web.forms import FormSchema, Text, read_form, spelled
from marketplace.web.paging import page_numbers
from marketplace.web.places import place_name
from marketplace.web.project_words import STATES, row_words

PAGE = 20


class ListForm(FormSchema):
    """What is looked for, and which page of it."""

    state = Text(load_default=None, validate=validate.OneOf([state.value for state in ProjectState]))
    year = fields.Integer(load_default=None, validate=validate.Range(2000, 2100))
    place = Text(load_default="", validate=spelled(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}"))
    words = Text(load_default="", validate=validate.Length(max=LONGEST_WORDS, error=N_("Please write less.")))
    page = fields.Integer(load_default=1, validate=validate.Range(1, 9999))


def listed_words(
    query: Select[tuple[Project]],
    states: Sequence[ProjectState],
    places: Sequence[tuple[str, str]] | None = None,
    *,
    notices_first: bool = False,
    form: type[ListForm] = ListForm,
) -> dict[str, Any]:
    """What the list shows.

    Parameters
    ----------
    query : select of Project
        All that the reader may see.
    states : sequence of ProjectState
        Those that the reader can choose.
    places : sequence of (code, name), optional
        The places to choose; without them the counties in which there are any.
    notices_first : bool
        As ``page_of`` says.
    form : type of ListForm
        Where the page has another list beside this one, a form whose ``list`` says of which one the page is; "all" is this one.
    """
    asked = read_form(form(), request.args)
    number = asked["page"] if asked.get("list", "all") == "all" else 1
    if places is None:
        codes = counties_of(query)
        names = area_names(codes)
        places = [(code, place_name(names[code])) for code in codes]
    state = None if asked["state"] is None else ProjectState(asked["state"])
    by = Narrowed(state, asked["year"], asked["place"], asked["words"])
    rows, total = page_of(narrow(query, by), number, PAGE, notices_first=notices_first)
    return {
        "rows": [row_words(row) for row in rows],
        "total": total,
        "pages": page_numbers(number, max(1, -(-total // PAGE))),
        "asked": asked,
        "narrowed": by != Narrowed(),
        "states": [("", _("All states")), *((each.value, _(STATES[each][0])) for each in states)],
        "years": [("", _("All years")), *((str(year), str(year)) for year in years_of(query))],
        "places": [("", _("All places")), *places],
    }
