"""Portal: saying what is wrong, without signing in, and following it by a code. Nothing of a sender goes into an address.

The code is shown once, in the answer to the form itself: no session, no link and no log ever holds it.
"""

from typing import Any

from flask import Blueprint, Response, render_template, request
from marshmallow import EXCLUDE, fields, validate

from marketplace.catalogue.queries import producer_of
from marketplace.complaints.filing import LONGEST, Said, file_complaint
from marketplace.complaints.following import complaint_of_code, rate, reopen, withdraw_complaint
from marketplace.complaints.models import About, Complaint, ComplaintKind
from marketplace.complaints.queries import is_heard, steps_of
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.regions.models import Level
from marketplace.regions.queries import ancestors, children, find_area_in_force
from marketplace.registry.models import Household
from marketplace.web.access import PUBLIC, account_or_none, allow
from marketplace.web.complaint_limit import count_try
from marketplace.web.complaint_words import (
    about_options,
    complaint_words,
    kind_options,
    office_options,
    star_options,
    step_words,
)
from marketplace.web.errors import errors_by_field, status_of
from marketplace.web.forms import FormSchema, Text, read_form, spelled
from marketplace.web.places import place_name

blueprint = Blueprint("complaints_public", __name__, url_prefix="/complain")
_LONG = N_("Please write less.")
_AREA = spelled("[0-9]{2,12}")


class AreaQuery(FormSchema):
    """Which place."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    area = Text(load_default="", validate=spelled("([0-9]{2,12})?"))


class ComplaintForm(FormSchema):
    """What is wrong. Name and contact may stay empty."""

    area = Text(required=True, validate=_AREA)
    office = Text(required=True, validate=_AREA)
    kind = fields.Enum(ComplaintKind, by_value=fields.String(), required=True)
    about = fields.Enum(About, by_value=fields.String(), required=True)
    subject = Text(load_default="", validate=validate.Length(max=60, error=_LONG))
    words = Text(required=True, validate=validate.Length(max=LONGEST, error=_LONG))
    name = Text(load_default="", validate=validate.Length(max=120, error=_LONG))
    contact = Text(load_default="", validate=validate.Length(max=120, error=_LONG))
    as_me = Text(load_default="")


class CodeForm(FormSchema):
    """A code alone."""

    code = Text(required=True, validate=validate.Length(max=40))


class WordsForm(CodeForm):
    """A code and what is still wrong."""

    words = Text(required=True, validate=validate.Length(max=LONGEST, error=_LONG))


class StarsForm(CodeForm):
    """A code and one to five stars."""

    stars = fields.Integer(required=True, validate=validate.Range(1, 5))
    words = Text(load_default="", validate=validate.Length(max=LONGEST, error=_LONG))


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    """No crawler, no cache and no other page learns of a visit here."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer" if request.method == "GET" else "same-origin"
    return response


@blueprint.get("")
@allow(PUBLIC)
def start() -> str:
    """Choose the place, then say what is wrong."""
    return _page(read_form(AreaQuery(), request.args)["area"], {}, {})


def places_around(code: str) -> dict[str, Any]:
    """A place with what lies above it, to go back to, and what lies below it, to narrow down."""
    area = find_area_in_force(code) if code else None
    below = children(area.code if area else None)
    return {
        "here": None if area is None else {"code": area.code, "name": place_name(area.name)},
        "above": [{"code": row.code, "name": place_name(row.name)} for row in ancestors(area.code)] if area else [],
        "below": [{"code": row.code, "name": place_name(row.name)} for row in below],
        # A province or city is no place yet; whoever cannot say more than the county may go on from there.
        "near_enough": area is not None and len(area.code) >= Level.COUNTY,
        "offices": office_options(area.code) if area else [],
    }


def _page(code: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    account = account_or_none()
    producer = producer_of(account.id) if account else None
    return render_template(
        "public/complain.html",
        places=places_around(code),
        kinds=kind_options(),
        abouts=about_options(),
        has_household=producer is not None and producer.household_id is not None,
        form=form,
        errors=errors,
    )


@blueprint.post("")
@allow(PUBLIC)
def send() -> tuple[str, int]:
    """Take it down, and show the code this once."""
    now = clock.now()
    count_try(now=now)
    try:
        form = read_form(ComplaintForm())
        account = account_or_none() if form["as_me"] else None
        producer = producer_of(account.id) if account else None
        household = db.session.get(Household, producer.household_id) if producer and producer.household_id else None
        said = Said(
            kind=form["kind"],
            about=form["about"],
            area_code=form["area"],
            office_code=form["office"],
            subject=form["subject"],
            words=form["words"],
            name=form["name"],
            contact=form["contact"],
            complainant=account,
            household=household,
        )
        with transaction():
            complaint, code = file_complaint(said, now=now)
            shown, heard = complaint_words(complaint), is_heard(complaint)
    except (Invalid, NotFound) as error:
        return _page(request.form.get("area", ""), request.form.to_dict(), errors_by_field(error)), 422
    return render_template("public/complain_done.html", complaint=shown, code=code, heard=heard), 201


@blueprint.get("/follow")
@allow(PUBLIC)
def follow() -> str:
    """Where to write the code."""
    return render_template("public/complain_follow.html", errors={})


@blueprint.post("/follow")
@allow(PUBLIC)
def thread() -> str | tuple[str, int]:
    """What became of it."""
    count_try(now=clock.now())
    try:
        code = read_form(CodeForm())["code"]
        return _thread(code, complaint_of_code(code), {})
    except (Invalid, NotFound) as error:
        return render_template("public/complain_follow.html", errors=errors_by_field(error, "code")), status_of(error)


@blueprint.post("/follow/again")
@allow(PUBLIC)
def again() -> str | tuple[str, int]:
    """Have it looked at again."""
    return _acted(WordsForm(), lambda form, now: reopen(form["code"], form["words"], now=now))


@blueprint.post("/follow/stars")
@allow(PUBLIC)
def stars() -> str | tuple[str, int]:
    """Say how well it was dealt with."""
    return _acted(StarsForm(), lambda form, now: rate(form["code"], form["stars"], form["words"], now=now))


@blueprint.post("/follow/back")
@allow(PUBLIC)
def back() -> str | tuple[str, int]:
    """Take it back."""
    return _acted(CodeForm(), lambda form, now: withdraw_complaint(form["code"], now=now))


def _acted(schema: FormSchema, act: Any) -> str | tuple[str, int]:
    now, code = clock.now(), request.form.get("code", "")
    count_try(now=now)
    try:
        form = read_form(schema)
        with transaction():
            act(form, now)
        return _thread(code, complaint_of_code(code), {})
    except NotFound as error:
        return render_template("public/complain_follow.html", errors=errors_by_field(error, "code")), 404
    except (Invalid, Conflict) as error:
        try:
            return _thread(code, complaint_of_code(code), errors_by_field(error)), status_of(error)
        except NotFound as unknown:
            return render_template("public/complain_follow.html", errors=errors_by_field(unknown, "code")), 404


def _thread(code: str, complaint: Complaint, errors: dict[str, str]) -> str:
    return render_template(
        "public/complain_thread.html",
        code=code,
        complaint=complaint_words(complaint),
        heard=is_heard(complaint),
        steps=[step_words(row) for row in steps_of(complaint, told=True)],
        stars=star_options(),
        errors=errors,
    )
