"""How those who act for others are called."""

from flask_babel import gettext as _

from marketplace.identity.models import Account, EvidenceKind, HolderRole, MandateState, Scope
from marketplace.kernel.errors import N_

SCOPES = {
    Scope.LIST: N_("put goods on sale"),
    Scope.STOCK: N_("keep the stock"),
    Scope.SHIP: N_("pack and send orders"),
    Scope.RECEIVE_MONEY: N_("look after the money"),
    Scope.ANSWER: N_("answer buyers"),
}
EVIDENCE = {
    EvidenceKind.PAPER: N_("a signed paper"),
    EvidenceKind.THUMBPRINT: N_("a thumbprint"),
    EvidenceKind.VOICE: N_("a voice recording"),
    EvidenceKind.IN_PERSON: N_("said in person"),
    EvidenceKind.SIGNED_IN: N_("signed in"),
}
STATES = {
    MandateState.PROPOSED: (N_("Waits for the household"), "wait"),
    MandateState.IN_FORCE: (N_("Valid now"), "good"),
    MandateState.REVOKED: (N_("Taken back"), "neutral"),
    MandateState.EXPIRED: (N_("Time is over"), "neutral"),
    MandateState.DENIED: (N_("Denied"), "bad"),
}


def who(account: Account, role: str) -> str:
    """Somebody who acts for others, with the role that lets them."""
    if role == HolderRole.OFFICER:
        return str(_("%(name)s (village office)", name=account.display_name))
    return account.display_name


def scopes_in_words(scopes: list[str]) -> str:
    """What a mandate is for, in the order of the list above."""
    return str(_(", ")).join(str(_(SCOPES[scope])) for scope in Scope if scope in scopes)
