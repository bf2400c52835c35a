"""Ranks, needs, helper units and papers in words, for the pages of offices, households and everybody."""

from typing import Any

from flask_babel import gettext as _

from marketplace.assistance.duty.models import Rank
from marketplace.assistance.needs.models import HelperKind, Need, NeedKind
from marketplace.assistance.needs.states import NeedState
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
    NeedKind.MONEY: N_("Money"),
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
        "delivered": need.state == NeedState.DELIVERED,
        "ended_why": need.ended_why,
    }


def paper_chip(state: str) -> tuple[str, str]:
    """A paper's state in words, with its tone."""
    return _chip(PAPER_STATES[PaperState(state)])


def _chip(words: tuple[str, str]) -> tuple[str, str]:
    return str(_(words[0])), words[1]
