"""Portal: the notices of villages for everybody, while they hang out: by village, one at a time, with a form to object.

They are nobody's to find by a search: no crawler may keep them, and each page is gone soon after its notice.
"""

from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.regions.codes import check_code
from marketplace.regions.queries import ancestors, get_area
from marketplace.registry.cases.notices import Shown, deciding_level, public_notices, read_notice, villages_with_notices
from marketplace.registry.cases.objections import object_to
from marketplace.registry.models import NoticeKind
from marketplace.web.access import PUBLIC, allow
from marketplace.web.case_words import notice_words
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormSchema, Text, read_form, spelled
from marketplace.web.objection_limit import count_objection
from marketplace.web.places import place_name
from marketplace.web.portals.officer.case_frame import villages
from marketplace.web.redirects import see_other

blueprint = Blueprint("notices_public", __name__, url_prefix="/notices")


class AreaQuery(FormSchema):
    """Which area's villages to show."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    area = Text(load_default="", validate=spelled("([0-9]{2,12})?"))


class ObjectionForm(FormSchema):
    """What is wrong, and about whom."""

    position = fields.Integer(load_default=None, validate=validate.Range(1, 1000))
    words = Text(required=True, validate=validate.Length(max=1000, error=N_("Please write less.")))
    contact = Text(load_default="", validate=validate.Length(max=120, error=N_("Please write less.")))


@blueprint.after_request
def keep_out_of_searches(response: Response) -> Response:
    """No crawler keeps these pages, and no cache after their time."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/")
@allow(PUBLIC)
def listed() -> str:
    """The villages that have notices."""
    area = read_form(AreaQuery(), request.args)["area"]
    counts = villages_with_notices(area, now=clock.now())
    names = villages([*counts, *{code[:9] for code in counts}])
    return render_template(
        "public/notice_villages.html",
        rows=[
            {"code": code, "name": names.get(code, code), "town": names.get(code[:9], ""), "number": number}
            for code, number in counts.items()
        ],
    )


@blueprint.get("/villages/<code>")
@allow(PUBLIC)
def village(code: str) -> str:
    """The notices of one village."""
    try:
        area = get_area(check_code(code))
    except Invalid as error:
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=code[:20]) from error
    return render_template(
        "public/notice_village.html",
        place=" ".join(place_name(row.name) for row in ancestors(area.code)[-2:]),
        rows=[
            {
                "public_id": row.public_id,
                "what": notice_words(row.kind),
                "published_on": row.published_on,
                "closes_on": row.closes_on,
            }
            for row in public_notices(area.code, now=clock.now())
        ],
    )


@blueprint.get("/<public_id>")
@allow(PUBLIC)
def one(public_id: str) -> Response | tuple[str, int]:
    """One notice, until it is over."""
    try:
        found = read_notice(public_id, now=clock.now())
    except NotFound as error:
        if error.code != "notice_over":
            raise
        # It was there and is no more: a crawler that has met it may forget it now.
        return make_response(render_template("public/notice_gone.html"), 410)
    return make_response(_page(found, {}, {}))


def _page(found: Shown, form: dict[str, Any], errors: dict[str, str]) -> str:
    notice = found.notice
    area = ancestors(notice.village_code)
    return render_template(
        "public/notice.html",
        notice=notice,
        what=notice_words(notice.kind),
        place=" ".join(place_name(row.name) for row in area[-3:]),
        township=place_name(area[-2].name),
        lines=[(line, line.shown_as) for line in found.lines],
        assembly=found.assembly,
        open=notice.closed_on is None and deciding_level(NoticeKind(notice.kind)) is not None,
        running=local_day(clock.now()) <= notice.closes_on,
        form=form,
        errors=errors,
    )


@blueprint.post("/<public_id>/objections")
@allow(PUBLIC)
def object_here(public_id: str) -> AnyResponse | tuple[str, int]:
    """Say what is wrong; without an account, and only as often as a person would."""
    now = clock.now()
    found = read_notice(public_id, now=now)
    count_objection(now=now)
    try:
        form = read_form(ObjectionForm())
        with transaction():
            object_to(found.notice, form["position"], form["words"], form["contact"], now=now)
    except (Invalid, Conflict) as error:
        return _page(read_notice(public_id, now=now), request.form.to_dict(), errors_by_field(error)), 422
    flash(_("Thank you. It has been written down, and only those who decide on it can read it."), "success")
    return see_other(url_for("notices_public.one", public_id=public_id))
