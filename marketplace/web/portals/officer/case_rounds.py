"""Portal: a village's round: the assembly on a phone, the steps all take together, the sample and what was found."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.registry.cases.notices import heads_and_numbers
from marketplace.registry.cases.reading_cases import names_of_accounts, possible_steps
from marketplace.registry.cases.rounds import Votes, all_cases, get_round, hold_assembly, round_state, take_round
from marketplace.registry.cases.samples import (
    current_sample,
    decide_sample,
    finding_of,
    get_sampled,
    record_finding,
    visits_of,
)
from marketplace.registry.models import CaseAction, CaseState, Round
from marketplace.web.access import allow, office_reach
from marketplace.web.case_steps import note_reading, taker
from marketplace.web.case_words import state_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.portals.officer.case_frame import errors_of, number_of, shown, shown_steps, villages
from marketplace.web.portals.officer.cases import StepForm
from marketplace.web.redirects import see_other

blueprint = Blueprint("rounds", __name__, url_prefix="/rounds")
_NUMBER = {"required": N_("Please enter a whole number.")}


class AssemblyForm(FormSchema):
    """Who came; the votes stand in fields named for the cases."""

    held_on = fields.Date(required=True)
    entitled = fields.Integer(required=True, validate=validate.Range(1, 100_000), error_messages=_NUMBER)
    present = fields.Integer(required=True, validate=validate.Range(0, 100_000), error_messages=_NUMBER)


class VoteForm(FormSchema):
    """The votes on one application."""

    in_favour = fields.Integer(required=True, validate=validate.Range(0, 100_000))
    against = fields.Integer(required=True, validate=validate.Range(0, 100_000))


class FindingForm(FormSchema):
    """What was found where a household of the sample was visited."""

    fit = Text(required=True, validate=validate.OneOf(["yes", "no"]))
    finding = Text(required=True, validate=validate.Length(max=400, error=N_("Please write less.")))


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A round: its applications, its assembly or sample, and the next step."""
    return _page(get_round(public_id, office_reach()), {}, {})


def _page(of: Round, form: dict[str, Any], errors: dict[str, str]) -> str:
    now = clock.now()
    today, rows = local_day(now), all_cases(of)
    cases = [case for case, _household in rows]
    state = round_state(cases)
    live = [(case, household) for case, household in rows if case.ended_on is None]
    with transaction():
        note_reading([household for _case, household in live], "case", now)
        people = heads_and_numbers([household.id for _case, household in rows])
    steps = []
    if live:
        actions = [a for a in possible_steps(live[0][0], taker()) if a not in (CaseAction.REFUSE, CaseAction.WITHDRAW)]
        steps = shown_steps(live[0][0], actions)
    return render_template(
        "officer/case_round.html",
        round=of,
        village=villages([of.village_code]).get(of.village_code, ""),
        state=state_words(state) if state is not None else _("over"),
        before_assembly=state is CaseState.APPLIED,
        may_hold=any(len(code) == 12 for code in office_reach().areas if of.village_code.startswith(code)),
        rows=[
            {
                **shown(case, household, today),
                "head": people[household.id][0] if case.ended_on is None else number_of(household),
                "persons": people[household.id][1],
            }
            for case, household in rows
        ],
        not_before_on=live[0][0].not_before_on if live else None,
        today=today,
        steps=steps,
        sample=_sample(of),
        form=form,
        errors=errors,
    )


def _sample(of: Round) -> dict[str, Any] | None:
    sample = current_sample(of)
    if sample is None:
        return None
    visits = visits_of(sample)
    names = names_of_accounts([visit.visited_by_id for visit, _c, _h in visits if visit.visited_by_id is not None])
    return {
        "stage": sample.stage,
        "seed": sample.seed,
        "share": sample.share_bp / 10_000,
        "drawn_from": sample.drawn_from,
        "visits": [
            {
                "case": case.public_id,
                "household": number_of(household),
                "fit": visit.fit,
                "finding": finding_of(visit, household),
                "by": names.get(visit.visited_by_id or 0, ""),
                "at": visit.visited_at,
                "over": case.ended_on is not None,
            }
            for visit, case, household in visits
        ],
        "done": all(visit.fit is not None or case.ended_on is not None for visit, case, _h in visits),
    }


def _acted(public_id: str, act: Any) -> Response | tuple[str, int]:
    """Act in a transaction of its own; a refusal shows the round again and says why."""
    of = get_round(public_id, office_reach())
    try:
        with transaction():
            words, kind = act(of)
    except (Invalid, Conflict, Forbidden) as error:
        return _page(get_round(public_id, office_reach()), request.form.to_dict(), dict(errors_of(error))), 422
    flash(words, kind)
    return see_other(url_for("officer.rounds.one", public_id=public_id))


@blueprint.post("/<public_id>/assemblies")
@allow(RoleKind.OFFICER)
def assembly(public_id: str) -> Response | tuple[str, int]:
    """Write down who came and how they voted."""

    def act(of: Round) -> tuple[str, str]:
        sent = request.form.to_dict()
        form = read_form(AssemblyForm(), _only(sent, {"held_on", "entitled", "present"}))
        votes = {}
        for case, _household in all_cases(of):
            for_field, against_field = f"for-{case.public_id}", f"against-{case.public_id}"
            if sent.get(for_field) or sent.get(against_field):
                vote = {"in_favour": sent.get(for_field, ""), "against": sent.get(against_field) or "0"}
                votes[case.public_id] = Votes(**read_form(VoteForm(), _only(vote, set(vote))))
        held = hold_assembly(of, form["held_on"], form["entitled"], form["present"], votes, taker(), now=clock.now())
        if held.counted:
            return _("Written down. What the assembly has voted counts."), "success"
        return _("Written down. Too few came, so it does not count; please hold another assembly."), "warning"

    return _acted(public_id, act)


def _only(sent: dict[str, str], names: set[str]) -> Any:
    return MultiDict({name: value for name, value in sent.items() if name in names})


@blueprint.post("/<public_id>/steps")
@allow(RoleKind.OFFICER)
def step(public_id: str) -> Response | tuple[str, int]:
    """Take the step that all applications take together."""

    def act(of: Round) -> tuple[str, str]:
        action = CaseAction(read_form(StepForm())["action"])
        done = take_round(of, action, taker(), now=clock.now())
        return (_("Written down."), "success") if done else (_("It was done already. Nothing was changed."), "info")

    return _acted(public_id, act)


@blueprint.post("/<public_id>/visits/<case>")
@allow(RoleKind.OFFICER)
def visit(public_id: str, case: str) -> Response | tuple[str, int]:
    """Write down what was found at a household of the sample."""

    def act(of: Round) -> tuple[str, str]:
        form = read_form(FindingForm())
        record_finding(get_sampled(case, of), of, form["fit"] == "yes", form["finding"], taker(), now=clock.now())
        return _("Written down."), "success"

    return _acted(public_id, act)


@blueprint.post("/<public_id>/sample")
@allow(RoleKind.OFFICER)
def sample(public_id: str) -> Response | tuple[str, int]:
    """Draw the conclusion from the sample."""

    def act(of: Round) -> tuple[str, str]:
        read_form(FormSchema())
        if decide_sample(of, taker(), now=clock.now()):
            return _("The round has passed."), "success"
        return _("A household of the sample was not fit. It does not go on, and all others are looked at anew."), "warning"

    return _acted(public_id, act)
