"""Public money in words: states, kinds, places, reasons."""

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _

from marketplace.funds.detectors import Kind
from marketplace.funds.models import FundFinding
from marketplace.funds.places import area_of, project_of
from marketplace.funds.purposes import NAMES
from marketplace.funds.states import BankDayState, FindingState, FundState, PaymentState
from marketplace.kernel.errors import N_
from marketplace.ledger.earmarks import PAID, SOURCE
from marketplace.regions.queries import area_names
from marketplace.web.filters import yuan
from marketplace.web.places import place_name

FUND_STATES = {
    FundState.PROPOSED: (N_("Waits for a second person"), "wait"),
    FundState.IN_FORCE: (N_("In force"), "good"),
    FundState.REFUSED: (N_("Refused"), "neutral"),
}
PAYMENT_STATES = {
    PaymentState.PROPOSED: (N_("Waits for a second person"), "wait"),
    PaymentState.PAID: (N_("Paid"), "good"),
    PaymentState.REFUSED: (N_("Refused"), "neutral"),
    PaymentState.REVERSED: (N_("Came back"), "bad"),
}
FINDING_STATES = {
    FindingState.OPEN: (N_("To look at"), "wait"),
    FindingState.EXPLAINED: (N_("Explained"), "good"),
    FindingState.HANDED_ON: (N_("Handed on"), "info"),
}
BANK_STATES = {
    BankDayState.OPEN: (N_("Differences to explain"), "wait"),
    BankDayState.SETTLED: (N_("Waits for a second person"), "info"),
    BankDayState.CLOSED: (N_("Closed"), "good"),
}
BUDGETS = {
    "centre": N_("Central budget"),
    "province": N_("Province’s budget"),
    "city": N_("City’s budget"),
    "county": N_("County’s budget"),
}
MOVES = {
    "issue": N_("Given"),
    "allocate": N_("Passed on"),
    "return": N_("Given back"),
    "pay": N_("Paid"),
    "reverse": N_("Came back"),
}
PAYEES = {"household": N_("A household"), "organisation": N_("An organisation")}
KINDS = {
    Kind.IDLE: N_("Money that lies idle"),
    Kind.SPLIT: N_("Contracts that may have been split"),
    Kind.ROUND_TRIP: N_("Money that came back to where it left"),
    Kind.SHARED_ACCOUNT: N_("One account for several households"),
    Kind.RELATED_OFFICER: N_("Paid to an officer’s relative"),
    Kind.DUPLICATE_INVOICE: N_("An invoice paid more than once"),
    Kind.DEAD_PAYEE: N_("Paid to somebody who had died"),
}
SIDES = {
    "both": (N_("Both agree"), "good"),
    "bank": (N_("The bank alone"), "wait"),
    "books": (N_("The books alone"), "wait"),
}
RELATIONS = {
    "spouse": N_("Wife or husband"),
    "parent": N_("Father or mother"),
    "child": N_("Son or daughter"),
    "sibling": N_("Brother or sister"),
    "other": N_("Another relative"),
}


def purpose_name(code: str) -> str:
    """What money is for, in the reader's language."""
    return str(_(NAMES[code])) if code in NAMES else code


def place_words(places: Iterable[str]) -> dict[str, str]:
    """What places are called: areas by their names, a project of theirs by its own."""
    wanted = set(places)
    names = area_names(area_of(place) for place in wanted if place not in (SOURCE, PAID))
    return {place: _place(place, names) for place in wanted}


def _place(place: str, names: Mapping[str, str]) -> str:
    if place == SOURCE:
        return str(_("The budget"))
    if place == PAID:
        return str(_("Payee"))
    area = place_name(names[area_of(place)]) if area_of(place) in names else area_of(place)
    project = project_of(place)
    return str(_("%(area)s, project %(project)s", area=area, project=project)) if project else area


def why(finding: FundFinding) -> str:
    """Why a detector has raised it, with its figures."""
    said = finding.evidence["why"]
    kind = finding.kind
    if kind == Kind.IDLE:
        return str(
            _("%(amount)s have stood here since before %(since)s.", amount=yuan(finding.amount_fen), since=said["since"])
        )
    if kind == Kind.SPLIT:
        words = N_("%(number)s contracts with one payee within %(days)s days, each below %(below)s, together %(amount)s.")
        below, amount = yuan(said["below_fen"]), yuan(finding.amount_fen)
        return str(_(words, number=said["documents"], days=said["days"], below=below, amount=amount))
    if kind == Kind.ROUND_TRIP:
        words = N_("%(amount)s were back after %(days)s days and %(steps)s steps.")
        return str(_(words, amount=yuan(finding.amount_fen), days=said["days"], steps=said["steps"]))
    if kind == Kind.SHARED_ACCOUNT:
        words = N_("Money of %(households)s households went to one account, %(amount)s in all.")
        return str(_(words, households=said["households"], amount=yuan(finding.amount_fen)))
    if kind == Kind.RELATED_OFFICER:
        declared = _("The payee is a relative whom an officer has declared.")
        decided = _("The officer had a part in it.") if said["decided"] else _("The officer’s office is over this place.")
        return f"{declared} {decided}"
    if kind == Kind.DUPLICATE_INVOICE:
        words = N_("%(number)s payments on one invoice of %(invoice)s, %(amount)s more than it says.")
        amount = yuan(finding.amount_fen)
        return str(_(words, number=said["payments"], invoice=yuan(said["invoice_fen"]), amount=amount))
    return str(_("Paid up to %(days)s days after the person had died.", days=said["days"]))
