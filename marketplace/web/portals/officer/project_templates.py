"""Portal: what declarations of projects have to say and how they are judged: versions, what changed, and a new one to write."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid, NotFound
from marketplace.projects.entering import (
    MOST_LINES,
    MOST_WORDS,
    NewVersion,
    decide_version,
    enter_version,
    fresh_key,
    own_offices,
    own_prefix,
)
from marketplace.projects.models import TemplateVersion
from marketplace.projects.standard import SECTORS, Barred, Category, Criterion, Item, Line, Template, Version, asked_items
from marketplace.projects.states import TemplateAction, TemplateState
from marketplace.projects.templates import (
    above,
    get_version,
    last_version,
    page_of_versions,
    template_on,
    version_of,
    versions_around,
)
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.web.access import account, allow
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.paging import page_numbers
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.redirects import see_other
from marketplace.web.template_words import ITEM_NAMES, parts_words, versions_words
from marketplace.web.template_words import SECTORS as SECTOR_NAMES

blueprint = Blueprint("templates", __name__, url_prefix="/templates")
_LONG = N_("Please write less.")
_WHOLE = N_("Please enter a whole number.")
# Where the refusals of the domain belong on the form.
_PLACES = {"template_day": "begins_on", "template_source": "source", "rubric_sum": "rubric_most_1"}
# As many empty lines stand under those that there are.
_SPARE = 2
PAGE = 20
_TERMS = re.compile(r"[、，,;；\n]+")
# What a line of each part has besides its words, and how it is read.
_line = validate.Length(max=MOST_WORDS, error=_LONG)
_PARTS: dict[str, dict[str, Any]] = {
    "items": {},
    "categories": {"sector": lambda: Text(load_default="economy", validate=validate.OneOf(SECTORS))},
    "barred": {"terms": lambda: Text(load_default="", validate=validate.Length(max=900, error=_LONG))},
    "rubric": {"most": lambda: fields.Integer(load_default=0, error_messages={"invalid": _WHOLE})},
}
VersionForm: type[FormSchema] = FormSchema.from_dict(  # type: ignore[assignment]
    {
        "area": Text(required=True, validate=validate.Length(max=12)),
        # The version that the form began from, so that nobody takes back unseen what was confirmed meanwhile.
        "base": fields.Integer(required=True),
        "begins_on": fields.Date(required=True, error_messages={"invalid": N_("Please give a day, such as 2026-05-01.")}),
        "source": Text(load_default="", validate=validate.Length(max=200, error=_LONG)),
        **{
            f"{part}_{name}_{number}": field
            for part, more in _PARTS.items()
            for number in range(1, MOST_LINES + 1)
            for name, field in (
                ("key", Text(load_default="", validate=validate.Length(max=16))),
                ("words", Text(load_default="", validate=_line)),
                *((name, made()) for name, made in more.items()),
            )
        },
    },
    name="VersionForm",
)


class ListForm(FormSchema):
    """An area, and which page of its versions."""

    area = Text()
    page = fields.Integer(load_default=1, validate=validate.Range(1, 9999))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """What holds in an area today, and every version with what it changed."""
    asked, today = read_form(ListForm(), request.args), local_day(clock.now())
    area, own = office_area(asked.get("area")), own_offices(account())
    template = template_on(area.code, today)
    rows, total = page_of_versions(versions_around(area.code, own), asked["page"], PAGE)
    return render_template(
        "officer/project_templates.html",
        area=area,
        areas=areas_to_choose(area),
        template=template,
        asked=_asked(template),
        # The items of all levels stand together already.
        parts=parts_words(template.base, ("rubric", "categories", "barred")),
        rows=[{**row, "holds_later": row["begins_on"] > today} for row in versions_words(rows)],
        pages=page_numbers(asked["page"], max(1, -(-total // PAGE))),
        offices=_offices(own),
    )


def _asked(template: Template) -> list[str]:
    """All that a template asks, in words."""
    return [_(each.words) if each.words else _(ITEM_NAMES[each.key]) for each in asked_items(template)]


def _offices(own: Sequence[str]) -> list[tuple[str, str]]:
    names = area_names(own)
    return [(code, place_name(names[code])) for code in sorted(own)]


@blueprint.get("/new")
@allow(RoleKind.OFFICER)
def new() -> str:
    """The next version of one's office, to be written from the last one."""
    code = _own_office(request.args.get("area"))
    base = last_version(code)
    return _form_page(code, {**_typed(base), "base": base.number}, {})


@blueprint.post("")
@allow(RoleKind.OFFICER)
def add() -> Response | tuple[str, int]:
    """Write it down, for a second person to confirm."""
    code = _own_office(request.form.get("area"))
    try:
        form = read_form(VersionForm())
        with transaction():
            row = enter_version(code, _new(code, form), by=account(), now=clock.now())
    except (Invalid, Conflict) as error:
        typed: dict[str, Any] = request.form.to_dict()
        if error.code == "template_changed":
            # Now they are told, and what they send again is written from it.
            typed["base"] = last_version(code).number
        return _form_page(code, typed, errors_by_field(error, _place_of(error, typed))), 422
    flash(_("It is written down. Somebody else of your office has to confirm it before its first day."), "success")
    return see_other(url_for("officer.projects.templates.one", public_id=row.public_id))


def _place_of(error: DomainError, typed: Mapping[str, Any]) -> str:
    """The field of the form beside which a refusal of the domain stands."""
    if error.code == "barred_dropped":
        keys = (f"barred_key_{number}" for number in range(1, MOST_LINES + 1))
        found = next((key for key in keys if typed.get(key) == error.data["line"]), "")
        return found.replace("key", "terms")
    return _PLACES.get(error.code, "")


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A version, what it changed, and what a second person can make of it."""
    row = _version(public_id)
    mine = row.area_code in own_offices(account()) and row.state == TemplateState.ENTERED
    return render_template(
        "officer/project_template.html",
        version=versions_words([row])[0],
        parts=parts_words(version_of(row)),
        may_confirm=mine and row.entered_by_id != account().id,
        may_discard=mine,
    )


@blueprint.post("/<public_id>/<any(confirm, discard):action>")
@allow(RoleKind.OFFICER)
def decide(public_id: str, action: str) -> Response:
    """The second person's word, or that it is dropped."""
    with transaction():
        decide_version(_version(public_id), TemplateAction(action), by=account(), now=clock.now())
    flash(_("It is confirmed.") if action == TemplateAction.CONFIRM else _("It is discarded."), "success")
    return see_other(url_for("officer.projects.templates.one", public_id=public_id))


def _version(public_id: str) -> TemplateVersion:
    return get_version(public_id, scopes(account(), RoleKind.OFFICER))


def _own_office(code: str | None) -> str:
    """One of one's own provinces, cities and counties; others have no such page."""
    own = own_offices(account())
    if code is None and own:
        return min(own, key=len)
    if code not in own:
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=(code or "")[:20])
    return code


def _form_page(code: str, form: Mapping[str, Any], errors: dict[str, str]) -> str:
    tomorrow = local_day(clock.now()) + timedelta(days=1)
    return render_template(
        "officer/project_template_new.html",
        code=code,
        area=place_name(area_names([code])[code]),
        whole=len(code) == Level.PROVINCE,
        upper=_asked(above(code, _first_day(form, tomorrow))),
        shown={part: _shown(part, form) for part in _PARTS},
        sectors=[(key, _(words)) for key, words in SECTOR_NAMES.items()],
        form={"begins_on": tomorrow.isoformat(), **form},
        errors=errors,
    )


def _first_day(form: Mapping[str, Any], tomorrow: date) -> date:
    """The day that was typed, where it can be one: what is asked from above may be another on it than tomorrow."""
    try:
        return max(tomorrow, date.fromisoformat(str(form.get("begins_on", ""))))
    except ValueError:
        return tomorrow


def _shown(part: str, form: Mapping[str, Any]) -> int:
    """How many lines of a part stand open."""
    # A sector always has a value.
    typed = ["words", *(name for name in _PARTS[part] if name != "sector")]
    used = [number for number in range(1, MOST_LINES + 1) if any(form.get(f"{part}_{name}_{number}") for name in typed)]
    return min(MOST_LINES, max(used, default=0) + _SPARE)


def _typed(version: Version) -> dict[str, Any]:
    """A version as its form shows it, in the reader's language."""
    form: dict[str, Any] = {}
    for part in _PARTS:
        lines: Sequence[Line] = getattr(version, part)
        for number, line in enumerate(lines, 1):
            form |= {f"{part}_key_{number}": line.key, f"{part}_words_{number}": _(line.words)}
            if isinstance(line, Category):
                form[f"{part}_sector_{number}"] = line.sector
            if isinstance(line, Barred):
                form[f"{part}_terms_{number}"] = "、".join(line.terms)
            if isinstance(line, Criterion):
                form[f"{part}_most_{number}"] = line.most
    return form


def _new(code: str, form: Mapping[str, Any]) -> NewVersion:
    unnamed = [
        number for number in range(1, MOST_LINES + 1) if form[f"barred_terms_{number}"] and not form[f"barred_words_{number}"]
    ]
    if unnamed:
        raise FormError(
            {
                f"barred_words_{number}": _("Please say what it is, or empty the words by which it is known.")
                for number in unnamed
            }
        )
    before = last_version(code)

    def lines(part: str, prefix: str) -> list[dict[str, Any]]:
        """The lines that have words; an old one that reads as before keeps its words, whichever the reader's language is."""
        old = {line.key: line for line in getattr(before, part)}
        found: list[dict[str, Any]] = []
        taken = {form[f"{part}_key_{number}"] for number in range(1, MOST_LINES + 1)} | set(old)
        for number in range(1, MOST_LINES + 1):
            words, key = form[f"{part}_words_{number}"], form[f"{part}_key_{number}"]
            if words:
                key = key or fresh_key(prefix, taken)
                taken.add(key)
                same = key in old and _(old[key].words) == words
                more = {name: form[f"{part}_{name}_{number}"] for name in _PARTS[part]}
                found.append({"key": key, "words": old[key].words if same else words, **more})
        return found

    return NewVersion(
        base=form["base"],
        begins_on=form["begins_on"],
        source=form["source"],
        items=(*asked_items(above(code, form["begins_on"])), *(Item(**each) for each in lines("items", own_prefix(code)))),
        categories=tuple(Category(**each) for each in lines("categories", "category_")),
        barred=tuple(
            Barred(each["key"], each["words"], tuple(term.strip() for term in _TERMS.split(each["terms"]) if term.strip()))
            for each in lines("barred", "barred_")
        ),
        rubric=tuple(Criterion(**each) for each in lines("rubric", "line_")),
    )
