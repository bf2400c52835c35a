"""The procedures' tables walked through: which ways lead in and out, and that there are no others."""

from collections.abc import Iterator

import pytest

from marketplace.kernel.errors import Conflict
from marketplace.regions.models import Level
from marketplace.registry.cases.notices import deciding_level
from marketplace.registry.cases.procedures import (
    CHANGES_STATUS,
    DUE,
    DUE_FROM_OPENING,
    FIRST,
    TABLES,
    Way,
    is_final,
    step_for,
    steps_from,
)
from marketplace.registry.cases.reading_cases import waiting_states
from marketplace.registry.models import CaseAction as A
from marketplace.registry.models import CaseKind, NoticeKind
from marketplace.registry.models import CaseState as S

LONGEST = 15


def walks(kind: CaseKind, longest: int) -> Iterator[tuple[tuple[A, ...], S]]:
    """Every sequence of steps up to a length from the opening of a case, with the state it leads to."""
    waiting: list[tuple[tuple[A, ...], S]] = [((), FIRST[kind])]
    while waiting:
        walked, state = waiting.pop()
        yield walked, state
        if len(walked) < longest:
            waiting += [((*walked, action), step.to) for action, step in steps_from(kind, state).items()]


def since_last(walked: tuple[A, ...], action: A) -> tuple[A, ...]:
    """What was done after the last time that something was done."""
    at = len(walked) - 1 - walked[::-1].index(action)
    return walked[at + 1 :]


def test_nobody_enters_without_a_vote_and_both_notices_closed_and_both_samples_passed() -> None:
    entered = [walked for walked, state in walks(CaseKind.ENTRY, LONGEST) if state is S.REGISTERED]
    # The straight way; two on which a sample sent the round back; and five on which an objection to a whole list did, once or
    # twice, to the assembly or to the township.
    assert len(entered) == 8
    whole = (
        *(A.VOTE_IN, A.PUBLISH_FIRST, A.CLOSE_FIRST, A.PASS_CHECK),
        *(A.PUBLISH_SECOND, A.CLOSE_SECOND, A.PASS_REVIEW, A.ANNOUNCE, A.REGISTER),
    )
    for walked in entered:
        assert walked[-5:] == whole[-5:]
        assert [action for action in since_last(walked, A.VOTE_IN) if action in whole][:2] == [A.PUBLISH_FIRST, A.CLOSE_FIRST]
        after_check = since_last(walked, A.PASS_CHECK)
        assert after_check == whole[4:]
    assert whole in entered


def test_nobody_leaves_without_two_verifications_agreement_and_a_closed_notice() -> None:
    lifted = [walked for walked, state in walks(CaseKind.EXIT, LONGEST) if state is S.TRACKED]
    once = (A.VERIFY, A.VERIFY_AGAIN, A.AGREE, A.PUBLISH)
    # An objection to the notice sends it back to be verified anew, however often.
    assert sorted(lifted, key=len) == [(*((*once, A.SEND_BACK) * times), *once, A.CLOSE, A.LIFT) for times in range(2)]
    ended = [walked for walked, state in walks(CaseKind.EXIT, LONGEST) if state is S.ENDED]
    assert sorted(ended, key=len) == [(*walked, A.END) for walked in sorted(lifted, key=len)]


def test_nobody_is_monitored_or_no_longer_so_without_a_closed_notice() -> None:
    for walked, _ in walks(CaseKind.MONITORING, 12):
        if A.MONITOR in walked:
            at = walked.index(A.MONITOR)
            assert walked[max(0, at - 3) : at] == (A.CHECK, A.PUBLISH, A.CLOSE)
        if walked[-1:] == (A.END,):
            assert walked[-4:] == (A.PROPOSE_REMOVAL, A.PUBLISH_REMOVAL, A.CLOSE_REMOVAL, A.END)


@pytest.mark.parametrize("kind", list(CaseKind))
def test_a_status_changes_at_the_end_of_a_procedure_and_with_nothing_else(kind: CaseKind) -> None:
    changing = {action for known, action in CHANGES_STATUS if known is kind}
    for (state, action), step in TABLES[kind].items():
        if action in changing:
            assert step.levels == (Level.COUNTY,) and step.way is Way.HAND
            closed = {S.ANNOUNCED, S.NOTICE_CLOSED, S.TRACKED, S.REMOVAL_CLOSED}
            assert state in closed


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("kind", list(CaseKind))
def test_each_step_from_each_state_is_in_the_table_done_already_or_refused(kind: CaseKind, state: S) -> None:
    for action in A:
        known = TABLES[kind].get((state, action))
        if known is not None:
            assert step_for(kind, state, action) is known
        elif any(step.to is state for (_, other), step in TABLES[kind].items() if other is action):
            assert step_for(kind, state, action) is None
        else:
            with pytest.raises(Conflict) as refused:
                step_for(kind, state, action)
            assert refused.value.code == "case_elsewhere"


@pytest.mark.parametrize("kind", list(CaseKind))
def test_every_state_that_is_not_the_end_is_reached_has_somebody_to_lead_on_and_a_term(kind: CaseKind) -> None:
    reached = {FIRST[kind], *(step.to for step in TABLES[kind].values())}
    assert {state for state, _ in TABLES[kind]} <= reached
    led_on = {state for level in Level for known, state in waiting_states(level) if known is kind}
    open_states = {state for state in reached if not is_final(kind, state)}
    # Who is monitored stays so until somebody sees that the risk is over.
    assert open_states - led_on == ({S.MONITORED} if kind is CaseKind.MONITORING else set())
    due = {state for known, state in (*DUE, *DUE_FROM_OPENING) if known is kind}
    assert due == led_on


def test_what_a_vote_a_sample_or_an_objection_decides_is_on_no_officers_hand() -> None:
    for kind in CaseKind:
        for (_, action), step in TABLES[kind].items():
            if action in (A.VOTE_IN, A.VOTE_DOWN):
                assert step.way is Way.ASSEMBLY
            if action in (A.PASS_CHECK, A.PASS_REVIEW):
                assert step.way is Way.SAMPLE
            if action is A.SEND_BACK:
                assert step.way in (Way.SAMPLE, Way.OBJECTION)
            if action in (A.RETURN, A.HAND_OVER):
                assert step.way is Way.PROCEDURE and step.levels == ()


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (NoticeKind.ENTRY_FIRST, Level.TOWNSHIP),
        (NoticeKind.ENTRY_SECOND, Level.COUNTY),
        (NoticeKind.ENTRY_ANNOUNCEMENT, None),
        (NoticeKind.EXIT, Level.TOWNSHIP),
        (NoticeKind.EXIT_ANNOUNCEMENT, None),
        (NoticeKind.MONITORING, Level.TOWNSHIP),
        (NoticeKind.REMOVAL, Level.TOWNSHIP),
    ],
)
def test_objections_are_decided_a_level_above_the_notice(kind: NoticeKind, level: Level | None) -> None:
    assert deciding_level(kind) == level
