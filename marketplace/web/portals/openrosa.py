"""Portal: the server that ODK Collect speaks to, and whatever else knows OpenRosa 1.0: form list, manifest, submission.

There is no session here. A phone signs in with HTTP Basic: the account's login and a token of it that is good for forms.
"""

from email.utils import format_datetime
from hashlib import md5
from typing import Any
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, DomainError, Forbidden, NotFound
from marketplace.registry.forms.instances import unreadable
from marketplace.registry.forms.prefill import households_csv, members_csv, note_handing_out
from marketplace.registry.forms.versions import concerns, get_version, versions_for
from marketplace.registry.forms.workbook import HOUSEHOLDS, MEMBER_LIST
from marketplace.registry.models import FormVersion, SubmissionState
from marketplace.web.access import account, allow, office_reach, scope_name
from marketplace.web.errors import message_of, status_of
from marketplace.web.submissions import take
from marketplace.web.uploads import takes_files

blueprint = Blueprint("openrosa", __name__, url_prefix="/openrosa")

MOST_FILES = 2
LARGEST_SUBMISSION = 24 * 1024 * 1024
# The group of the scopes that a token needs here, shared with the operations of the API.
GROUP = "forms"
_XML_FILE = "xml_submission_file"
_MEDIA = {f"{HOUSEHOLDS}.csv": households_csv, f"{MEMBER_LIST}.csv": members_csv}


@blueprint.before_request
def check_scope() -> None:
    """A token of a narrow purpose opens nothing else."""
    needed = scope_name(GROUP, request.method)
    if current_user.is_authenticated and current_user.scopes is not None and needed not in current_user.scopes:
        raise Forbidden("scope_needed", N_("This token is not good for that. It would need %(scope)s."), scope=needed)


@blueprint.after_request
def say_openrosa(response: Response) -> Response:
    """What every answer carries by the OpenRosa specification."""
    response.headers["X-OpenRosa-Version"] = "1.0"
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(LARGEST_SUBMISSION)
    response.headers["Date"] = format_datetime(clock.now(), usegmt=True)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Nongqiao", charset="UTF-8"'
    return response


def _answer(status: int, message: str, nature: str = "") -> Response:
    kind = f' nature="{nature}"' if nature else ""
    said = f"<message{kind}>{escape(message)}</message>"
    return _xml(f'<OpenRosaResponse xmlns="http://openrosa.org/http/response">{said}</OpenRosaResponse>', status)


def _xml(body: str, status: int = 200) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', status=status, content_type="text/xml; charset=utf-8")


@blueprint.errorhandler(DomainError)
def refuse(error: DomainError) -> Response:
    """A failure as phones show it."""
    db.session.rollback()
    status = 400 if error.code == "submission_unreadable" else status_of(error)
    return _answer(status, message_of(error), "submit_error")


@blueprint.errorhandler(HTTPException)
def refuse_request(error: HTTPException) -> Response:
    """A request that is none, or is too large."""
    return _answer(error.code or 500, error.name, "submit_error")


@blueprint.get("/formList")
@allow(RoleKind.OFFICER)
def form_list() -> Response:
    """The forms in force in one's areas."""
    found = versions_for(scopes(account(), RoleKind.OFFICER), clock.local_day(clock.now()))
    listed = "".join(_listed(version) for version in found)
    return _xml(f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{listed}</xforms>')


def _listed(version: FormVersion) -> str:
    where: dict[str, Any] = {"public_id": version.public_id, "_external": True}
    title = f"{version.model['title']['zh']} {version.area_code}"
    return (
        f"<xform><formID>{escape(version.form_id)}</formID><name>{escape(title)}</name>"
        f"<version>{version.version}</version><hash>md5:{version.md5}</hash>"
        f"<downloadUrl>{escape(url_for('openrosa.form', **where))}</downloadUrl>"
        f"<manifestUrl>{escape(url_for('openrosa.manifest', **where))}</manifestUrl></xform>"
    )


def _version(public_id: str) -> FormVersion:
    version = get_version(public_id)
    if not concerns(version, scopes(account(), RoleKind.OFFICER)):
        raise NotFound("form_unknown", N_("There is no such form."))
    return version


@blueprint.get("/forms/<public_id>/form.xml")
@allow(RoleKind.OFFICER)
def form(public_id: str) -> Response:
    """The form itself."""
    return Response(_version(public_id).xform, content_type="text/xml; charset=utf-8")


@blueprint.get("/forms/<public_id>/manifest.xml")
@allow(RoleKind.OFFICER)
def manifest(public_id: str) -> Response:
    """The lists that belong to a form."""
    version = _version(public_id)
    files = "".join(_medium_listed(version, name) for name in _MEDIA)
    return _xml(f'<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{files}</manifest>')


def _medium_listed(version: FormVersion, name: str) -> str:
    digest = md5(_MEDIA[name](office_reach()).encode(), usedforsecurity=False).hexdigest()
    where = url_for("openrosa.medium", public_id=version.public_id, name=name, _external=True)
    return (
        f"<mediaFile><filename>{name}</filename><hash>md5:{digest}</hash><downloadUrl>{escape(where)}</downloadUrl></mediaFile>"
    )


@blueprint.get("/forms/<public_id>/media/<name>")
@allow(RoleKind.OFFICER)
def medium(public_id: str, name: str) -> Response:
    """A list of one's households or their members, with masked names; each of them is told that it was handed out."""
    _version(public_id)
    if name not in _MEDIA:
        raise NotFound("file_unknown", N_("There is no such file."))
    content = _MEDIA[name](office_reach())
    with transaction():
        note_handing_out(office_reach(), account(), clock.now())
    return Response(content, content_type="text/csv; charset=utf-8")


@blueprint.route("/submission", methods=["HEAD", "POST"])
@allow(RoleKind.OFFICER)
@takes_files(MOST_FILES)
def submission() -> Response:
    """Take a filled-in form: 201 when all of it is kept, 202 while files are missing. 200 would mean that it was not taken.

    A phone asks with HEAD, before it sends anything large, whether and where it may.
    """
    if request.method == "HEAD":
        return Response(status=204, headers={"Location": url_for("openrosa.submission", _external=True)})
    sent = request.files.get(_XML_FILE)
    if sent is None:
        raise unreadable(f"no {_XML_FILE}")
    files = request.files.items(multi=True)
    media = {file.filename: file.read() for name, file in files if name != _XML_FILE and file.filename}
    kept = take(sent.read(), "xml", media, by=account(), channel="openrosa", now=clock.now())
    if kept.state == SubmissionState.UNREADABLE:
        raise unreadable(_("it is kept as it came; please tell the office"))
    if kept.state == SubmissionState.INCOMPLETE:
        return _answer(202, _("Kept. Files are still missing."), "submit_success")
    if kept.state == SubmissionState.FAILED:
        return _answer(201, _("Kept. The office will look at it: something in it does not fit the file."), "submit_success")
    return _answer(201, _("Kept and taken into the file."), "submit_success")
