"""A complaint's life: taken, answered, looked at again by somebody else, rated; and what time does to it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.complaints.clock import move_on, release_if_gone
from marketplace.complaints.following import complaint_of_code, rate, reopen, withdraw_complaint
from marketplace.complaints.handling import answer_complaint, hand_on, take_complaint
from marketplace.complaints.models import Complaint, ComplaintKind
from marketplace.complaints.queries import complaints_for, steps_of
from marketplace.complaints.states import ComplaintAction, ComplaintState
from marketplace.identity.models import RoleKind
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.registry.rules import set_rule
from tests import factories
from tests.complaints.world import ABOUT_OFFICE, ADVICE, CITY, COUNTY, PROVINCE, TOWNSHIP, filed, world
from tests.factories import NOW, VILLAGE


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "area", "made_on", "answer_by"),
    [
        # Ten and twenty working days in Guizhou over the holidays of October 2015, of which the 10th was worked.
        (ComplaintKind.ADVICE, VILLAGE, date(2015, 9, 28), date(2015, 10, 16)),
        (ComplaintKind.INVESTIGATION, VILLAGE, date(2015, 9, 28), date(2015, 10, 30)),
        # The last working day of the year is its own last day; the next ones are of the new year.
        (ComplaintKind.ADVICE, VILLAGE, date(2015, 12, 17), date(2015, 12, 31)),
        (ComplaintKind.ADVICE, VILLAGE, date(2015, 12, 18), date(2016, 1, 4)),
        (ComplaintKind.ADVICE, "150102001001", date(2015, 9, 28), date(2015, 10, 13)),
        (ComplaintKind.MONEY, "150102001001", date(2015, 9, 28), date(2015, 10, 13)),
        (ComplaintKind.ADVICE, "110101001001", date(2015, 9, 28), date(2015, 11, 27)),
    ],
)
def test_the_answer_is_due_by_the_provinces_rule(
    acting: Session, kind: ComplaintKind, area: str, made_on: date, answer_by: date
) -> None:
    factories.area(area)
    complaint, _ = filed(ADVICE, kind=kind, area_code=area, now=at(made_on))
    assert complaint.answer_by == answer_by


def test_a_rule_that_begins_tomorrow_is_not_followed_today(acting: Session) -> None:
    there = world()
    tomorrow = date(2026, 6, 2)
    name, by = "complaint.answer_advice", there.officers[PROVINCE]
    set_rule(name, PROVINCE, tomorrow, {"days": 1}, "文件", by=by, now=at(date(2026, 6, 1)))
    today, _ = filed(ADVICE, now=at(date(2026, 6, 1)))
    later, _ = filed(ADVICE, now=at(tomorrow))
    assert (today.answer_by, later.answer_by) == (date(2026, 6, 15), date(2026, 6, 3))


def test_from_the_desk_to_the_stars(acting: Session) -> None:
    there = world()
    complaint, code = filed()
    first, second = there.auditors[COUNTY], there.second_auditor
    assert take_complaint(complaint, by=first, now=NOW)
    assert not take_complaint(complaint, by=first, now=NOW)
    with pytest.raises(Conflict, match="Somebody else has taken this on"):
        take_complaint(complaint, by=second, now=NOW)
    with pytest.raises(Forbidden):
        answer_complaint(complaint, "查过了", by=second, now=NOW)
    assert answer_complaint(complaint, "查过了，钱已退回。", "凭证 7 号", by=first, now=NOW)
    assert not answer_complaint(complaint, "查过了，钱已退回。", by=first, now=NOW)
    assert [(row.action, row.words, row.evidence) for row in steps_of(complaint, told=True)] == [
        ("answer", "查过了，钱已退回。", "凭证 7 号")
    ]
    assert rate(code.upper().replace("-", " "), 4, "好", now=NOW)
    assert not rate(code, 4, now=NOW)
    assert (complaint.state, complaint.rating, complaint.due_on) == (ComplaintState.CLOSED, 4, None)
    with pytest.raises(Conflict):
        reopen(code, "还是不对", now=NOW)


def test_what_is_reopened_goes_a_level_up_and_to_somebody_else(acting: Session) -> None:
    there = world()
    complaint, code = filed()
    take_complaint(complaint, by=there.auditors[CITY], now=NOW)
    answer_complaint(complaint, "没有问题", declined=True, by=there.auditors[CITY], now=NOW)
    assert reopen(code, "我有收据", now=NOW)
    assert not reopen(code, "我有收据", now=NOW)
    assert (complaint.state, complaint.heard_at, complaint.reopenings) == (ComplaintState.RECEIVED, CITY, 1)
    assert complaints_for(there.auditors[COUNTY]) == []
    with pytest.raises(Forbidden):
        take_complaint(complaint, by=there.auditors[CITY], now=NOW)


def test_a_complaint_is_handed_on_only_to_who_may_read_it(acting: Session) -> None:
    there = world()
    complaint, _ = filed()
    take_complaint(complaint, by=there.auditors[COUNTY], now=NOW)
    for wrong in (there.officers[TOWNSHIP], there.officers[PROVINCE], there.stranger, there.auditors[COUNTY]):
        with pytest.raises(Invalid):
            hand_on(complaint, wrong, by=there.auditors[COUNTY], now=NOW)
    hand_on(complaint, there.second_auditor, by=there.auditors[COUNTY], now=NOW)
    assert complaint.handler_id == there.second_auditor.id


def test_a_day_gone_by_takes_the_complaint_a_level_up_and_only_once(acting: Session) -> None:
    there = world()
    complaint, _ = filed(now=at(date(2026, 6, 1)))
    assert complaint.due_on == date(2026, 6, 4)
    take_complaint(complaint, by=there.auditors[COUNTY], now=at(date(2026, 6, 4)))
    assert complaint.due_on == complaint.answer_by
    assert move_on(complaint.id, now=at(complaint.answer_by)) is None
    late = at(complaint.answer_by + timedelta(days=1))
    assert move_on(complaint.id, now=late) is ComplaintAction.ESCALATE
    assert move_on(complaint.id, now=late) is None
    assert (complaint.state, complaint.heard_at, complaint.handler_id) == (ComplaintState.RECEIVED, CITY, None)
    assert complaints_for(there.auditors[COUNTY]) == []
    assert complaints_for(there.auditors[CITY]) == [complaint]
    with pytest.raises(NotFound):
        take_complaint(complaint, by=there.auditors[COUNTY], now=late)


def test_at_the_top_the_day_is_set_anew(acting: Session) -> None:
    there = world()
    complaint, _ = filed(ADVICE, area_code=PROVINCE, now=at(date(2026, 6, 1)))
    assert move_on(complaint.id, now=at(date(2026, 6, 5))) is ComplaintAction.ESCALATE
    assert (complaint.heard_at, complaint.due_on, complaint.escalations) == (PROVINCE, date(2026, 6, 12), 1)
    assert complaints_for(there.officers[PROVINCE]) == [complaint]


def test_an_answer_that_nobody_objects_to_closes_the_complaint(acting: Session) -> None:
    there = world()
    complaint, _ = filed()
    take_complaint(complaint, by=there.auditors[COUNTY], now=NOW)
    answer_complaint(complaint, "查过了", by=there.auditors[COUNTY], now=NOW)
    assert move_on(complaint.id, now=NOW + timedelta(days=30)) is None
    assert move_on(complaint.id, now=NOW + timedelta(days=31)) is ComplaintAction.LAPSE
    assert complaint.state == ComplaintState.CLOSED


def test_a_handler_who_leaves_office_leaves_the_complaint_to_the_desk(acting: Session) -> None:
    there = world()
    complaint, _ = filed()
    leaver = there.auditors[COUNTY]
    take_complaint(complaint, by=leaver, now=NOW)
    assert not release_if_gone(complaint.id, now=NOW)
    acting.execute(text("DELETE FROM role WHERE account_id = :id"), {"id": leaver.id})
    acting.expire_all()
    assert release_if_gone(complaint.id, now=NOW)
    assert not release_if_gone(complaint.id, now=NOW)
    assert complaint.state == ComplaintState.RECEIVED
    assert complaints_for(there.second_auditor) == [complaint]


def test_who_sent_it_takes_it_back_before_an_answer_and_not_after(acting: Session) -> None:
    there = world()
    complaint, code = filed()
    assert withdraw_complaint(code, now=NOW)
    assert not withdraw_complaint(code, now=NOW)
    with pytest.raises(Conflict):
        take_complaint(complaint, by=there.auditors[COUNTY], now=NOW)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"words": "  "}, "complaint_words"),
        ({"words": "字" * 2_001}, "complaint_words"),
        ({"office_code": "522631"}, "complaint_office"),
        ({"area_code": "999999"}, "area_unknown"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name_and_nothing_is_kept(acting: Session, more: dict[str, Any], code: str) -> None:
    world()
    with pytest.raises(DomainError) as refused:
        filed(**more)
    assert (refused.value.code, acting.query(Complaint).count()) == (code, 0)


def test_a_code_that_was_never_given_out_opens_nothing(acting: Session) -> None:
    world()
    _, code = filed()
    with pytest.raises(NotFound):
        complaint_of_code(code[:-1] + ("2" if code[-1] != "2" else "3"))


def test_a_complaint_without_a_name_keeps_nothing_of_its_sender(acting: Session) -> None:
    there = world()
    complaint, code = filed()
    assert complaint.anonymous
    kept = acting.execute(text("SELECT row_to_json(complaint)::text FROM complaint")).scalar_one()
    assert code not in kept
    assert code.replace("-", "") not in kept
    # Not even the database lets an account hang on it.
    with pytest.raises(IntegrityError, match="ck_complaint_anonymous_is_nobody"), acting.begin_nested():
        acting.execute(text("UPDATE complaint SET complainant_id = :id"), {"id": there.stranger.id})
    with pytest.raises(IntegrityError, match="ck_complaint_step_complainant_is_nobody"), acting.begin_nested():
        acting.execute(
            text(
                "INSERT INTO complaint_step (complaint_id, action, actor, by_id, words, evidence, told, done_on)"
                " VALUES (:complaint, 'rate', 'complainant', :id, '', '', true, now())"
            ),
            {"complaint": complaint.id, "id": there.stranger.id},
        )


def test_what_was_said_cannot_be_unsaid(acting: Session) -> None:
    there = world()
    complaint, _ = filed(ABOUT_OFFICE)
    take_complaint(complaint, by=there.auditors[COUNTY], now=NOW)
    for statement in ("DELETE FROM complaint_step", "UPDATE complaint_step SET told = true"):
        with pytest.raises(IntegrityError), acting.begin_nested():
            acting.execute(text(statement))


def test_roles_of_consumers_and_operators_hear_nothing(acting: Session) -> None:
    world()
    filed()
    filed(ADVICE)
    for kind in (RoleKind.CONSUMER, RoleKind.FARMER, RoleKind.ENTERPRISE, RoleKind.OPERATOR):
        assert complaints_for(factories.account((kind, ""))) == []
