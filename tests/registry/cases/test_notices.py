"""Notices: what everybody may see and for how long, and what can be said against them."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.cases.notices import (
    open_notices,
    prolong,
    public_notices,
    read_notice,
    sheet,
    villages_with_notices,
)
from marketplace.registry.cases.objections import decide_objection, get_objection, object_to
from marketplace.registry.cases.reading_cases import objections_due
from marketplace.registry.cases.samples import current_sample
from marketplace.registry.models import Case, CaseAction, Notice, Objection, Round
from marketplace.registry.reading import Reach, unbounded
from tests import factories
from tests.registry.cases.village import VILLAGE, Village

A = CaseAction


@pytest.fixture
def hung(place: Village) -> tuple[Round, list[Case], Notice]:
    """Two applications on their first notice."""
    cases = [place.apply(place.household(name="杨阿山")), place.apply(place.household(name="欧阳小妹"))]
    village_round = place.round_of(cases[0])
    place.assembly(village_round)
    place.together(village_round, A.PUBLISH_FIRST, place.village[0])
    (notice,) = open_notices([case.id for case in cases])
    return village_round, cases, notice


Hung = tuple[Round, list[Case], Notice]


def objection(place: Village, notice: Notice, position: int | None = 1, words: str = "他家有小轿车") -> Objection:
    with transaction():
        return object_to(notice, position, words, "", now=place.now)


def test_a_notice_shows_family_names_numbers_of_persons_and_votes(place: Village, hung: Hung) -> None:
    shown = read_notice(hung[2].public_id, now=place.now)
    assert [(line.shown_as, line.persons, line.in_favour, line.against) for line in shown.lines] == [
        ("杨某", 1, 15, 5),
        ("欧阳某", 1, 15, 5),
    ]
    assert shown.assembly is not None and (shown.assembly.present, shown.assembly.entitled) == (20, 30)


def test_its_page_is_gone_three_days_after_its_last(place: Village, hung: Hung) -> None:
    notice = hung[2]
    assert (notice.published_on, notice.closes_on, notice.gone_on) == (
        date(2026, 6, 15),
        date(2026, 6, 25),
        date(2026, 6, 28),
    )
    place.wait(13)
    assert [row.id for row in public_notices(VILLAGE, now=place.now)] == [notice.id]
    assert read_notice(notice.public_id, now=place.now).notice is notice
    place.wait(1)
    assert public_notices(VILLAGE, now=place.now) == []
    with pytest.raises(NotFound) as gone:
        read_notice(notice.public_id, now=place.now)
    assert gone.value.code == "notice_over"


def test_the_sheet_has_whole_names_and_only_for_officers_of_the_area(place: Village, hung: Hung) -> None:
    names = [name for _, _, name in sheet(hung[2], Reach.of([VILLAGE], "officer"))]
    assert names == ["杨阿山", "欧阳小妹"]
    with pytest.raises(NotFound):
        sheet(hung[2], Reach.of(["522636100002"], "officer"))


def test_an_open_objection_stops_the_step_behind_its_notice(place: Village, hung: Hung) -> None:
    village_round, cases, notice = hung
    made = objection(place, notice)
    place.wait(11)
    with pytest.raises(Conflict) as refused:
        place.together(village_round, A.CLOSE_FIRST, place.village[0])
    assert refused.value.code == "objection_open"
    with transaction():
        assert decide_objection(made, False, "看过，没有车", place.township[0], now=place.now)
    assert place.together(village_round, A.CLOSE_FIRST, place.village[0])
    assert {case.state for case in cases} == {"first_closed"}


def test_one_that_is_upheld_ends_that_households_case_alone_and_takes_it_off_the_page(place: Village, hung: Hung) -> None:
    _, cases, notice = hung
    made = objection(place, notice)
    with transaction():
        decide_objection(made, True, "属实", place.township[0], now=place.now)
    assert [case.state for case in cases] == ["refused", "first_notice"]
    assert [line.shown_as for line in read_notice(notice.public_id, now=place.now).lines] == ["欧阳某"]


def test_one_to_the_list_as_a_whole_that_is_rejected_changes_nothing(place: Village, hung: Hung) -> None:
    made = objection(place, hung[2], None, "漏了杨老三家")
    with transaction():
        decide_objection(made, False, "他没有申请", place.township[0], now=place.now)
    assert {case.state for case in hung[1]} == {"first_notice"}
    assert [row.id for row in public_notices(VILLAGE, now=place.now)] == [hung[2].id]


def test_one_to_the_list_as_a_whole_that_is_upheld_takes_it_down_and_sends_all_back_to_the_assembly(
    place: Village, hung: Hung
) -> None:
    village_round, cases, notice = hung
    another = objection(place, notice, 1, "他家有车")
    made = objection(place, notice, None, "开会没有通知二组")
    place.wait(2)
    with transaction():
        assert decide_objection(made, True, "属实，重新开会", place.township[0], now=place.now)
    assert {case.state for case in cases} == {"applied"}
    assert {(case.not_before_on, case.due_on) for case in cases} == {(None, place.today + timedelta(days=30))}
    assert (notice.closed_on, notice.stopped_on) == (place.today, place.today)
    assert public_notices(VILLAGE, now=place.now) == [] and villages_with_notices("52", now=place.now) == {}
    with pytest.raises(NotFound):
        read_notice(notice.public_id, now=place.now)
    with pytest.raises(Conflict):
        objection(place, notice)
    # What else was said against it is answered, and moves nothing.
    with transaction():
        assert decide_objection(another, True, "一并重新核实", place.township[0], now=place.now)
    assert {case.state for case in cases} == {"applied"}
    # The round goes its whole way again.
    assert place.assembly(village_round)
    assert place.together(village_round, A.PUBLISH_FIRST, place.village[0])
    assert {case.state for case in cases} == {"first_notice"}


def test_a_second_notice_that_was_wrong_as_a_whole_goes_back_to_a_new_sample_of_the_township(
    place: Village, hung: Hung
) -> None:
    village_round, cases, _ = hung
    place.wait(11)
    place.together(village_round, A.CLOSE_FIRST, place.village[0])
    place.visit_sample(village_round, place.township[1])
    assert place.decide(village_round, place.township[1])
    place.together(village_round, A.PUBLISH_SECOND, place.township[0])
    notice = db.session.scalars(select(Notice).filter_by(kind="entry_second")).one()
    made = objection(place, notice, None, "核查走过场")
    with transaction():
        decide_objection(made, True, "属实，重新核查", place.county[0], now=place.now)
    assert {case.state for case in cases} == {"first_closed"}
    sample = current_sample(village_round)
    assert sample is not None and (sample.stage, sample.turn) == ("check", 2)


def test_an_exit_whose_notice_was_wrong_is_verified_anew(place: Village) -> None:
    case = place.exit(place.household(poor=True))
    for action, by in ((A.VERIFY, place.village[0]), (A.VERIFY_AGAIN, place.village[1])):
        place.take(case, action, by)
    place.take(case, A.AGREE, place.township[0], "同意")
    place.take(case, A.PUBLISH, place.village[0])
    notice = db.session.scalars(select(Notice)).one()
    made = objection(place, notice, None, "收入算错了")
    with transaction():
        decide_objection(made, True, "重新核实", place.township[1], now=place.now)
    assert (case.state, case.not_before_on, notice.stopped_on) == ("proposed", None, place.today)


def test_the_level_above_decides_and_nobody_who_wrote_the_objection_down(place: Village, hung: Hung) -> None:
    notice = hung[2]
    with transaction():
        made = object_to(notice, 1, "他家有小轿车", "", now=place.now, told_to=place.township[0])
    for by, code in (
        (place.village[1], "other_level"),
        (place.county[0], "other_level"),
        (place.township[0], "same_person"),
    ):
        with pytest.raises(Forbidden) as refused, transaction():
            decide_objection(made, True, "属实", by, now=place.now)
        assert refused.value.code == code
    with pytest.raises(Invalid) as silent, transaction():
        decide_objection(made, True, " ", place.township[1], now=place.now)
    assert silent.value.code == "reason_needed"
    with transaction():
        decide_objection(made, True, "属实", place.township[1], now=place.now)
        assert not decide_objection(made, True, "属实", place.township[1], now=place.now)
    with pytest.raises(Conflict), transaction():
        decide_objection(made, False, "不属实", place.township[1], now=place.now)


def test_an_objection_is_on_the_list_of_whoever_decides_it(place: Village, hung: Hung) -> None:
    made = objection(place, hung[2])
    reach = Reach.of(["522636"], "officer")
    assert [row.id for row, _ in objections_due(place.township[0], VILLAGE, reach)] == [made.id]
    assert objections_due(place.county[0], VILLAGE, reach) == []
    with pytest.raises(NotFound):
        get_objection(made.public_id, Reach.of(["522636100002"], "officer"))


def test_words_and_contact_do_not_lie_open(place: Village, hung: Hung) -> None:
    with transaction():
        object_to(hung[2], 1, "金丝雀说他有车", "138金丝雀", now=place.now)
    from sqlalchemy import text

    rows = db.session.execute(unbounded(text("SELECT case_objection::text FROM case_objection"), "what lies open")).all()
    assert "金丝雀" not in str(rows) and len(rows) == 1


@pytest.mark.parametrize(
    ("position", "words", "contact"),
    [(1, "", ""), (1, "词" * 1001, ""), (3, "有车", ""), (0, "有车", ""), (1, "有车", "9" * 121)],
)
def test_an_objection_that_says_nothing_or_too_much_is_refused(
    place: Village, hung: Hung, position: int, words: str, contact: str
) -> None:
    with pytest.raises(Invalid) as refused, transaction():
        object_to(hung[2], position, words, contact, now=place.now)
    assert refused.value.code == "objection_invalid"


def test_nobody_objects_to_a_closed_notice_or_an_announcement(place: Village, hung: Hung) -> None:
    village_round, cases, notice = hung
    place.wait(11)
    place.together(village_round, A.CLOSE_FIRST, place.village[0])
    place.to_second_closed(village_round)
    place.to_announced(village_round)
    (announcement,) = open_notices([case.id for case in cases])
    for each in (notice, announcement):
        with pytest.raises(Conflict) as refused:
            objection(place, each)
        assert refused.value.code == "notice_closed"


def test_a_notice_that_is_prolonged_moves_every_clock_behind_it(place: Village, hung: Hung) -> None:
    village_round, cases, notice = hung
    with transaction():
        prolong(notice, 4, place.village[0], now=place.now)
    assert (notice.closes_on, notice.gone_on) == (date(2026, 6, 29), date(2026, 7, 2))
    assert {case.not_before_on for case in cases} == {date(2026, 6, 30)}
    place.wait(11)
    with pytest.raises(Conflict):
        place.together(village_round, A.CLOSE_FIRST, place.village[0])
    for days, by, error in ((0, 0, Invalid), (31, 0, Invalid)):
        with pytest.raises(error), transaction():
            prolong(notice, days, place.village[by], now=place.now)
    with pytest.raises(Forbidden), transaction():
        prolong(notice, 1, place.township[0], now=place.now)


def test_deadlines_over_the_national_day_leave_the_holidays_out(place: Village) -> None:
    # 28 September 2026 and three working days: the first week of October is free, and 10 October, a Saturday, is worked.
    place.now = factories.NOW + timedelta(days=107)
    case = place.apply(place.household())
    place.assembly(place.round_of(case))
    assert place.today == date(2026, 9, 30)
    assert case.due_on == date(2026, 10, 10)
