"""In: applications, the assembly's quorum and votes, notices of full length, samples, the status at the end."""

from datetime import date

import pytest
from sqlalchemy import select

from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.cases.opening import open_entry
from marketplace.registry.cases.permissions import Taker
from marketplace.registry.cases.rounds import Votes, has_majority, has_quorum, hold_assembly, live_cases
from marketplace.registry.cases.samples import current_sample, drawn, record_finding, sample_size, visits_of
from marketplace.registry.cases.statuses import category_on
from marketplace.registry.models import Assembly, Case, CaseAction, CaseSource, CaseState, StatusCategory, VisitOrder
from marketplace.registry.reading import unbounded
from tests import factories
from tests.registry import people
from tests.registry.cases.village import Village

A = CaseAction


def states(place: Village, case: Case) -> list[str]:
    return [each.state for each in live_cases(place.round_of(case))]


def test_a_household_is_registered_at_the_end_of_the_whole_way_and_not_a_day_before(place: Village) -> None:
    household = place.household()
    case = place.apply(household)
    village_round = place.round_of(case)
    place.to_first_closed(village_round)
    place.to_second_closed(village_round)
    place.to_announced(village_round)
    assert category_on(household.id, place.today) is None

    assert place.together(village_round, A.REGISTER, place.county[1])
    assert category_on(household.id, place.today) == StatusCategory.POOR
    assert category_on(household.id, date.fromordinal(place.today.toordinal() - 1)) is None
    assert (case.state, case.ended_on) == (CaseState.REGISTERED, place.today)


@pytest.mark.parametrize(
    ("present", "entitled", "counted"), [(20, 30, True), (19, 30, False), (67, 100, True), (66, 100, False), (2, 3, True)]
)
def test_two_thirds_must_come_and_exactly_two_thirds_are_enough(present: int, entitled: int, counted: bool) -> None:
    assert has_quorum(present, entitled, (2, 3)) is counted


@pytest.mark.parametrize(("in_favour", "accepted"), [(10, False), (11, True), (20, True), (0, False)])
def test_half_of_those_present_is_not_enough(in_favour: int, accepted: bool) -> None:
    assert has_majority(in_favour, 20, (1, 2)) is accepted


def test_an_assembly_without_its_quorum_is_written_down_and_changes_nothing(place: Village) -> None:
    case = place.apply(place.household())
    village_round = place.round_of(case)
    assert not place.assembly(village_round, present=19, in_favour=14)
    assert states(place, case) == ["applied"]
    assert village_round.closed_on is None
    assert [row.counted for row in db.session.scalars(select(Assembly))] == [False]
    assert place.assembly(village_round, present=20)
    assert states(place, case) == ["voted"]


def test_each_application_stands_for_itself_in_the_vote(place: Village) -> None:
    accepted, rejected = place.apply(place.household()), place.apply(place.household(name="潘老二"))
    votes = {accepted.public_id: Votes(11, 9), rejected.public_id: Votes(10, 2)}
    with transaction():
        hold_assembly(place.round_of(accepted), place.today, 30, 20, votes, Taker(place.village[0]), now=place.now)
    assert (accepted.state, rejected.state) == ("voted", "refused")


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ({"present": 31}, "assembly_invalid"),
        ({"entitled": 0, "present": 0}, "assembly_invalid"),
        ({"in_favour": 16, "against": 5}, "votes_invalid"),
        ({"in_favour": -1}, "votes_invalid"),
    ],
)
def test_numbers_that_cannot_be_are_refused_and_nothing_is_kept(place: Village, numbers: dict[str, int], code: str) -> None:
    case = place.apply(place.household())
    with pytest.raises(Invalid) as refused:
        place.assembly(place.round_of(case), **numbers)
    assert refused.value.code == code
    assert db.session.scalars(select(Assembly)).all() == []


def test_an_application_without_its_votes_stops_the_assembly(place: Village) -> None:
    case = place.apply(place.household())
    with pytest.raises(Invalid) as refused, transaction():
        hold_assembly(place.round_of(case), place.today, 30, 20, {}, Taker(place.village[0]), now=place.now)
    assert refused.value.code == "votes_missing"


def test_applications_after_the_vote_wait_for_the_next_round(place: Village) -> None:
    first, second = place.apply(place.household()), place.apply(place.household())
    assert first.round_id == second.round_id
    place.assembly(place.round_of(first))
    assert place.apply(place.household()).round_id != first.round_id


def test_a_notice_of_ten_days_in_guizhou_is_closed_on_the_eleventh_and_not_before(place: Village) -> None:
    village_round = place.round_of(place.apply(place.household()))
    place.assembly(village_round)
    place.together(village_round, A.PUBLISH_FIRST, place.village[0])
    place.wait(10)
    with pytest.raises(Conflict) as refused:
        place.together(village_round, A.CLOSE_FIRST, place.village[0])
    assert (refused.value.code, refused.value.data) == ("too_early", {"day": "2026-06-26"})
    place.wait(1)
    assert place.together(village_round, A.CLOSE_FIRST, place.village[0])


def test_the_steps_of_a_round_are_not_taken_of_one_application(place: Village) -> None:
    case = place.apply(place.household())
    place.assembly(place.round_of(case))
    with pytest.raises(Conflict) as refused:
        place.take(case, A.PUBLISH_FIRST, place.village[0])
    assert refused.value.code == "in_a_round"


@pytest.mark.parametrize(("number", "share", "size"), [(1, 2000, 1), (5, 2000, 1), (6, 2000, 2), (10, 1000, 1), (11, 1000, 2)])
def test_a_sample_is_never_smaller_than_its_share(number: int, share: int, size: int) -> None:
    assert sample_size(number, share) == size


def test_a_sample_can_be_drawn_again_from_what_is_written_down(place: Village) -> None:
    cases = [place.apply(place.household(name=f"杨{number}山")) for number in "一二三四五六七"]
    village_round = place.round_of(cases[0])
    place.to_first_closed(village_round)
    sample = current_sample(village_round)
    assert sample is not None and (sample.drawn_from, sample.share_bp) == (7, 2000)
    again = drawn(sample.seed, [case.public_id for case in reversed(cases)], sample.share_bp)
    assert sorted(case.public_id for _, case, _ in visits_of(sample)) == again
    assert len(again) == 2
    ordered = db.session.scalars(unbounded(select(VisitOrder.asked_for), "a test")).all()
    assert sorted(ordered) == again


def test_a_round_does_not_pass_before_its_sample_was_visited(place: Village) -> None:
    village_round = place.round_of(place.apply(place.household()))
    place.to_first_closed(village_round)
    with pytest.raises(Conflict) as refused:
        place.decide(village_round, place.township[0])
    assert refused.value.code == "sample_open"


def test_one_unfit_household_in_the_sample_sends_the_township_s_round_back_to_the_assembly(place: Village) -> None:
    cases = [place.apply(place.household()) for _ in range(6)]
    village_round = place.round_of(cases[0])
    place.to_first_closed(village_round)
    sample = current_sample(village_round)
    assert sample is not None
    unfit = visits_of(sample)[0][1]
    place.visit_sample(village_round, place.township[1], unfit=frozenset({unfit.id}))
    assert not place.decide(village_round, place.township[0])
    assert unfit.state == "refused"
    assert states(place, cases[0]) == ["applied"] * 5

    place.to_first_closed(village_round)
    again = current_sample(village_round)
    assert again is not None and again.turn == 2 and again.seed != sample.seed


def test_an_unfit_household_cannot_be_refused_out_of_the_sample(place: Village) -> None:
    cases = [place.apply(place.household()) for _ in range(6)]
    village_round = place.round_of(cases[0])
    place.to_first_closed(village_round)
    sample = current_sample(village_round)
    assert sample is not None
    place.take(visits_of(sample)[0][1], A.REFUSE, place.township[0], "有一辆轿车")
    for visit, case, _ in visits_of(sample):
        if visit.fit is None and case.ended_on is None:
            with transaction():
                record_finding(case, village_round, True, "符合", Taker(place.township[1]), now=place.now)
    assert not place.decide(village_round, place.township[0])
    assert states(place, cases[0]) == ["applied"] * 5


def test_what_the_county_sends_back_the_township_looks_at_again_and_the_second_notice_hangs_again(place: Village) -> None:
    cases = [place.apply(place.household()) for _ in range(11)]
    village_round = place.round_of(cases[0])
    place.to_first_closed(village_round)
    place.to_second_closed(village_round)
    sample = current_sample(village_round)
    assert sample is not None and sample.stage == "review"
    unfit = visits_of(sample)[0][1]
    place.visit_sample(village_round, place.county[1], unfit=frozenset({unfit.id}))
    assert not place.decide(village_round, place.county[0])
    assert states(place, cases[0]) == ["first_closed"] * 10
    again = current_sample(village_round)
    assert again is not None and (again.stage, again.turn, again.drawn_from) == ("check", 2, 10)
    third = people.officer("522636100", "镇丙")
    place.visit_sample(village_round, third)
    assert place.decide(village_round, place.township[0])
    assert states(place, cases[0]) == ["checked"] * 10


def test_a_sample_is_visited_by_people_without_a_part_in_the_case(place: Village) -> None:
    case = place.apply(place.household())
    village_round = place.round_of(case)
    place.to_first_closed(village_round)
    both = factories.account((RoleKind.OFFICER, "522636100"), (RoleKind.OFFICER, factories.VILLAGE))
    case.opened_by_id = both.id
    db.session.commit()
    for by, code in ((both, "same_person"), (place.county[0], "other_level"), (place.village[0], "other_level")):
        with pytest.raises(Forbidden) as refused, transaction():
            record_finding(case, village_round, True, "符合", Taker(by), now=place.now)
        assert refused.value.code == code
    place.visit_sample(village_round, place.township[1])
    with pytest.raises(Conflict) as twice, transaction():
        record_finding(case, village_round, False, "不符合", Taker(place.township[0]), now=place.now)
    assert twice.value.code == "finding_written"


def test_who_reviewed_does_not_register(place: Village) -> None:
    village_round = place.round_of(place.apply(place.household()))
    place.to_first_closed(village_round)
    place.to_second_closed(village_round)
    place.to_announced(village_round)
    with pytest.raises(Forbidden) as refused:
        place.together(village_round, A.REGISTER, place.county[0])
    assert refused.value.code == "same_person"


def test_a_household_applies_once_at_a_time_and_not_while_it_is_poor(place: Village) -> None:
    household, poor = place.household(), place.household(poor=True)
    place.apply(household)
    for which, code in ((household, "case_open"), (poor, "status_elsewhere")):
        with pytest.raises(Conflict) as refused:
            place.apply(which)
        assert refused.value.code == code


def test_an_application_is_taken_back_by_the_household_before_the_vote_and_not_after(place: Village) -> None:
    household, farmer = place.household(), factories.account(name="杨阿山")
    case = place.apply(household)
    place.take(case, A.WITHDRAW, farmer, as_household=True)
    assert case.state == "withdrawn"
    again = place.apply(household)
    place.assembly(place.round_of(again))
    with pytest.raises(Conflict):
        place.take(again, A.WITHDRAW, farmer, as_household=True)


def test_the_household_takes_no_officers_step(place: Village) -> None:
    case = place.exit(place.household(poor=True))
    with pytest.raises(Forbidden) as refused:
        place.take(case, A.VERIFY, factories.account(), as_household=True)
    assert refused.value.code == "officers_only"


@pytest.mark.parametrize(
    ("area", "error"),
    [("522636100002", NotFound), ("522636101", NotFound), ("522635", NotFound), ("522636", Forbidden), ("52", Forbidden)],
)
def test_an_application_is_written_down_in_its_own_village_or_township(
    place: Village, area: str, error: type[Exception]
) -> None:
    household = place.household()
    with pytest.raises(error), transaction():
        open_entry(household, CaseSource.OFFICER, Taker(people.officer(area)), now=place.now)
