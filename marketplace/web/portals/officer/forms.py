"""Forms and their versions: which are in force, who published them, and publishing one."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response as AnyResponse

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid, NotFound
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.registry.forms.publishing import EXTENDING, Prepared, prepare_extension, prepare_standard, publish
from marketplace.registry.forms.questions import Type
from marketplace.registry.forms.uploads import LARGEST_BYTES, read_upload
from marketplace.registry.forms.versions import concerns, get_version, model_of, version_for, versions_seen_from
from marketplace.registry.models import FormVersion
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import FormError, FormSchema, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other
from marketplace.web.uploads import sent_files, takes_files

blueprint = Blueprint("forms", __name__, url_prefix="/forms")

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PublishForm(FormSchema):
    """From which day on a version is handed out."""

    begins_on = fields.Date(required=True, error_messages={"invalid": N_("Please give a day, such as 2026-05-01.")})


@blueprint.get("")
@allow(RoleKind.OFFICER)
def versions() -> str:
    """The versions that concern one's areas, newest first."""
    return _page([])


def _page(faults: Sequence[str]) -> str:
    own, today = scopes(account(), RoleKind.OFFICER), clock.local_day(clock.now())
    found = versions_seen_from(own)
    names = area_names({version.area_code for version in found} | set(own))
    current = version_for(own[0], today)
    return render_template(
        "officer/forms.html",
        rows=[{**_shown(version, names), "current": version == current} for version in found],
        publishes_standard=[code for code in own if len(code) == Level.PROVINCE],
        extends=[place_name(names[code]) for code in own[:1] if len(code) in EXTENDING and code in names],
        base=current,
        today=today.isoformat(),
        faults=faults,
    )


def _shown(version: FormVersion, names: dict[str, str]) -> dict[str, Any]:
    today = clock.local_day(clock.now())
    if version.begins_on > today:
        state = (_("From later on"), "wait")
    elif version.ends_on is None or version.ends_on > today:
        state = (_("Handed out"), "good")
    else:
        state = (_("Ended"), "neutral")
    return {
        "public_id": version.public_id,
        "title": pick(version.model["title"]["zh"], version.model["title"]["en"]),
        "area": place_name(names.get(version.area_code, version.area_code)),
        "version": version.version,
        "standard": version.standard_id is None,
        "begins_on": version.begins_on,
        "ends_on": version.ends_on,
        "by": version.published_by.display_name,
        "state": state,
        "validated": version.validated,
        "warnings": version.warnings,
    }


@blueprint.post("/standard")
@allow(RoleKind.OFFICER)
def publish_standard() -> AnyResponse | tuple[str, int]:
    """Publish the standard, as the program has it, in one's province."""
    own = [code for code in scopes(account(), RoleKind.OFFICER) if len(code) == Level.PROVINCE]
    if not own:
        raise Invalid("form_level", N_("A standard is published by a province."))
    return _publish(lambda: prepare_standard(own[0], clock.now()))


@blueprint.post("/extension")
@allow(RoleKind.OFFICER)
@takes_files(1, LARGEST_BYTES)
def publish_extension() -> AnyResponse | tuple[str, int]:
    """Publish a spreadsheet with more questions for one's area, or name everything that is wrong with it."""

    def prepare() -> Prepared:
        files = sent_files("workbook")
        if not files:
            raise Invalid("workbook_missing", N_("Please choose a spreadsheet (XLSX)."))
        form = read_upload(files[0].read(LARGEST_BYTES + 1))
        return prepare_extension(form, scopes(account(), RoleKind.OFFICER)[0], clock.now())

    return _publish(prepare)


def _publish(prepare: Any) -> AnyResponse | tuple[str, int]:
    """Converting takes seconds and touches nothing, so it is done before the transaction begins."""
    try:
        begins_on = read_form(PublishForm())["begins_on"]
        prepared = prepare()
        with transaction():
            made = publish(prepared, by=account(), begins_on=begins_on, now=clock.now())
            public_id = made.public_id
    except (Invalid, Conflict) as error:
        return _page(said_faults(error)), status_of(error)
    flash(_("The form is published."), "success")
    return see_other(url_for("officer.forms.one", public_id=public_id))


def said_faults(error: DomainError) -> list[str]:
    """Everything that is wrong, a sentence each, in the reader's language."""
    if isinstance(error, FormError):
        return list(error.fields.values())
    named = [str(_(sentence)) % data for sentence, data in error.data.get("faults", ())]
    return named or [message_of(error)]


def _seen(public_id: str) -> FormVersion:
    version = get_version(public_id)
    if not concerns(version, scopes(account(), RoleKind.OFFICER)):
        raise NotFound("form_unknown", N_("There is no such form."))
    return version


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A version: its questions, who published it, what the checks said, and its files."""
    version = _seen(public_id)
    names = area_names([version.area_code])
    sections = [
        {
            "label": pick(section.label.zh, section.label.en),
            "repeats": section.repeats,
            "questions": [
                {
                    "label": pick(question.label.zh, question.label.en),
                    "name": question.name,
                    "required": question.required,
                    "added": question.name.startswith("x_"),
                    "choices": "、".join(pick(choice.label.zh, choice.label.en) for choice in question.choices),
                }
                for question in section.questions
                if question.type not in (Type.FEN, Type.SEEN)
            ],
        }
        for section in model_of(version).sections
    ]
    return render_template("officer/form.html", form=_shown(version, names), whole=version, sections=sections)


@blueprint.get("/<public_id>.xlsx")
@allow(RoleKind.OFFICER)
def workbook(public_id: str) -> Response:
    """The spreadsheet (XLSForm), for whoever adds questions to it."""
    version = _seen(public_id)
    response = Response(version.xlsx, content_type=_XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=f"{version.form_id}_{version.version}.xlsx")
    return response


@blueprint.get("/<public_id>.xml")
@allow(RoleKind.OFFICER)
def xform(public_id: str) -> Response:
    """The form as a phone gets it (XForm)."""
    version = _seen(public_id)
    response = Response(version.xform, content_type="application/xml; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"{version.form_id}_{version.version}.xml")
    return response
