"""Any past day: who was registered in an area, and one household through the years; and the shop, the same minute."""

from datetime import date, timedelta

from marketplace.catalogue.models import Listing
from marketplace.kernel.db import db
from marketplace.registry.cases.history import periods_of, registered_by_area
from marketplace.registry.models import CaseAction, StatusCategory
from tests import factories
from tests.registry.cases.village import VILLAGE, Village

P, L = StatusCategory.POOR, StatusCategory.LIFTED_TRACKED


def test_the_parts_of_an_area_on_any_day_are_exact(place: Village) -> None:
    for village, first, after in (
        ("522636100002", date(2020, 1, 1), None),
        ("522636101001", date(2020, 1, 1), date(2021, 1, 1)),
        ("522636101001", date(2021, 1, 1), None),
        ("522635100001", date(2020, 1, 1), None),
    ):
        factories.household(village, registered_from=first, registered_until=after)
    place.household()
    assert registered_by_area("522636", date(2020, 12, 31)) == {"522636100": {P: 1}, "522636101": {P: 1}}
    assert registered_by_area("522636", date(2021, 1, 1)) == {"522636100": {P: 1}, "522636101": {P: 1}}
    assert registered_by_area("522636", date(2019, 12, 31)) == {}
    assert registered_by_area("5226", date(2026, 6, 15)) == {"522636": {P: 2}, "522635": {P: 1}}
    assert registered_by_area("522636100002", date(2026, 6, 15)) == {"522636100002": {P: 1}}


def test_a_households_history_names_the_case_behind_each_change(place: Village) -> None:
    household = place.household(poor=True)
    leaving = place.exit(household)
    place.lift(leaving)
    lifted = place.today
    place.wait(30)
    returning = place.apply(household)
    place.register(place.round_of(returning))
    back = place.today

    one, two, three = periods_of(household)
    assert (one.category, one.first_on, one.last_on) == (P, date(2020, 1, 1), lifted - timedelta(days=1))
    assert (one.began_with, one.ended_with) == (None, leaving.public_id)
    assert (two.category, two.first_on, two.last_on) == (L, lifted, back - timedelta(days=1))
    assert (two.began_with, two.ended_with) == (leaving.public_id, returning.public_id)
    assert (three.category, three.first_on, three.last_on) == (P, back, None)
    assert three.began_with == returning.public_id


def test_a_listings_share_follows_in_the_same_transaction(place: Village) -> None:
    household = place.household()
    listing = factories.listing(factories.producer(VILLAGE), contributions={household.id: 3000, factories.household().id: 1000})
    case = place.apply(household)
    village_round = place.round_of(case)
    place.to_first_closed(village_round)
    place.to_second_closed(village_round)
    place.to_announced(village_round)
    assert listing.benefit_bp == 0
    place.together(village_round, CaseAction.REGISTER, place.county[1])
    assert db.session.get_one(Listing, listing.id).benefit_bp == 7500
