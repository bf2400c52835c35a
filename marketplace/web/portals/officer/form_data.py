"""Forms for a web page that works without a line: a form as data with what is on file of one household, and what comes back."""

from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from marshmallow import EXCLUDE, validate

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.registry.files import get_household_within, read_file
from marketplace.registry.forms.instances import LARGEST_BYTES, unreadable
from marketplace.registry.forms.prefill import note_reading, prefill
from marketplace.registry.forms.versions import concerns, get_version, version_for
from marketplace.registry.models import FormSubmission, FormVersion, Household, SubmissionState
from marketplace.web.access import account, allow, office_reach
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.submissions import take
from marketplace.web.uploads import takes_files

blueprint = Blueprint("form_data", __name__)

# The part of a request that carries the filled-in form, when photos come with it.
PART = "submission"
# The version of whoever asks, or of the household's village.
CURRENT = "current"
_MOST_FILES = 3
_JSON, _XML = "application/json", ("text/xml", "application/xml")


class HouseholdQuery(FormSchema):
    """Which household a form is to be filled in for."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    household = Text(load_default="", validate=validate.Length(max=20, error=N_("There is no such household.")))


@blueprint.get("/forms/<public_id>.json")
@allow(RoleKind.OFFICER)
def model(public_id: str) -> Response:
    """A form as data; with ``household``, also what is on file of it. ``current`` names the version in force there."""
    now = clock.now()
    wanted = read_form(HouseholdQuery(), request.args)["household"]
    household = get_household_within(wanted, office_reach()) if wanted else None
    version = _version(public_id, household)
    filled: dict[str, Any] | None = None
    if household is not None:
        year = clock.local_day(now).year
        filled = prefill(read_file(household, year), read_file(household, year - 1))
        with transaction():
            note_reading(household, account(), now)
    answer = jsonify(
        {
            "form": {
                "public_id": version.public_id,
                "form_id": version.form_id,
                "version": version.version,
                "area_code": version.area_code,
                "begins_on": version.begins_on.isoformat(),
                "sha256": version.sha256,
            },
            "model": version.model,
            "household": None if household is None else {"public_id": household.public_id, "code": household.code},
            "prefill": filled,
            "submit_to": url_for("officer.form_data.submit"),
            "csrf_token": generate_csrf(),
            "read_at": now.isoformat(),
        }
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _version(public_id: str, household: Household | None) -> FormVersion:
    areas = scopes(account(), RoleKind.OFFICER)
    if public_id == CURRENT:
        area = areas[0] if household is None else household.village_code
        found = version_for(area, clock.local_day(clock.now()))
    else:
        found = get_version(public_id)
    if found is None or not concerns(found, areas):
        raise NotFound("form_unknown", N_("There is no such form."))
    return found


@blueprint.post("/submissions")
@allow(RoleKind.OFFICER)
@takes_files(_MOST_FILES)
def submit() -> tuple[Response, int]:
    """Take a filled-in form, in JSON or in XML, alone or as the part ``submission`` with photos beside it.

    201 when it is kept, 202 while files are missing; the same instance id is the same submission however often it comes.
    """
    raw, form, media = sent_submission()
    submission = take(raw, form, media, by=account(), channel="web", now=clock.now())
    if submission.state == SubmissionState.UNREADABLE:
        raise unreadable(_("it is kept as it came; please tell the office"))
    return jsonify(what_became_of(submission)), status_for(submission)


def sent_submission() -> tuple[bytes, str, dict[str, bytes]]:
    """The bytes of the form, how they are written, and the files beside it."""
    if request.mimetype == "multipart/form-data":
        part = request.files.get(PART)
        if part is None:
            raise Invalid("submission_missing", N_("The part “submission” is missing."))
        files = request.files.items(multi=True)
        media = {file.filename: file.read() for name, file in files if name != PART and file.filename}
        return part.read(LARGEST_BYTES + 1), _written_as(part.mimetype), media
    return request.get_data(), _written_as(request.mimetype), {}


def _written_as(mimetype: str) -> str:
    if mimetype == _JSON:
        return "json"
    if mimetype in _XML:
        return "xml"
    raise Invalid("submission_kind", N_("A submission is JSON or XML."))


def status_for(submission: FormSubmission) -> int:
    """202 while files are missing, else 201."""
    return 202 if submission.state == SubmissionState.INCOMPLETE else 201


def what_became_of(submission: FormSubmission) -> dict[str, Any]:
    """A submission for whoever sent it: the device may forget it once it has read this."""
    return {
        "public_id": submission.public_id,
        "instance_id": submission.instance_id,
        "state": submission.state,
        "fault": submission.fault,
        "fault_fields": {name: _(words) for name, words in submission.fault_fields.items()},
        "outcome": submission.outcome,
        "missing_files": [medium.name for medium in submission.media if medium.came_at is None],
    }
