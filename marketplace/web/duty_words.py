"""Ranks, needs, helper units and papers in words, for the pages of offices, households and everybody."""

from typing import Any

from flask_babel import gettext as _

from marketplace.assistance.duty.models import DutyMerit, DutyScore, MeritKind, Rank
from marketplace.assistance.needs.models import HelperKind, Method, Need, NeedKind, Pledge
from marketplace.assistance.needs.queries import Suited
from marketplace.assistance.needs.ranking import REASONS
from marketplace.assistance.needs.states import NeedState, PledgeState
from marketplace.assistance.papers import PaperState
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.web.places import place_name

RANKS = {
    Rank.COUNTY_HEAD: N_("County head"),
    Rank.COUNTY_DEPUTY: N_("Deputy head of the county"),
    Rank.SECTION_HEAD: N_("Head of a section"),
    Rank.SECTION_DEPUTY: N_("Deputy head of a section"),
    Rank.OTHER: N_("Other officers"),
}
NEEDS = {
    NeedKind.MONEY: N_("A sum of money"),
    NeedKind.MATERIALS: N_("Seed, tools and other things"),
    NeedKind.SKILL: N_("Skills and advice"),
    NeedKind.WORK: N_("Work"),
    NeedKind.SCHOOLING: N_("Schooling"),
    NeedKind.HEALTH: N_("Health"),
    NeedKind.HOUSING: N_("Housing"),
    NeedKind.PUBLIC_WORKS: N_("Roads, water, power"),
    NeedKind.SALES: N_("Selling what was grown"),
}
HELPERS = {
    HelperKind.DEPARTMENT: N_("Department"),
    HelperKind.SOCIETY: N_("Society"),
    HelperKind.ENTERPRISE: N_("Enterprise"),
    HelperKind.DONOR: N_("Donor"),
}
NEED_STATES = {
    NeedState.RAISED: (N_("Waits to be verified"), "wait"),
    NeedState.OPEN: (N_("Looks for a helper"), "info"),
    NeedState.PLEDGED: (N_("Taken on"), "wait"),
    NeedState.DELIVERED: (N_("Delivered, to be confirmed"), "wait"),
    NeedState.CLOSED: (N_("Arrived"), "good"),
    NeedState.REFUSED: (N_("Refused"), "neutral"),
    NeedState.WITHDRAWN: (N_("Taken back"), "neutral"),
}
PAPER_STATES = {
    PaperState.DRAFTED: (N_("Waits for a second officer"), "wait"),
    PaperState.APPROVED: (N_("Approved"), "good"),
    PaperState.DISCARDED: (N_("Dropped"), "neutral"),
}


PLEDGE_STATES = {
    PledgeState.STANDING: (N_("To be delivered"), "wait"),
    PledgeState.DELIVERED: (N_("Delivered, to be confirmed"), "wait"),
    PledgeState.KEPT: (N_("Arrived"), "good"),
    PledgeState.RELEASED: (N_("Given up"), "neutral"),
    PledgeState.LAPSED: (N_("Not delivered in time"), "bad"),
}
SATISFACTION = {
    5: N_("Very content"),
    4: N_("Content"),
    3: N_("So-so"),
    2: N_("Not content"),
    1: N_("Not content at all"),
}
ITEMS = {
    "visits": N_("Visits made, of those wanted"),
    "confirmed": N_("Visits that households confirmed"),
    "satisfaction": N_("How content households are"),
    "funds": N_("Money brought, of the target"),
}
MERITS = {
    MeritKind.REWARD: N_("Reward"),
    MeritKind.PENALTY: N_("Penalty"),
    MeritKind.PROMOTION: N_("Promotion"),
}
METHODS = {
    Method.STABLE: (
        N_("Nobody would rather change"),
        N_("No need and no unit would both rather have one another than what they are given."),
    ),
    Method.BEST_SUM: (
        N_("The best fit in all"),
        N_("The fits of all needs add up to the most there is; one need may step back for two others."),
    ),
}


def card_words(needs: list[Need]) -> list[dict[str, Any]]:
    """Needs as everybody sees them: the card and a place large enough, nothing else of where or whose."""
    names = area_names({need.shown_code for need in needs if need.shown_code})
    return [
        {
            "public_id": need.public_id,
            "kind": _(NEEDS[NeedKind(need.kind)]),
            "card": need.card,
            "place": place_name(names.get(need.shown_code or "", "")),
            "worth_fen": need.worth_fen,
            "state": _chip(NEED_STATES[NeedState(need.state)]),
            "open": need.state == NeedState.OPEN,
            "due_on": need.due_on,
        }
        for need in needs
    ]


def office_words(need: Need) -> dict[str, Any]:
    """A need as an office over it sees it."""
    names = area_names([need.area_code])
    return {
        **card_words([need])[0],
        "reference": need.reference,
        "words": need.words,
        "place": place_name(names.get(need.area_code, "")),
        "raised": need.state == NeedState.RAISED,
        "waits": need.state in (NeedState.RAISED, NeedState.OPEN),
        "delivered": need.state == NeedState.DELIVERED,
        "ended_why": need.ended_why,
    }


def own_need_words(need: Need, made: Pledge | None) -> dict[str, Any]:
    """A need as its own household sees it."""
    return {
        "public_id": need.public_id,
        "kind": _(NEEDS[NeedKind(need.kind)]),
        "words": need.words,
        "card": need.card,
        "worth_fen": need.worth_fen,
        "state": _chip(NEED_STATES[NeedState(need.state)]),
        "due_on": need.due_on,
        "waits": need.state in (NeedState.RAISED, NeedState.OPEN),
        "pledged": need.state == NeedState.PLEDGED,
        "delivered": need.state == NeedState.DELIVERED,
        "proof": "" if made is None else made.proof,
        "ended_why": need.ended_why,
    }


def suited_words(each: Suited) -> str:
    """Why a helper unit suits a need."""
    return str(
        _(
            "Can do this, %(near)s; of such pledges it kept %(kept)s and let %(lapsed)s lapse; free for %(free)s of %(quota)s.",
            near=_(REASONS[each.fit.near]),
            kept=each.seen.kept,
            lapsed=each.seen.lapsed,
            free=each.seen.free,
            quota=each.seen.quota,
        )
    )


def score_words(score: DutyScore) -> dict[str, Any]:
    """An officer's year in words: points, what they are made of, and how far beyond what as hard households bring others."""
    return {
        "households": score.households,
        "points": round(score.points),
        "items": [(_(words), f"{score.items[name]:.0%}" if name in score.items else "–") for name, words in ITEMS.items()],
        "value": f"{score.value:+z.1f}",
        "low": f"{score.low:+z.1f}",
        "high": f"{score.high:+z.1f}",
        "sure": score.low > 0 or score.high < 0,
    }


def merit_words(merit: DutyMerit) -> dict[str, Any]:
    """A proposal on an officer's year."""
    return {
        "public_id": merit.public_id,
        "kind": _(MERITS[MeritKind(merit.kind)]),
        "reason": merit.reason,
        "answer": merit.answer,
        "state": paper_chip(merit.state),
        "drafted": merit.state == PaperState.DRAFTED,
        "waits_for_answer": merit.kind == MeritKind.PENALTY and merit.answered_at is None,
    }


def pledge_chip(state: str) -> tuple[str, str]:
    """A pledge's state in words, with its tone."""
    return _chip(PLEDGE_STATES[PledgeState(state)])


def paper_chip(state: str) -> tuple[str, str]:
    """A paper's state in words, with its tone."""
    return _chip(PAPER_STATES[PaperState(state)])


def _chip(words: tuple[str, str]) -> tuple[str, str]:
    return str(_(words[0])), words[1]
