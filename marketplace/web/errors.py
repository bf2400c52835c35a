"""What a refusal looks like: a kind page for people, problem+json for programs, one table from failure to status."""

import logging
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, DomainError, Forbidden, Invalid, NotFound, NotSignedIn, TooMany
from marketplace.web.forms import FormError
from marketplace.web.languages import pick
from marketplace.web.navigation import way_back
from marketplace.web.redirects import came_from

_log = logging.getLogger("marketplace.errors")

STATUS = {NotSignedIn: 401, Forbidden: 403, NotFound: 404, Conflict: 409, Invalid: 422, TooMany: 429}
TITLES = {
    400: N_("We could not read that"),
    401: N_("Please sign in"),
    403: N_("No access"),
    404: N_("Not found"),
    405: N_("Not possible here"),
    409: N_("Something has changed"),
    412: N_("Something has changed"),
    413: N_("Too large"),
    415: N_("We could not read that"),
    422: N_("Please check what you entered"),
    429: N_("Please wait a little"),
    500: N_("Something went wrong on our side"),
    503: N_("The shop is resting for a moment"),
}
_EXPLANATIONS = {
    400: N_("The request could not be understood. Please go back and try again."),
    404: N_("This page does not exist, or is not meant for you."),
    405: N_("This address does not take that kind of request."),
    412: N_("This is no longer as you have seen it. Please read it again."),
    413: N_("That is more than we can take at once. Please send less."),
    415: N_("Please send JSON."),
    500: N_("We have noted it. Nothing you entered was saved half-way; please try again."),
    503: N_("Please try again in a minute. Nothing is lost."),
}


# Characters that anybody can write again at once.
_SOON_WRITTEN = 24


def status_of(error: DomainError) -> int:
    """The status that a failure has over HTTP."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def message_of(error: DomainError) -> str:
    """The failure in the reader's language; data that has two names is shown in the right one."""
    if isinstance(error, FormError):
        # Where no form is shown again, what is wrong with its fields is all there is to say.
        return pick("", " ").join(dict.fromkeys(error.fields.values()))
    data = dict(error.data)
    if data.keys() >= {"title_zh", "title_en"}:
        data["title"] = pick(data["title_zh"], data["title_en"])
    # Filled here and not by gettext, whose own parameters a name sent from outside could be taken for.
    return str(gettext(error.message)) % data if data else str(gettext(error.message))


def errors_by_field(error: DomainError, field: str = "") -> dict[str, str]:
    """What is wrong, by the field of the form that it stands beside; what is no field's own stands beside ``field``."""
    return dict(error.fields) if isinstance(error, FormError) else {field: message_of(error)}


def wants_json() -> bool:
    """Whether the caller is a program."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def problem(status: int, code: str, detail: str, /, **data: Any) -> Response:
    """An answer in RFC 9457 form."""
    title = str(gettext(TITLES.get(status, TITLES[500])))
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    response = jsonify({**body, **({"errors": data} if data else {})})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def page(status: int, text: str) -> tuple[str, int]:
    """A page that says what happened and one thing to do next; where a form was refused, with what was written into it."""
    title = gettext(TITLES.get(status, TITLES[500]))
    form_url = came_from("") if request.method == "POST" and status in (409, 422) else ""
    label, url = (gettext("Back to what you entered"), form_url) if form_url else way_back()
    body = render_template(
        "errors/problem.html",
        title=title,
        text=text,
        action_label=label,
        action_url=url,
        refused=bool(form_url) and status == 422,
        written=_written() if form_url else [],
    )
    return body, status


def _written() -> list[str]:
    """What would be a loss to have to write again; a page never shows a password."""
    texts = ((name, text) for name, text in request.form.items(multi=True) if len(text) > _SOON_WRITTEN)
    return [text for name, text in texts if name != "csrf_token" and "password" not in name]


def _on_domain_error(error: DomainError) -> Any:
    db.session.rollback()
    status = status_of(error)
    if wants_json():
        shown = {name: str(value) for name, value in error.data.items()}
        response: Any = problem(status, error.code, message_of(error), **shown)
    elif isinstance(error, NotSignedIn) and request.method == "GET":
        target = request.full_path.rstrip("?")
        return redirect(url_for("account.sign_in", next=target))
    else:
        response = app_response(*page(status, message_of(error)))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.data.get("retry_after_s", 60))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def app_response(body: str, status: int) -> Response:
    """A page as a response that headers can be added to."""
    return Response(body, status=status, mimetype="text/html")


def _on_http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    detail = gettext(_EXPLANATIONS.get(status, _EXPLANATIONS[400]))
    if wants_json():
        response: WerkzeugResponse = problem(status, error.name.lower().replace(" ", "_"), detail)
    else:
        response = app_response(*page(status, detail))
    if status == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _on_csrf_error(error: CSRFError) -> Any:
    return app_response(*page(400, gettext("This form has expired. Please go back, reload the page and send it again.")))


def _on_database_down(error: OperationalError) -> Any:
    _log.error("the database does not answer: %s", error.orig)
    if wants_json():
        return problem(503, "database_down", gettext(_EXPLANATIONS[503]))
    return Response(gettext(_EXPLANATIONS[503]), status=503, mimetype="text/plain")


def _on_unexpected(error: Exception) -> Any:
    _log.exception("unexpected failure at %s %s", request.method, request.path)
    db.session.rollback()
    detail = gettext(_EXPLANATIONS[500])
    return problem(500, "unexpected", detail) if wants_json() else app_response(*page(500, detail))


def wire(app: Flask) -> None:
    """Attach the handlers to the application."""
    app.register_error_handler(DomainError, _on_domain_error)
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(OperationalError, _on_database_down)
    if not app.testing:
        app.register_error_handler(Exception, _on_unexpected)
