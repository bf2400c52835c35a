"""What a counting does to an entitlement: found, raised, doubted, lapsed. Pure, no database.

A counting never grants, declines or takes anything away. Where less is found than was granted, a person looks at it; what was
paid stays paid.
"""

from dataclasses import dataclass

from marketplace.assistance.safety_net.models import Doubt
from marketplace.assistance.safety_net.states import EntitlementAction as A
from marketplace.assistance.safety_net.states import EntitlementState as S


@dataclass(frozen=True)
class Standing:
    """An entitlement as a counting finds it; ``paid_fen`` is what has really left and not come back."""

    state: S
    amount_fen: int
    granted_fen: int
    paid_fen: int


def move_for(was: Standing, owed_fen: int, *, has_left: bool, same_rule: bool) -> tuple[A | None, Doubt]:
    """The action that a newly counted amount calls for, if any, and the doubt where it is one.

    Parameters
    ----------
    owed_fen : int
        What is owed now, 0 for nothing.
    has_left : bool
        Whether the household has left the registry since the last counting.
    same_rule : bool
        Whether the same version of the benefit said so before.

    >>> paid = Standing(S.PAID, 100, 100, 100)
    >>> move_for(paid, 101, has_left=False, same_rule=True)[0], move_for(paid, 99, has_left=False, same_rule=True)[0]
    (<EntitlementAction.RAISE: 'raise'>, None)
    """
    changed = owed_fen != was.amount_fen or not same_rule
    match was.state:
        case S.LAPSED if owed_fen > was.granted_fen:
            return A.REOPEN, Doubt.NONE
        case S.DECLINED if changed:
            # Other facts or another rule make it another question.
            return (A.REOPEN if owed_fen else A.LAPSE), Doubt.NONE
        case S.OPEN if owed_fen <= was.granted_fen:
            return _closed(was, owed_fen)
        case S.PAID if was.paid_fen < was.granted_fen:
            return A.BOUNCE, Doubt.NONE
        case S.GRANTED | S.PAID if owed_fen > was.granted_fen:
            return A.RAISE, Doubt.NONE
        case S.GRANTED if owed_fen < was.granted_fen and changed:
            return A.DOUBT, Doubt.LESS if owed_fen else Doubt.ENDED
        case S.GRANTED if has_left:
            return A.DOUBT, Doubt.EXIT
    return None, Doubt.NONE


def _closed(was: Standing, owed_fen: int) -> tuple[A, Doubt]:
    """An open one of which nothing is uncovered any more."""
    if not was.granted_fen:
        return A.LAPSE, Doubt.NONE
    if was.paid_fen >= was.granted_fen:
        return A.SETTLE, Doubt.NONE
    if owed_fen < was.granted_fen:
        return A.DOUBT, Doubt.LESS if owed_fen else Doubt.ENDED
    return A.RESTORE, Doubt.NONE
