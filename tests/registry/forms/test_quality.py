"""Flags: what raises one, what does not, what cannot be looked at; and whose households are seen again."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden
from marketplace.registry.forms.fingerprints import differing_bits, fingerprint, tells_something
from marketplace.registry.forms.processing import process
from marketplace.registry.forms.quality import QUALITY, RULES, Made, Place, distance_m, flags, unchecked
from marketplace.registry.forms.receiving import receive
from marketplace.registry.forms.revisits import draw, draw_week, week_of
from marketplace.registry.models import AreaPlace, FormSubmission, RuleChange, VisitOrder
from marketplace.registry.reading import unbounded
from marketplace.registry.visits import open_orders, record_visit
from tests import factories
from tests.registry import people
from tests.registry.forms import fieldwork
from tests.registry.forms.fieldwork import NOW

USUAL: dict[str, Any] = next(rule.value for rule in RULES if rule.name == QUALITY)
# Made between 11:35 and noon, two hundred metres from the middle of a village of three kilometres.
GOOD = Made(
    received_at=NOW,
    began_at=NOW - timedelta(minutes=25),
    ended_at=NOW,
    answered=60,
    choices=(0, 1, 2, 0, 1, 3, 0, 0, 1, 1, 4, 2),
    latitude=26.2018,
    longitude=107.8,
    accuracy_m=8.0,
    village=Place(26.2, 107.8, 3000),
    nearest_photo_bits=30,
)


def raised(made: Made) -> list[tuple[str, dict[str, Any]]]:
    return [(flag.kind.value, flag.figures) for flag in flags(made, USUAL)]


def test_a_good_interview_raises_no_flag() -> None:
    assert raised(GOOD) == [] and unchecked(GOOD) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"latitude": 26.23}, [("outside", {"distance_m": 3336, "radius_m": 3000})]),
        # What the device itself says to be uncertain is not held against it.
        ({"latitude": 26.23, "accuracy_m": 400.0}, []),
        ({"began_at": NOW - timedelta(seconds=119)}, [("fast", {"seconds": 119, "questions": 60})]),
        ({"began_at": NOW - timedelta(seconds=120)}, []),
        ({"choices": (0,) * 11 + (1,)}, [("straight", {"same": 11, "choices": 12})]),
        ({"choices": (0,) * 10 + (1, 1)}, []),
        ({"choices": (0,) * 11}, []),
        ({"nearest_photo_bits": 6}, [("photo", {"bits": 6})]),
        ({"nearest_photo_bits": 7}, []),
        ({"ended_at": NOW + timedelta(minutes=11)}, [("clock", {"minutes": 11})]),
        ({"ended_at": NOW + timedelta(minutes=10)}, []),
        # 22:00 in the village is 14:00 in UTC, 05:59 is 21:59 of the day before.
        ({"received_at": NOW + timedelta(hours=11), "ended_at": NOW + timedelta(hours=10)}, [("night", {"time": "22:00"})]),
        ({"received_at": NOW + timedelta(hours=11), "ended_at": NOW + timedelta(hours=9, minutes=59)}, []),
    ],
)
def test_each_flag_is_raised_at_its_parameter_and_not_before(change: dict[str, Any], expected: list[Any]) -> None:
    assert raised(replace(GOOD, **change)) == expected


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"village": None, "latitude": 40.0}, ["outside"]),
        ({"latitude": None, "longitude": None}, ["outside"]),
        ({"began_at": None}, ["fast"]),
        ({"ended_at": None, "received_at": NOW + timedelta(hours=11)}, ["fast", "clock", "night"]),
        ({"nearest_photo_bits": None, "choices": ()}, []),
    ],
)
def test_what_is_not_known_raises_no_flag_and_is_said(change: dict[str, Any], missing: list[str]) -> None:
    made = replace(GOOD, **change)
    assert (raised(made), unchecked(made)) == ([], missing)


def test_a_way_is_as_long_as_it_is() -> None:
    # A degree of a meridian on a sphere of 6371 km; and from Guiyang to Kaili.
    assert distance_m(0, 0, 1, 0) == pytest.approx(111_194.93, abs=0.01)
    assert distance_m(26.647, 106.630, 26.583, 107.980) == pytest.approx(134_300, rel=0.002)


def test_a_photo_is_known_again_smaller_and_worse_and_another_is_not() -> None:
    def bits(content: bytes) -> int:
        return fingerprint(content)

    one = bits(fieldwork.photo(1))
    assert differing_bits(one, bits(fieldwork.photo(1, size=(320, 240), quality=30))) <= 2
    assert all(differing_bits(one, bits(fieldwork.photo(seed))) > 12 for seed in range(2, 12))
    assert -(2**63) <= one < 2**63 and tells_something(one) and not tells_something(0) and not tells_something(-1)


@pytest.fixture
def officer(session: Session) -> Account:
    fieldwork.standard()
    return people.officer()


def send(household: str, by: Account, folder: Path, media: dict[str, bytes] | None = None, **answers: Any) -> FormSubmission:
    raw = fieldwork.xml(household, answers)
    with transaction():
        number = receive(raw, "xml", media or {}, by=by, channel="openrosa", now=NOW).id
        return process(number, folder, now=NOW)


def kinds(submission: FormSubmission) -> dict[str, Any]:
    return {flag.kind: flag.figures for flag in submission.flags}


def test_a_form_made_far_from_its_village_is_flagged_by_the_villages_place(officer: Account, tmp_path: Path) -> None:
    household = factories.household()
    place = AreaPlace(area_code=factories.VILLAGE, latitude=26.2, longitude=107.8, radius_m=2000, source="test")
    unplaced = send(household.public_id, officer, tmp_path, place="26.3 107.8 0 5")
    assert (kinds(unplaced), unplaced.outcome["unchecked"]) == ({}, ["outside"])
    db.session.add(place)
    db.session.commit()
    kept = send(household.public_id, officer, tmp_path, place="26.3 107.8 0 5")
    assert kinds(kept) == {"outside": {"distance_m": 11119, "radius_m": 2000}} and kept.outcome["unchecked"] == []


def test_a_photo_that_was_sent_for_another_house_is_flagged(officer: Account, tmp_path: Path) -> None:
    one, two = factories.household(), factories.household()
    first = send(one.public_id, officer, tmp_path, {"1.jpg": fieldwork.photo(1)}, photo_house="1.jpg")
    again = send(one.public_id, officer, tmp_path, {"1.jpg": fieldwork.photo(1)}, photo_house="1.jpg")
    other = send(two.public_id, officer, tmp_path, {"2.jpg": fieldwork.photo(5)}, photo_house="2.jpg")
    same = send(two.public_id, officer, tmp_path, {"3.jpg": fieldwork.photo(1, quality=40)}, photo_house="3.jpg")
    assert [kinds(each) for each in (first, again, other)] == [{}, {}, {}]
    assert set(kinds(same)) == {"photo"} and kinds(same)["photo"]["bits"] <= 2


def test_a_province_sets_its_own_parameters_from_a_day_on(officer: Account, tmp_path: Path) -> None:
    household = factories.household()
    own = {**USUAL, "seconds_per_question": 300.0}
    rule = RuleChange(
        name=QUALITY, area_code="52", begins_on=factories.TODAY, value=own, source="test", set_by_id=officer.id, set_at=NOW
    )
    assert kinds(send(household.public_id, officer, tmp_path)) == {}
    db.session.add(rule)
    db.session.commit()
    assert set(kinds(send(household.public_id, officer, tmp_path))) == {"fast"}


def test_a_share_of_each_collectors_households_is_visited_by_somebody_else(officer: Account, tmp_path: Path) -> None:
    other = people.officer(name="潘干部")
    households = [factories.household() for _ in range(21)]
    for household in households:
        send(household.public_id, officer, tmp_path)
    send(households[0].public_id, officer, tmp_path)
    send(households[1].public_id, other, tmp_path)
    monday = week_of(factories.TODAY)
    assert monday == date(2026, 6, 15)
    later = NOW + timedelta(days=7)
    with transaction():
        draws = {made.collector_id: made for made in draw_week(monday, now=later)}
    assert {by: (len(made.of), len(made.drawn)) for by, made in draws.items()} == {officer.id: (21, 2), other.id: (1, 1)}
    for made in draws.values():
        assert draw(made.seed, made.of, made.share) == made.drawn
    orders = db.session.scalars(unbounded(select(VisitOrder), "a test")).all()
    assert {(order.cause, order.due_on) for order in orders} == {("quality", date(2026, 7, 6))}
    assert sorted(order.not_by_id or 0 for order in orders) == sorted([officer.id, officer.id, other.id])
    with transaction():
        assert draw_week(monday, now=later) == []


def test_the_collector_cannot_make_the_visit_that_checks_them_and_another_can(officer: Account, tmp_path: Path) -> None:
    household, other = factories.household(), people.officer(name="潘干部")
    send(household.public_id, officer, tmp_path)
    with transaction():
        draw_week(week_of(factories.TODAY), now=NOW)
    (order,) = open_orders(household)
    with pytest.raises(Forbidden, match="Somebody else"), transaction():
        record_visit(household, officer, NOW, now=NOW, answers=[order])
    send(household.public_id, officer, tmp_path)
    assert len(open_orders(household)) == 1
    with transaction():
        record_visit(household, other, NOW, now=NOW, note="All is as it was written", answers=[order])
    assert open_orders(household) == []
    with pytest.raises(Conflict, match="already"), transaction():
        record_visit(household, other, NOW, now=NOW, answers=[order])
