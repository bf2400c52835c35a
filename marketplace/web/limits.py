"""So many calls a minute, and no more: of an account's programs together, or of an address without a token."""

from flask import Flask, Response, current_app, g, request
from flask_login import current_user

from marketplace.kernel import clock
from marketplace.kernel.errors import N_, NotSignedIn, TooMany
from marketplace.kernel.limits import take_call
from marketplace.web.session import remote_address

_API = "/api/"


def wire(app: Flask) -> None:
    """Count the calls of programs before anything else looks at them, and say in every answer what is left."""
    app.before_request(_count)
    app.after_request(_say)


def _count() -> None:
    per_minute = current_app.extensions["settings"].api_calls_per_minute
    if not per_minute or not request.path.startswith(_API):
        return
    try:
        known = current_user.is_authenticated
    except NotSignedIn:
        # Tokens that are made up count for the address they come from, so that guessing is not free.
        known = False
    caller = f"account:{current_user.account_id}" if known else f"address:{remote_address()}"
    g.allowance = take_call(caller, per_minute, now=clock.now())
    if g.allowance.retry_after_s:
        raise TooMany(
            "too_many_calls",
            N_("Too many calls. Please try again in %(retry_after_s)s seconds."),
            retry_after_s=g.allowance.retry_after_s,
        )


def _say(response: Response) -> Response:
    allowance = g.get("allowance")
    if allowance is not None:
        response.headers["RateLimit-Limit"] = str(allowance.per_minute)
        response.headers["RateLimit-Remaining"] = str(allowance.left)
        response.headers["RateLimit-Reset"] = str(allowance.full_again_s)
    return response
