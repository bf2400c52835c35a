"""Collection forms for programs: which are in force and what they ask, sending them filled in, and what became of them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.forms.lists import PAGE, get_submission_within, submissions_within
from marketplace.registry.forms.versions import concerns, get_version, versions_for
from marketplace.registry.models import FlagKind, FlagState, FormSubmission, FormVersion, SubmissionState
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import InputSchema, Prose, PublicIdField, QueryNumber, Spelled
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.submissions import take, take_in

blueprint: Blueprint = ApiBlueprint("api-forms", __name__, url_prefix="/api/v1/forms", description="Collection forms")

WHICH = ("all", "flagged", "failed")
INSTANCE = re.compile(r"[A-Za-z0-9:._-]{8,64}")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
FORM_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
VERSION = re.compile(r"[0-9A-Za-z._-]{1,20}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})")


class AnswerSchema(InputSchema):
    """The answer to one question. Several choices are apart by spaces, a place is `latitude longitude altitude accuracy`."""

    name = Spelled(NAME, most=40, required=True)
    value = Prose(5000, required=True)


class MemberAnswersSchema(InputSchema):
    """What is said of one member; `member` among the answers names one on file."""

    answers = fields.List(fields.Nested(AnswerSchema), required=True, validate=validate.Length(max=60))


class FilledFormSchema(InputSchema):
    """A filled-in form. The same `instance` is the same submission however often it is sent."""

    instance = Spelled(INSTANCE, most=64, required=True)
    form = Spelled(FORM_ID, most=40, required=True)
    version = Spelled(VERSION, most=20, required=True)
    began_at = Spelled(MOMENT, most=40)
    ended_at = Spelled(MOMENT, most=40)
    answers = fields.List(fields.Nested(AnswerSchema), required=True, validate=validate.Length(max=300))
    members = fields.List(fields.Nested(MemberAnswersSchema), load_default=list, validate=validate.Length(max=40))


class SubmissionsQuerySchema(InputSchema):
    """Which submissions."""

    which = fields.String(load_default="all", validate=validate.OneOf(WHICH))
    page = QueryNumber(1, 1000, load_default=1)


class FormSchema(OutputSchema):
    """A version of a form. `sha256` is that of its XForm."""

    public_id = PublicIdField()
    form = fields.String(attribute="form_id", metadata={"description": "The name that a phone knows the form by"})
    version = fields.String()
    area_code = fields.String()
    title_zh = fields.String()
    title_en = fields.String()
    standard = fields.Boolean(metadata={"description": "Whether it is a province's standard, or adds to one"})
    begins_on = fields.Date()
    ends_on = fields.Date(allow_none=True)
    sha256 = fields.String()
    validated = fields.Boolean(metadata={"description": "Whether ODK Validate has looked at it"})
    warnings = fields.List(fields.String())


class FormsSchema(OutputSchema):
    """The forms in force in one's areas."""

    items = fields.List(fields.Nested(FormSchema))


class WholeFormSchema(FormSchema):
    """A form with its questions."""

    model = fields.Dict(metadata={"description": "Title and sections of questions, with labels in both languages"})


class FlagSchema(OutputSchema):
    """Something odd about a submission, with what was measured."""

    kind = fields.String(validate=validate.OneOf([kind.value for kind in FlagKind]))
    state = fields.String(validate=validate.OneOf([state.value for state in FlagState]))
    figures = fields.Dict()


class FaultSchema(OutputSchema):
    """A question at fault; an empty name stands for the whole."""

    name = fields.String()
    detail = fields.String()


class SubmissionSchema(OutputSchema):
    """A submission and what became of it. Its answers stand in the household's file."""

    public_id = PublicIdField()
    instance = fields.String(attribute="instance_id")
    state = fields.String(validate=validate.OneOf([state.value for state in SubmissionState]))
    received_at = fields.AwareDateTime(format="iso")
    fault = fields.String(metadata={"description": "Why it was not taken in: the code of a failure, or empty"})
    faults = fields.List(fields.Nested(FaultSchema))
    attempts = fields.Integer()
    outcome = fields.Dict(metadata={"description": "How many values stand, stand against others, wait for a second person"})
    flags = fields.List(fields.Nested(FlagSchema))


class SubmissionsSchema(OutputSchema):
    """A page of submissions, newest first."""

    items = fields.List(fields.Nested(SubmissionSchema))
    more = fields.Boolean(metadata={"description": f"Whether there are more than these; a page has {PAGE}"})


def _form(version: FormVersion) -> dict[str, Any]:
    title = version.model["title"]
    standard = version.standard_id is None
    return {**vars(version), "title_zh": title["zh"], "title_en": title["en"], "standard": standard}


def _submission(row: FormSubmission) -> dict[str, Any]:
    faults = [{"name": name, "detail": _(words)} for name, words in sorted(row.fault_fields.items())]
    return {
        "public_id": row.public_id,
        "instance_id": row.instance_id,
        "state": row.state,
        "received_at": row.received_at,
        "fault": row.fault,
        "faults": faults,
        "attempts": row.attempts,
        "outcome": row.outcome,
        "flags": row.flags,
    }


@blueprint.get("")
@only(RoleKind.OFFICER)
@blueprint.response(200, FormsSchema)
def forms_listed() -> dict[str, Any]:
    """The forms that are handed out in your areas today."""
    found = versions_for(scopes(account(), RoleKind.OFFICER), clock.local_day(clock.now()))
    return {"items": [_form(version) for version in found]}


@blueprint.get("/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeFormSchema)
@problems(404)
def forms_one(public_id: str) -> dict[str, Any]:
    """A form with its questions, their bounds and conditions."""
    version = get_version(public_id)
    if not concerns(version, scopes(account(), RoleKind.OFFICER)):
        raise NotFound("form_unknown", N_("There is no such form."))
    return _form(version)


@blueprint.post("/submissions")
@only(RoleKind.OFFICER)
@blueprint.arguments(FilledFormSchema)
@blueprint.response(201, SubmissionSchema)
@problems(409, *BODY)
def forms_submit(given: dict[str, Any]) -> dict[str, Any]:
    """Send a filled-in form. It is kept, and taken into the household's file where it fits; `state` says so.

    Photos cannot be sent this way: a form with photos is sent by a phone or a page. Another content under an instance that
    was sent before is refused (409).
    """
    body = {
        "instance_id": given["instance"],
        "form_id": given["form"],
        "version": given["version"],
        "began_at": given.get("began_at", ""),
        "ended_at": given.get("ended_at", ""),
        "answers": _answers(given["answers"]),
        "members": [_answers(member["answers"]) for member in given["members"]],
    }
    raw = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    return _submission(take(raw, "json", {}, by=account(), channel="program", now=clock.now()))


def _answers(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {answer["name"]: answer["value"] for answer in given}


@blueprint.get("/submissions")
@only(RoleKind.OFFICER)
@blueprint.arguments(SubmissionsQuerySchema, location="query")
@blueprint.response(200, SubmissionsSchema)
@problems(422)
def forms_submissions(given: dict[str, Any]) -> dict[str, Any]:
    """The submissions of your areas, newest first: all, those with something odd to look at, those not taken in."""
    rows, more = submissions_within(office_reach(), which=given["which"], page=given["page"])
    return {"items": [_submission(row) for row in rows], "more": more}


@blueprint.get("/submissions/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, SubmissionSchema)
@problems(404)
def forms_submission(public_id: str) -> dict[str, Any]:
    """One submission."""
    return _submission(get_submission_within(public_id, office_reach()))


@blueprint.post("/submissions/<public_id:public_id>/again")
@only(RoleKind.OFFICER)
@blueprint.response(200, SubmissionSchema)
@problems(404)
def forms_again(public_id: str) -> dict[str, Any]:
    """Try once more to take a submission into the file; one that was taken in stays as it is."""
    return _submission(take_in(get_submission_within(public_id, office_reach()).id, now=clock.now()))
