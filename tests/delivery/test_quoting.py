"""The price of sending parcels, to the fen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalogue.models import Temperature as GoodsTemperature
from marketplace.delivery.models import Temperature
from marketplace.delivery.quoting import Parcel, Quote, Rate, Terms, Zone, quote

AMBIENT, CHILLED, FROZEN = Temperature
RATES = {AMBIENT: Rate(600, 150)}
ANYWHERE = Terms([Zone("", 3, 5, RATES)])


def priced(parcels: list[Parcel], to: str = "110101", terms: Terms = ANYWHERE) -> Quote:
    found = quote(parcels, to, terms)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("grams", "fen"),
    [(1, 600), (999, 600), (1000, 600), (1001, 750), (2000, 750), (2001, 900), (1_000_000, 600 + 999 * 150)],
)
def test_a_kilogram_that_is_begun_is_paid(grams: int, fen: int) -> None:
    assert priced([Parcel("a", AMBIENT, grams, 100)]).total_fen == fen


def test_the_nearest_zone_wins_whatever_it_costs_and_in_whatever_order() -> None:
    zones = [Zone("5226", 1, 1, {AMBIENT: Rate(900, 0)}), Zone("", 3, 5, RATES), Zone("52", 2, 2, {AMBIENT: Rate(300, 0)})]
    for terms in (Terms(zones), Terms(zones[::-1])):
        for to, fen, days in (("522636", 900, 1), ("520102", 300, 2), ("110101", 600, 3)):
            found = priced([Parcel("a", AMBIENT, 500, 100)], to, terms)
            assert (found.total_fen, found.days_from) == (fen, days)


def test_a_nearest_zone_that_does_not_take_the_goods_is_not_passed_over() -> None:
    terms = Terms(
        [Zone("", 3, 5, {AMBIENT: Rate(600, 150), CHILLED: Rate(900, 300)}), Zone("54", 6, 9, RATES), Zone("65", 1, 1, {})]
    )
    assert quote([Parcel("a", CHILLED, 500, 100)], "110101", terms) is not None
    assert quote([Parcel("a", CHILLED, 500, 100)], "540102", terms) is None
    assert quote([Parcel("a", AMBIENT, 500, 100), Parcel("a", CHILLED, 500, 100)], "540102", terms) is None
    assert quote([Parcel("a", AMBIENT, 500, 100)], "650102", terms) is None


def test_a_place_in_no_zone_and_nothing_to_send_have_no_price() -> None:
    assert quote([Parcel("a", AMBIENT, 500, 100)], "110101", Terms([Zone("52", 1, 2, RATES)])) is None
    assert quote([], "110101", ANYWHERE) is None


def test_each_temperature_is_weighed_by_itself() -> None:
    terms = Terms([Zone("", 1, 2, {AMBIENT: Rate(600, 150), FROZEN: Rate(1800, 700)})])
    found = priced([Parcel("a", FROZEN, 1500, 100), Parcel("a", AMBIENT, 2500, 100), Parcel("a", AMBIENT, 600, 5)], terms=terms)
    assert [(part.temperature, part.grams, part.kilograms, part.fen) for part in found.parts] == [
        (AMBIENT, 3100, 4, 1050),
        (FROZEN, 1500, 2, 2500),
    ]
    assert found.by_sender == {"a": 3550}


@pytest.mark.parametrize(("goods_fen", "fen"), [(9_899, 600), (9_900, 0)])
def test_all_of_a_senders_goods_count_for_free_delivery(goods_fen: int, fen: int) -> None:
    terms = Terms([Zone("", 1, 2, {AMBIENT: Rate(600, 150, 9_900), CHILLED: Rate(900, 300)})])
    found = priced([Parcel("a", AMBIENT, 500, goods_fen - 5000), Parcel("a", CHILLED, 500, 5000)], terms=terms)
    assert [part.fen for part in found.parts] == [fen, 900]
    assert found.parts[0].free_from_fen == (None if fen else 9_900)


def test_a_hubs_parcels_are_weighed_together_and_divided_by_grams_to_the_fen() -> None:
    found = priced(
        [Parcel("a", AMBIENT, 400, 10), Parcel("b", AMBIENT, 400, 10), Parcel("c", AMBIENT, 201, 10)],
        terms=Terms(ANYWHERE.zones, consolidated=True),
    )
    assert [(part.grams, part.fen) for part in found.parts] == [(1001, 750)]
    # 299.70, 299.70 and 150.60: the two fen that are left go to the largest remainders.
    assert found.by_sender == {"a": 300, "b": 300, "c": 150}


def test_a_further_kilogram_cannot_cost_more_than_the_first() -> None:
    with pytest.raises(ValueError, match="no more than the first"):
        Rate(100, 101)


rates = st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.none() | st.integers(1, 30_000)).map(
    lambda drawn: Rate(max(drawn[:2]), min(drawn[:2]), drawn[2])
)
loads = st.lists(
    st.builds(Parcel, st.sampled_from("abcd"), st.sampled_from(Temperature), st.integers(1, 60_000), st.integers(1, 20_000)),
    min_size=1,
    max_size=8,
)


@given(parcels=loads, by_class=st.fixed_dictionaries(dict.fromkeys(Temperature, rates)))
def test_travelling_together_is_never_dearer_and_every_fen_is_borne_once(
    parcels: list[Parcel], by_class: dict[Temperature, Rate]
) -> None:
    zones = [Zone("", 1, 2, by_class)]
    apart, together = priced(parcels, terms=Terms(zones)), priced(parcels, terms=Terms(zones, consolidated=True))
    assert together.total_fen <= apart.total_fen
    for found in (apart, together):
        assert sum(found.by_sender.values()) == sum(part.fen for part in found.parts)
        assert sum(part.grams for part in found.parts) == sum(parcel.grams for parcel in parcels)
        assert set(found.by_sender) == {parcel.sender for parcel in parcels}
        assert all(fen >= 0 for fen in found.by_sender.values())


def test_goods_and_couriers_speak_of_the_same_temperatures() -> None:
    assert [t.value for t in GoodsTemperature] == [t.value for t in Temperature]
