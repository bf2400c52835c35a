"""The procedures as tables: from which state which step leads where, who may take it, and what must lie apart. Pure.

A step is taken by officers of exactly the level it names, over the household's own village: a county does not vote for a
village, and a township not for the one beside it. ``apart_from`` names earlier steps of the same case whose takers may not take
this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from marketplace.kernel.errors import N_
from marketplace.kernel.state_machine import StateMachine
from marketplace.regions.models import Level
from marketplace.registry.models import CaseAction as A
from marketplace.registry.models import CaseKind, NoticeKind
from marketplace.registry.models import CaseState as S

_VILLAGE, _TOWNSHIP, _COUNTY = Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY


class Way(StrEnum):
    """By which way a step comes about."""

    HAND = "hand"  # An officer takes it.
    HOUSEHOLD = "household"  # The household takes it, or an officer whom it told.
    ASSEMBLY = "assembly"  # It follows from a vote with a quorum.
    SAMPLE = "sample"  # It follows from what was found where a sample was visited.
    OBJECTION = "objection"  # It follows from an objection that was upheld.
    PROCEDURE = "procedure"  # It follows from the end of another procedure for the same household.


@dataclass(frozen=True)
class Step:
    """One entry of a table.

    ``waits``: it may not be taken before the case's ``not_before_on``. ``publishes``: the notice that it hangs out.
    ``needs_reason``: whoever takes it says why.
    """

    to: S
    levels: tuple[Level, ...] = ()
    way: Way = Way.HAND
    apart_from: frozenset[A] = frozenset()
    waits: bool = False
    publishes: NoticeKind | None = None
    needs_reason: bool = False


Table = Mapping[tuple[S, A], Step]


def _by(level: Level, to: S, *apart_from: A, **more: bool | NoticeKind | Way) -> Step:
    return Step(to, (level,), apart_from=frozenset(apart_from), **more)  # type: ignore[arg-type]


_IN_VILLAGE = (A.VOTE_IN, A.PUBLISH_FIRST, A.CLOSE_FIRST)
_refuse_township = _by(_TOWNSHIP, S.REFUSED, needs_reason=True)
_refuse_county = _by(_COUNTY, S.REFUSED, needs_reason=True)

ENTRY: Table = {
    (S.APPLIED, A.VOTE_IN): _by(_VILLAGE, S.VOTED, way=Way.ASSEMBLY),
    (S.APPLIED, A.VOTE_DOWN): _by(_VILLAGE, S.REFUSED, way=Way.ASSEMBLY),
    (S.APPLIED, A.WITHDRAW): _by(_VILLAGE, S.WITHDRAWN, way=Way.HOUSEHOLD),
    (S.VOTED, A.PUBLISH_FIRST): _by(_VILLAGE, S.FIRST_NOTICE, publishes=NoticeKind.ENTRY_FIRST),
    (S.FIRST_NOTICE, A.CLOSE_FIRST): _by(_VILLAGE, S.FIRST_CLOSED, waits=True),
    (S.FIRST_NOTICE, A.REFUSE): _by(_TOWNSHIP, S.REFUSED, way=Way.OBJECTION),
    # A list that was wrong as a whole goes back to whoever made it: to the assembly, or to the township's check.
    (S.FIRST_NOTICE, A.SEND_BACK): _by(_TOWNSHIP, S.APPLIED, way=Way.OBJECTION),
    (S.FIRST_CLOSED, A.PASS_CHECK): _by(_TOWNSHIP, S.CHECKED, *_IN_VILLAGE, way=Way.SAMPLE),
    (S.FIRST_CLOSED, A.SEND_BACK): _by(_TOWNSHIP, S.APPLIED, way=Way.SAMPLE),
    (S.FIRST_CLOSED, A.REFUSE): _refuse_township,
    (S.CHECKED, A.PUBLISH_SECOND): _by(_TOWNSHIP, S.SECOND_NOTICE, publishes=NoticeKind.ENTRY_SECOND),
    (S.SECOND_NOTICE, A.CLOSE_SECOND): _by(_TOWNSHIP, S.SECOND_CLOSED, waits=True),
    (S.SECOND_NOTICE, A.REFUSE): _by(_COUNTY, S.REFUSED, way=Way.OBJECTION),
    (S.SECOND_NOTICE, A.SEND_BACK): _by(_COUNTY, S.FIRST_CLOSED, way=Way.OBJECTION),
    (S.SECOND_CLOSED, A.PASS_REVIEW): _by(_COUNTY, S.REVIEWED, *_IN_VILLAGE, A.PASS_CHECK, way=Way.SAMPLE),
    (S.SECOND_CLOSED, A.SEND_BACK): _by(_COUNTY, S.FIRST_CLOSED, way=Way.SAMPLE),
    (S.SECOND_CLOSED, A.REFUSE): _refuse_county,
    (S.REVIEWED, A.ANNOUNCE): _by(_COUNTY, S.ANNOUNCED, publishes=NoticeKind.ENTRY_ANNOUNCEMENT),
    (S.ANNOUNCED, A.REGISTER): _by(_COUNTY, S.REGISTERED, A.PASS_REVIEW, waits=True),
}

_stop = Step(S.REFUSED, (_VILLAGE, _TOWNSHIP), needs_reason=True)

EXIT: Table = {
    (S.PROPOSED, A.VERIFY): _by(_VILLAGE, S.VILLAGE_VERIFIED),
    # The work team lives in the village; its members are officers of the village or of the township.
    (S.VILLAGE_VERIFIED, A.VERIFY_AGAIN): Step(S.VERIFIED, (_VILLAGE, _TOWNSHIP), apart_from=frozenset({A.VERIFY})),
    # Who found that a household may leave does not write down that it agrees.
    (S.VERIFIED, A.AGREE): Step(
        S.AGREED, (_VILLAGE, _TOWNSHIP), Way.HOUSEHOLD, frozenset({A.VERIFY, A.VERIFY_AGAIN}), needs_reason=True
    ),
    (S.VERIFIED, A.DISAGREE): Step(S.REFUSED, (_VILLAGE, _TOWNSHIP), Way.HOUSEHOLD, needs_reason=True),
    (S.PROPOSED, A.REFUSE): _stop,
    (S.VILLAGE_VERIFIED, A.REFUSE): _stop,
    (S.VERIFIED, A.REFUSE): _stop,
    (S.AGREED, A.REFUSE): _stop,
    (S.AGREED, A.PUBLISH): _by(_VILLAGE, S.NOTICE, publishes=NoticeKind.EXIT),
    (S.NOTICE, A.CLOSE): _by(_VILLAGE, S.NOTICE_CLOSED, waits=True),
    (S.NOTICE, A.REFUSE): _by(_TOWNSHIP, S.REFUSED, way=Way.OBJECTION),
    # Verified anew, and the household asked anew.
    (S.NOTICE, A.SEND_BACK): _by(_TOWNSHIP, S.PROPOSED, way=Way.OBJECTION),
    (S.NOTICE_CLOSED, A.LIFT): _by(
        _COUNTY, S.TRACKED, A.VERIFY, A.VERIFY_AGAIN, A.CLOSE, publishes=NoticeKind.EXIT_ANNOUNCEMENT
    ),
    (S.NOTICE_CLOSED, A.REFUSE): _refuse_county,
    (S.TRACKED, A.END): _by(_COUNTY, S.ENDED, waits=True),
    (S.TRACKED, A.RETURN): Step(S.RETURNED, way=Way.PROCEDURE),
    (S.TRACKED, A.HAND_OVER): Step(S.HANDED_OVER, way=Way.PROCEDURE),
}

_keep = _by(_TOWNSHIP, S.MONITORED, needs_reason=True)

MONITORING: Table = {
    (S.CLUE, A.CHECK): _by(_TOWNSHIP, S.CHECKED),
    (S.CLUE, A.REFUSE): _refuse_township,
    (S.CHECKED, A.PUBLISH): _by(_VILLAGE, S.NOTICE, publishes=NoticeKind.MONITORING),
    (S.CHECKED, A.REFUSE): _refuse_township,
    (S.NOTICE, A.CLOSE): _by(_VILLAGE, S.NOTICE_CLOSED, waits=True),
    (S.NOTICE, A.REFUSE): _by(_TOWNSHIP, S.REFUSED, way=Way.OBJECTION),
    (S.NOTICE, A.SEND_BACK): _by(_TOWNSHIP, S.CLUE, way=Way.OBJECTION),
    (S.NOTICE_CLOSED, A.MONITOR): _by(_COUNTY, S.MONITORED, A.CHECK, A.CLOSE),
    (S.NOTICE_CLOSED, A.REFUSE): _refuse_county,
    (S.MONITORED, A.PROPOSE_REMOVAL): Step(S.REMOVAL_PROPOSED, (_VILLAGE, _TOWNSHIP), needs_reason=True),
    (S.REMOVAL_PROPOSED, A.PUBLISH_REMOVAL): _by(_VILLAGE, S.REMOVAL_NOTICE, publishes=NoticeKind.REMOVAL),
    (S.REMOVAL_PROPOSED, A.KEEP): _keep,
    (S.REMOVAL_NOTICE, A.CLOSE_REMOVAL): _by(_VILLAGE, S.REMOVAL_CLOSED, waits=True),
    (S.REMOVAL_NOTICE, A.KEEP): _by(_TOWNSHIP, S.MONITORED, way=Way.OBJECTION),
    (S.REMOVAL_NOTICE, A.SEND_BACK): _by(_TOWNSHIP, S.MONITORED, way=Way.OBJECTION),
    (S.REMOVAL_CLOSED, A.END): _by(_COUNTY, S.ENDED, A.PROPOSE_REMOVAL, A.CLOSE_REMOVAL),
    (S.REMOVAL_CLOSED, A.KEEP): _by(_COUNTY, S.MONITORED, needs_reason=True),
    **{
        (state, A.HAND_OVER): Step(S.HANDED_OVER, way=Way.PROCEDURE)
        for state in (S.MONITORED, S.REMOVAL_PROPOSED, S.REMOVAL_NOTICE, S.REMOVAL_CLOSED)
    },
}

TABLES: dict[CaseKind, Table] = {CaseKind.ENTRY: ENTRY, CaseKind.EXIT: EXIT, CaseKind.MONITORING: MONITORING}
FIRST = {CaseKind.ENTRY: S.APPLIED, CaseKind.EXIT: S.PROPOSED, CaseKind.MONITORING: S.CLUE}
# The steps at whose end a status begins or ends, and none other does.
CHANGES_STATUS = {
    (CaseKind.ENTRY, A.REGISTER),
    (CaseKind.EXIT, A.LIFT),
    (CaseKind.EXIT, A.END),
    (CaseKind.MONITORING, A.MONITOR),
    (CaseKind.MONITORING, A.END),
}
MACHINES = {
    kind: StateMachine(
        "case_elsewhere",
        N_("The case has moved on, or is not there yet. Please look at it anew."),
        {move: step.to for move, step in table.items()},
    )
    for kind, table in TABLES.items()
}
# By which rule (``shipped_rules``) a state is due; notices have a length of their own besides.
DUE: dict[tuple[CaseKind, S], str] = {
    (CaseKind.ENTRY, S.APPLIED): "entry.assembly",
    (CaseKind.ENTRY, S.VOTED): "notice.publish",
    (CaseKind.ENTRY, S.FIRST_NOTICE): "notice.close",
    (CaseKind.ENTRY, S.FIRST_CLOSED): "entry.check",
    (CaseKind.ENTRY, S.CHECKED): "notice.publish",
    (CaseKind.ENTRY, S.SECOND_NOTICE): "notice.close",
    (CaseKind.ENTRY, S.SECOND_CLOSED): "entry.review",
    (CaseKind.ENTRY, S.REVIEWED): "notice.publish",
    (CaseKind.ENTRY, S.ANNOUNCED): "notice.close",
    (CaseKind.EXIT, S.PROPOSED): "exit.verify",
    (CaseKind.EXIT, S.VILLAGE_VERIFIED): "exit.verify",
    (CaseKind.EXIT, S.VERIFIED): "exit.agree",
    (CaseKind.EXIT, S.AGREED): "notice.publish",
    (CaseKind.EXIT, S.NOTICE): "notice.close",
    (CaseKind.EXIT, S.NOTICE_CLOSED): "exit.lift",
    (CaseKind.EXIT, S.TRACKED): "notice.close",
    (CaseKind.MONITORING, S.REMOVAL_PROPOSED): "notice.publish",
    (CaseKind.MONITORING, S.REMOVAL_NOTICE): "notice.close",
    (CaseKind.MONITORING, S.REMOVAL_CLOSED): "monitoring.removal",
}
# Until it is decided whether a household is monitored, one term counts from the first word on.
DUE_FROM_OPENING = {
    (CaseKind.MONITORING, state): "monitoring.decide" for state in (S.CLUE, S.CHECKED, S.NOTICE, S.NOTICE_CLOSED)
}


def step_for(kind: CaseKind, state: S, action: A) -> Step | None:
    """The step, or None when it was taken already.

    Raises
    ------
    Conflict
        ``case_elsewhere`` for a step that this state does not know.
    """
    return None if MACHINES[kind].next_state(state, action) is None else TABLES[kind][state, action]


def steps_from(kind: CaseKind, state: S) -> dict[A, Step]:
    """The steps that lead on from a state."""
    return {action: step for (known, action), step in TABLES[kind].items() if known == state}


def is_final(kind: CaseKind, state: S) -> bool:
    """Whether a case that has come to this state is over."""
    return not steps_from(kind, state)


def upheld(kind: CaseKind, state: S) -> A:
    """What happens to a case in a notice's state when an objection to it is upheld; to the whole list it is ``SEND_BACK``."""
    by_objection = (action for action, step in steps_from(kind, state).items() if step.way is Way.OBJECTION)
    return next(action for action in by_objection if action is not A.SEND_BACK)


def objection_level(kind: CaseKind, state: S) -> Level:
    """The level that decides on objections to a notice: the one above whoever hung it out."""
    (level,) = TABLES[kind][state, upheld(kind, state)].levels
    return level


class Colour(StrEnum):
    """What an exit looks like at a glance: not yet out, out, and come back."""

    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"


def colour(state: S) -> Colour:
    """The colour of an exit in a state; colours never stand without their words.

    >>> [colour(state).value for state in (S.PROPOSED, S.TRACKED, S.ENDED, S.RETURNED)]
    ['red', 'green', 'green', 'yellow']
    """
    if state in (S.RETURNED, S.HANDED_OVER):
        return Colour.YELLOW
    return Colour.GREEN if state in (S.TRACKED, S.ENDED) else Colour.RED
