"""Portal: what this is, what the demo is made of, the policy in force, health."""

from flask import Blueprint, Response, jsonify, render_template
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.jobs import waiting_jobs
from marketplace.recommendations.coverage import PoliciesInForce
from marketplace.recommendations.models import Policy
from marketplace.recommendations.queries import newest_model, policies_in_force, realised_shares, sellers_by_policy
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.web.access import PUBLIC, allow
from marketplace.web.filters import percent
from marketplace.web.places import place_name

blueprint = Blueprint("public", __name__)
# Among fewer, a share of nothing or of all would name one of them as registered.
_FEWEST_SELLERS = 5


@blueprint.get("/about")
@allow(PUBLIC)
def about() -> str:
    """What this is, for whom, and how the tilt works."""
    return render_template("public/about.html")


@blueprint.get("/about/demo")
@allow(PUBLIC)
def demo() -> str:
    """Which part of the demo is real and which is made."""
    return render_template("public/demo.html")


@blueprint.get("/policy")
@allow(PUBLIC)
def policy() -> str:
    """The policy in force, how it is applied, what is never shown."""
    today = clock.local_day(clock.now())
    in_force = PoliciesInForce(today, policies_in_force(today))
    names = area_names(row.area_code for row in in_force.policies)
    sellers = sellers_by_policy(in_force)
    return render_template(
        "public/policy.html",
        policies=[
            {"policy": row, "area": place_name(names[row.area_code]), "reached": _reached(row, sellers[row.id])}
            for row in in_force.policies
        ],
    )


def _reached(policy: Policy, sellers: int) -> str:
    """What a policy has reached; kept back where it would tell of a single seller whether they are registered."""
    if len(policy.area_code) > Level.COUNTY or sellers < _FEWEST_SELLERS:
        return _("not published for so few sellers")
    realised = realised_shares(policy.id)
    return _("nothing shown yet") if realised is None else percent(realised[0])


@blueprint.get("/health")
@allow(PUBLIC)
def health() -> Response:
    """For machines that watch: does the database answer, how old is the model, how much work waits."""
    try:
        model, waiting = newest_model(), waiting_jobs()
    except OperationalError:
        db.session.rollback()
        response = jsonify({"status": "down", "database": False})
        response.status_code = 503
    else:
        trained_at = model.ended_at.isoformat() if model is not None and model.ended_at is not None else None
        response = jsonify(
            {
                "status": "ok",
                "database": True,
                "model": None if model is None else {"number": model.id, "trained_at": trained_at},
                "jobs_waiting": waiting,
            }
        )
    response.headers["Cache-Control"] = "no-store"
    return response
