"""Policies: which hold, which come, which were; trying one out, setting it, ending it."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names, may_see
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.kernel.jobs import enqueue
from marketplace.recommendations.models import Policy
from marketplace.recommendations.policies import (
    PolicyDraft,
    PolicyRefused,
    check_draft,
    end_policy,
    policies_for,
    set_policy,
    withdraw_policy,
)
from marketplace.recommendations.policy_jobs import apply_policies_job
from marketplace.recommendations.queries import policy_in_force, realised_shares
from marketplace.recommendations.replay import replay
from marketplace.recommendations.simulation import simulate
from marketplace.regions.models import Area
from marketplace.regions.queries import area_names, get_area
from marketplace.web.access import account, allow
from marketplace.web.filters import day as day_text
from marketplace.web.forms import Amount, FormError, FormSchema, Text, read_form, said
from marketplace.web.places import place_name
from marketplace.web.portals.officer import policy_figures
from marketplace.web.portals.officer.alarms import alarm_sentences
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.blueprint import blueprint

_SHARES = ("exposure_share", "sales_share", "household_floor", "consumer_guard")
_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}


class AreaForm(FormSchema):
    """An area alone."""

    area = Text()


class DraftForm(FormSchema):
    """A policy as it is typed: shares in per cent."""

    area = Text(required=True)
    exposure_share = Amount()
    sales_share = Amount()
    household_floor = Amount()
    consumer_guard = Amount()
    begins_on = fields.Date(required=True, error_messages=_DAY)
    ends_on = fields.Date(error_messages=_DAY)


class EndForm(FormSchema):
    """The last day a policy is to hold."""

    ends_on = fields.Date(required=True, error_messages=_DAY)


@blueprint.get("/policy", endpoint="policy")
@allow(RoleKind.OFFICER)
def policy_page() -> str:
    """The tilt in force for the area and what it has given so far; what comes and what was, with who set it and when."""
    return _policy_page(office_area(read_form(AreaForm(), request.args).get("area")), {})


def _policy_page(area: Area, errors: Mapping[str, str]) -> str:
    today = clock.local_day(clock.now())
    found = policy_in_force(area.code, today)
    every = policies_for(area.code)
    names = area_names(policy.area_code for policy in every)
    setters = account_names(policy.set_by for policy in every)
    rows = [
        policy_figures.policy_row(
            policy,
            place_name(names[policy.area_code]),
            setters.get(policy.set_by, policy.set_by),
            holds=_holds(policy, every, today),
            today=today,
            mine=may_see(account(), RoleKind.OFFICER, policy.area_code),
        )
        for policy in every
    ]
    return render_template(
        "officer/policy.html",
        area=area,
        errors=errors,
        policy=found,
        policy_area=get_area(found.area_code) if found else None,
        mine=found is not None and may_see(account(), RoleKind.OFFICER, found.area_code),
        realised=realised_shares(found.id) if found else None,
        areas=areas_to_choose(area),
        alarms=alarm_sentences(area.code),
        today=today,
        groups=policy_figures.grouped(rows),
    )


def _holds(policy: Policy, every: Any, day: date) -> bool:
    """Whether a policy is the one in force for its own area on a day."""
    held = [
        other
        for other in every
        if other.area_code == policy.area_code and other.begins_on <= day and (other.ends_on is None or other.ends_on >= day)
    ]
    return bool(held) and max(held, key=lambda other: other.begins_on).id == policy.id


@blueprint.get("/policy/draft", endpoint="policy_draft")
@allow(RoleKind.OFFICER)
def policy_draft() -> str | tuple[str, int]:
    """A policy to try out: the form, and once it is filled in what it would do to recent lists."""
    if "begins_on" not in request.args:
        area = office_area(read_form(AreaForm(), request.args).get("area"))
        return _draft_page(area, _suggested(area), {})
    return _tried(request.args)


def _tried(sent: Any) -> str | tuple[str, int]:
    now = clock.now()
    try:
        draft = _draft(read_form(DraftForm(), sent))
        area = office_area(draft.area_code)
        check_draft(draft, clock.local_day(now))
    except (FormError, PolicyRefused) as error:
        return _refused(sent, error)
    figures = policy_figures.Figures(simulate(draft, now=now), replay(draft, now=now), place_name(area.name))
    return _draft_page(area, sent, {}, figures=figures)


def _refused(sent: Any, error: FormError | PolicyRefused) -> tuple[str, int]:
    """The form again, as it was filled in, with what is wrong beside each field."""
    fields_wrong = error.fields if isinstance(error, FormError) else {name: said(text) for name, text in error.fields.items()}
    # What no field of the form is called cannot be put right in it.
    errors = {name if name in DraftForm().fields else "": message for name, message in fields_wrong.items()}
    return _draft_page(office_area(sent.get("area")), sent, errors), 422


@blueprint.post("/policy/draft", endpoint="policy_set")
@allow(RoleKind.OFFICER)
def policy_set() -> Response | tuple[str, int]:
    """Set the policy that was tried out."""
    now = clock.now()
    try:
        draft = _draft(read_form(DraftForm()))
        with transaction():
            policy = set_policy(account(), draft, now=now)
            if policy.begins_on == clock.local_day(now):
                enqueue(apply_policies_job, timestamp=int(now.timestamp()))
    except (FormError, PolicyRefused) as error:
        return _refused(request.form, error)
    flash(_("The policy is set and begins on %(day)s.", day=day_text(draft.begins_on)), "success")
    return redirect(url_for("officer.policy", area=draft.area_code), 303)


@blueprint.post("/policy/<public_id>/end", endpoint="policy_end")
@allow(RoleKind.OFFICER)
def policy_end(public_id: str) -> Response | tuple[str, int]:
    """Bring a policy's last day forward."""
    try:
        last_day = read_form(EndForm())["ends_on"]
        with transaction():
            policy = end_policy(account(), public_id, last_day, now=clock.now())
            area_code = policy.area_code
    except (FormError, PolicyRefused) as error:
        wrong = error.fields if isinstance(error, FormError) else {name: said(text) for name, text in error.fields.items()}
        return _policy_page(office_area(None), wrong), 422
    flash(_("The policy ends with %(day)s.", day=day_text(last_day)), "success")
    return redirect(url_for("officer.policy", area=area_code), 303)


@blueprint.post("/policy/<public_id>/withdraw", endpoint="policy_withdraw")
@allow(RoleKind.OFFICER)
def policy_withdraw(public_id: str) -> Response:
    """Take back a policy that has not begun."""
    read_form(FormSchema())
    with transaction():
        withdraw_policy(account(), public_id, now=clock.now())
    flash(_("The policy is withdrawn."), "success")
    return redirect(url_for("officer.policy"), 303)


def _draft(form: Mapping[str, Any]) -> PolicyDraft:
    shares: dict[str, Any] = {name: _part(form.get(name)) for name in _SHARES}
    return PolicyDraft(
        area_code=form["area"],
        begins_on=form["begins_on"],
        ends_on=form.get("ends_on"),
        **{**shares, "household_floor": shares["household_floor"] or 0.0, "consumer_guard": shares["consumer_guard"] or 0.0},
    )


def _part(percent: Decimal | None) -> float | None:
    return None if percent is None else float(percent / 100)


def _suggested(area: Area) -> dict[str, str]:
    """What stands in the form at first: the policy in force, from tomorrow on."""
    today = clock.local_day(clock.now())
    found = policy_in_force(area.code, today)
    shares = {name: getattr(found, name) if found else None for name in _SHARES}
    if found is None:
        shares |= {"exposure_share": 0.3, "consumer_guard": 0.8}
    typed = {name: f"{Decimal(repr(share)) * 100:f}" if share else "" for name, share in shares.items()}
    clean = {name: text.rstrip("0").rstrip(".") if "." in text else text for name, text in typed.items()}
    return {**clean, "area": area.code, "begins_on": (today + timedelta(days=1)).isoformat(), "ends_on": ""}


def _draft_page(area: Area, values: Any, errors: Mapping[str, str], *, figures: Any = None) -> str:
    return render_template(
        "officer/policy_draft.html",
        area=area,
        areas=areas_to_choose(area),
        values={name: values.get(name, "") for name in DraftForm().fields},
        errors=errors,
        figures=figures,
    )
