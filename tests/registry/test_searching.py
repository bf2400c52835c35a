"""One finds the household one looks for within one's own area, is counted, and leafs through nobody's files."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Forbidden, Invalid, NotFound, TooMany
from marketplace.registry.models import ChangeRequest, FileSearch, Household, RuleChange, VisitOrder
from marketplace.registry.opening import open_file
from marketplace.registry.reading import Reach
from marketplace.registry.searching import SearchResult, open_requests, search_files, village_list, visits_due
from tests import factories
from tests.registry import people

NOW = factories.NOW
OWN, SIBLING = factories.VILLAGE, "522636100002"


@pytest.fixture
def officer(session: Session) -> Account:
    """The village's officer."""
    return people.officer()


def reach(area: str = OWN) -> Reach:
    return Reach.of([area], "officer")


def home(officer: Account, village: str = OWN, **head: str) -> Household:
    """A household with a head, in a village of its own choice."""
    factories.area(village)
    typed = {"name": "杨阿山", "id_number": people.id_number(), **head}
    with transaction():
        anywhere = Reach.everywhere("a test")
        return open_file(village, typed, anywhere, people.noting(officer), joined_on=date(2020, 1, 1))


def search(word: str, officer: Account, area: str = OWN) -> SearchResult:
    with transaction():
        return search_files(word, reach(area), by=officer, now=NOW)


def test_a_household_is_found_by_its_code_its_heads_number_and_a_whole_name(officer: Account) -> None:
    number = people.id_number()
    household = home(officer, name="潘老木", id_number=number)
    for word, kind in (
        (household.code, "code"),
        (number, "id_number"),
        (f" {number.lower()} ", "id_number"),
        ("潘老木", "name"),
    ):
        found = search(word, officer)
        assert (found.kind, [row.household.code for row in found.rows]) == (kind, [household.code])
        assert found.rows[0].head == "潘*木"
    assert search("潘老", officer).rows == []


def test_every_search_is_written_down_without_its_word(officer: Account) -> None:
    household = home(officer)
    search(household.code, officer)
    search("没有人", officer)
    rows = db.session.scalars(select(FileSearch).order_by(FileSearch.id)).all()
    assert [(row.by_id, row.kind, row.found) for row in rows] == [(officer.id, "code", 1), (officer.id, "name", 0)]


def test_who_lives_beside_ones_own_area_is_not_found(officer: Account) -> None:
    number = people.id_number()
    sibling = home(officer, SIBLING, name="韦阿水", id_number=number)
    for word in (sibling.code, number, "韦阿水"):
        assert search(word, officer).rows == []
        assert len(search(word, officer, "522636100").rows) == 1


def test_a_name_with_many_bearers_says_that_there_are_more(officer: Account) -> None:
    for _ in range(21):
        home(officer, name="王芳")
    found = search("王芳", officer)
    assert (len(found.rows), found.more) == (20, True)


@pytest.mark.parametrize("word", ["", " ", "杨", "x" * 61])
def test_a_word_that_names_nobody_is_refused_and_not_counted(officer: Account, word: str) -> None:
    with pytest.raises(Invalid) as refused:
        search(word, officer)
    assert refused.value.code == "search_word"
    assert db.session.scalars(select(FileSearch)).all() == []


def test_a_number_that_no_card_has_is_said_to_be_one(officer: Account) -> None:
    with pytest.raises(Invalid) as refused:
        search("110105194912310021", officer)
    assert refused.value.code == "id_number_invalid"


def test_an_officer_searches_as_often_as_the_province_allows_and_again_later(officer: Account) -> None:
    with transaction():
        for name, value in (("searches_an_hour", 2), ("searches_a_day", 3)):
            db.session.add(
                RuleChange(
                    name=name,
                    area_code="52",
                    begins_on=date(2026, 1, 1),
                    value=value,
                    source="a test",
                    set_by_id=officer.id,
                    set_at=NOW,
                )
            )
    moments = [NOW, NOW, NOW + timedelta(minutes=61)]
    for moment in moments:
        with transaction():
            search_files("没有人", reach(), by=officer, now=moment)
    for moment, wait_s in ((NOW + timedelta(minutes=1), 3600), (NOW + timedelta(hours=3), 9 * 3600)):
        with pytest.raises(TooMany) as refused, transaction():
            search_files("没有人", reach(), by=officer, now=moment)
        assert refused.value.data["retry_after_s"] == wait_s
    with transaction():
        search_files("没有人", reach(), by=officer, now=NOW + timedelta(days=1))


def test_a_villages_list_is_for_the_township_and_up(officer: Account) -> None:
    households = [home(officer, name=name) for name in ("潘老木", "杨花")]
    with transaction():
        rows, pages = village_list(OWN, reach("522636100"), by=officer, now=NOW)
    assert [(row.household.id, row.head) for row in rows] == [(households[0].id, "潘*木"), (households[1].id, "杨*")]
    assert pages == 1
    with pytest.raises(Forbidden) as refused, transaction():
        village_list(OWN, reach(), by=officer, now=NOW)
    assert refused.value.code == "search_only"
    with pytest.raises(NotFound), transaction():
        village_list(SIBLING, reach(), by=officer, now=NOW)


def test_visits_that_are_due_are_listed_for_who_may_make_them(officer: Account) -> None:
    household, other = home(officer), people.officer(OWN, "潘干部")
    with transaction():
        for days, not_by in ((9, None), (2, officer.id)):
            db.session.add(
                VisitOrder(
                    household_id=household.id,
                    village_code=OWN,
                    cause="check",
                    asked_for=str(days),
                    not_by_id=not_by,
                    ordered_at=NOW,
                    due_on=factories.TODAY + timedelta(days=days),
                )
            )
    assert [visit.asked_for for visit, _ in visits_due(reach(), by=officer)] == ["9"]
    assert [visit.asked_for for visit, _ in visits_due(reach(), by=other)] == ["2", "9"]
    assert visits_due(reach(SIBLING), by=other) == []


def test_requests_that_wait_are_seen_within_the_area_alone(officer: Account) -> None:
    household = home(officer)
    with transaction():
        db.session.add(
            ChangeRequest(
                household_id=household.id,
                village_code=OWN,
                plain={"fuel": "gas"},
                seen={},
                how="told",
                reason="because",
                year=2025,
                proposed_by_id=officer.id,
                proposed_at=NOW,
            )
        )
    assert [found.household.id for _, found in open_requests(reach())] == [household.id]
    assert open_requests(reach(SIBLING)) == []
