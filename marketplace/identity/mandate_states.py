"""Where a mandate can stand and what leads from where to where. Pure."""

import enum

from marketplace.identity.models import MandateState
from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine


class MandateAction(enum.StrEnum):
    """What becomes of a mandate."""

    CONSENT = "consent"
    DENY = "deny"
    REVOKE = "revoke"
    EXPIRE = "expire"


# A household can also say of a mandate in force that it never agreed; that is told apart from one that has changed its mind.
MANDATES = StateMachine(
    "mandate_state",
    N_("This mandate has ended. A new one needs a new consent."),
    {
        (MandateState.PROPOSED, MandateAction.CONSENT): MandateState.IN_FORCE,
        (MandateState.PROPOSED, MandateAction.DENY): MandateState.DENIED,
        (MandateState.PROPOSED, MandateAction.REVOKE): MandateState.REVOKED,
        (MandateState.PROPOSED, MandateAction.EXPIRE): MandateState.EXPIRED,
        (MandateState.IN_FORCE, MandateAction.DENY): MandateState.DENIED,
        (MandateState.IN_FORCE, MandateAction.REVOKE): MandateState.REVOKED,
        (MandateState.IN_FORCE, MandateAction.EXPIRE): MandateState.EXPIRED,
    },
)
