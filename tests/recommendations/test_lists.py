"""What may stand in a list and why: delivery, own goods, what goes together, the season, the seller, what was searched for."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.orders.placing import Destination, place_order
from marketplace.payments.models import PaymentMethod
from marketplace.recommendations import serving, training
from marketplace.recommendations.models import Event, EventKind, ModelState, ModelVersion, ServedList
from marketplace.recommendations.queries import served_listing_ids
from marketplace.recommendations.service import delete_history, recommend, record_event, set_personalised
from recommender import Interactions, Recommender
from tests import factories
from tests.factories import NOW, TODAY

WEEK = TODAY.isocalendar().week
GUIZHOU, SICHUAN = "522636", "510101"


class Pantry:
    """Seven kinds of goods, six listings of each; twelve breakfasters buy tea and honey, twelve cooks rice and oil.

    The first tea and the first honey are bought together, as are the first rice and the first oil; everybody buys the second
    rice. Everybody looked at the third tea.
    """

    KINDS = ("tea", "honey", "rice", "oil", "beans", "millet", "salt")

    def __init__(self) -> None:
        with transaction():
            self.goods = {
                name: [
                    factories.listing(kind=factories.product(name, name, name), title_zh=f"{name}{at}", title_en=f"{name} {at}")
                    for at in range(6)
                ]
                for name in self.KINDS
            }
            self.breakfasters = [factories.account() for _ in range(12)]
            self.cooks = [factories.account() for _ in range(12)]
            for buyers, names in ((self.breakfasters, ("tea", "honey")), (self.cooks, ("rice", "oil"))):
                for number, buyer in enumerate(buyers):
                    for weeks_ago in range(1, 9):
                        at = NOW - timedelta(weeks=weeks_ago, hours=number)
                        for name in names:
                            record_event(buyer, self.goods[name][0].id, EventKind.PURCHASE, now=at)
                        record_event(buyer, self.goods["rice"][1].id, EventKind.PURCHASE, now=at)
                    record_event(buyer, self.goods["tea"][2].id, EventKind.VIEW, now=NOW - timedelta(days=2))

    def ids(self, name: str) -> set[int]:
        return {listing.id for listing in self.goods[name]}


@pytest.fixture
def pantry(models: Path) -> Pantry:
    """The pantry with a trained model."""
    made = Pantry()
    training.train(models, now=NOW, say=lambda _: None)
    return made


def shown(account: Account | None, surface: str = "home", n: int = 12, **asked: object) -> dict[int, str]:
    """The reason of each listing of a list, in its order."""
    with transaction():
        answer = recommend(account, surface, n, now=NOW, **asked)  # type: ignore[arg-type]
    return dict(zip([row.id for row in answer.rows], answer.reasons, strict=True))


def test_what_is_bought_together_goes_together_and_says_with_what(pantry: Pantry) -> None:
    tea, honey = pantry.goods["tea"][0], pantry.goods["honey"][0]
    with transaction():
        answer = recommend(None, "product", 4, now=NOW, near=[tea.id])
    assert (answer.rows[0].id, answer.reasons[0]) == (honey.id, "goes_with")
    assert answer.goes_with == {honey.id: tea.id}
    assert answer.reasons[1:] == ["popular"] * 3, "what everybody buys does not go with anything"


def test_what_goes_with_a_listing_is_never_the_listing_or_another_of_its_kind(pantry: Pantry) -> None:
    found = shown(None, "product", 20, near=[pantry.goods["tea"][0].id])
    assert not pantry.ids("tea") & found.keys()
    kinds = db.session.scalars(select(Listing.product_id).where(Listing.id.in_(found))).all()
    assert len(kinds) == len(set(kinds)) == 6, "the best of each other kind"


def test_a_basket_is_completed_by_what_goes_with_its_goods_and_is_not_in_it(pantry: Pantry) -> None:
    tea, rice = pantry.goods["tea"][0], pantry.goods["rice"][0]
    with transaction():
        answer = recommend(pantry.cooks[0], "basket", 4, now=NOW, near=[tea.id, rice.id])
    pairs = {pantry.goods["honey"][0].id: tea.id, pantry.goods["oil"][0].id: rice.id}
    assert answer.goes_with == pairs
    assert {row.id for row in answer.rows[:2]} == pairs.keys()
    assert not (pantry.ids("tea") | pantry.ids("rice")) & {row.id for row in answer.rows}


def test_a_listing_without_buyers_is_followed_by_what_people_like_and_claims_nothing(pantry: Pantry) -> None:
    found = shown(None, "product", 4, near=[pantry.goods["oil"][5].id])
    assert len(found) == 4
    assert set(found.values()) == {"popular"}


def test_what_somebody_bought_before_says_so_beside_what_it_goes_with(pantry: Pantry) -> None:
    found = shown(pantry.breakfasters[0], "product", 4, near=[pantry.goods["tea"][0].id])
    assert found[pantry.goods["honey"][0].id] == "goes_with"
    assert found[pantry.goods["rice"][1].id] == "bought_before"


def test_every_surface_is_written_down_with_its_name_and_its_reader(pantry: Pantry) -> None:
    reader, tea = pantry.cooks[0], pantry.goods["tea"][0]
    shown(reader, "home")
    shown(reader, "product", 4, near=[tea.id])
    shown(reader, "basket", 4, near=[tea.id])
    shown(reader, "search", 24, within=Listing.product_id == tea.product_id)
    shown(None, "digest", 6)
    rows = db.session.execute(select(ServedList.surface, ServedList.account_id).order_by(ServedList.id)).all()
    named = [("home", reader.id), ("product", reader.id), ("basket", reader.id), ("search", reader.id), ("digest", None)]
    assert [tuple(row) for row in rows] == named


def test_what_is_not_delivered_to_the_reader_is_in_none_of_the_lists(pantry: Pantry) -> None:
    near_only = pantry.goods["honey"][0]
    with transaction():
        near_only = db.session.get_one(Listing, near_only.id)
        near_only.delivers_to = "52"
    tea, condition = pantry.goods["tea"][0], Listing.product_id == near_only.product_id
    for area, is_there in (("", True), ("52", True), (GUIZHOU, True), ("51", False), (SICHUAN, False)):
        assert (near_only.id in shown(None, n=24, area=area)) is is_there, area
        assert (near_only.id in shown(None, "product", 4, near=[tea.id], area=area)) is is_there, area
        assert (near_only.id in shown(None, "search", 24, within=condition, area=area)) is is_there, area


def test_goods_kept_to_a_county_may_stand_before_a_reader_who_names_only_the_province(models: Path) -> None:
    with transaction():
        listing = factories.listing()
        listing.delivers_to = GUIZHOU
    assert list(shown(None, area="52")) == [listing.id]
    assert shown(None, area="520102") == {}


def test_a_reader_whom_none_of_the_best_reach_gets_what_does(pantry: Pantry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "SHORTLIST_SIZE", 3)
    best = shown(None, n=40)
    assert len(best) == 3
    with transaction():
        for listing_id in best:
            db.session.get_one(Listing, listing_id).delivers_to = "52"
    found = shown(None, n=40, area=SICHUAN)
    assert len(found) == 39
    assert not best.keys() & found.keys()


def test_without_an_area_it_is_where_the_last_purchase_went(models: Path) -> None:
    with transaction():
        factories.area(SICHUAN)
        reader, bought, near_only = factories.account(), factories.listing(), factories.listing()
        basket = factories.basket(reader, (bought, 1))
        destination = Destination("张三", "13800138000", SICHUAN, "南街 1 号")
        place_order(
            reader.id,
            reader.public_id,
            basket.public_id,
            destination,
            PaymentMethod.CASH_ON_DELIVERY,
            bought.price_fen,
            now=NOW - timedelta(days=3),
        )
        near_only.delivers_to = "52"
    assert near_only.id not in shown(reader)
    assert near_only.id in shown(reader, area="")


def test_a_farmer_who_shops_is_not_shown_the_own_goods_but_finds_them(pantry: Pantry) -> None:
    with transaction():
        farmer = factories.account((RoleKind.FARMER, ""), (RoleKind.CONSUMER, ""))
        own = factories.listing(factories.producer(owner=farmer), kind=factories.product("tea"))
    assert own.id in shown(None, n=50)
    assert own.id not in shown(farmer, n=50)
    assert own.id in shown(farmer, "search", 24, within=Listing.product_id == own.product_id)


def test_in_season_near_you_is_said_only_of_goods_of_the_week_and_the_province(pantry: Pantry) -> None:
    here, all_year, over, far = (pantry.goods["oil"][at].id for at in (1, 2, 3, 4))
    with transaction():
        for listing_id, weeks in ((here, [WEEK]), (all_year, range(1, 53)), (over, [WEEK + 1]), (far, [WEEK])):
            db.session.get_one(Listing, listing_id).season_weeks = list(weeks)
        factories.area("510101001001")
        db.session.get_one(Listing, far).area_code = "510101001001"
    oil = Listing.product_id == pantry.goods["oil"][0].product_id
    found = shown(None, "search", 24, within=oil, area=GUIZHOU)
    assert {listing_id for listing_id, reason in found.items() if reason == "in_season"} == {here}
    assert "in_season" not in shown(None, "search", 24, within=oil, area="").values(), "nobody knows where"


def test_a_search_holds_what_was_asked_for_alone_best_first_for_the_reader(pantry: Pantry) -> None:
    condition = Listing.product_id.in_([pantry.goods[name][0].product_id for name in ("tea", "oil")])
    drinker = shown(pantry.breakfasters[0], "search", 12, within=condition)
    cook = shown(pantry.cooks[0], "search", 12, within=condition)
    assert drinker.keys() == cook.keys() == pantry.ids("tea") | pantry.ids("oil")
    assert next(iter(drinker)) == pantry.goods["tea"][0].id
    assert next(iter(cook)) == pantry.goods["oil"][0].id
    assert cook[pantry.goods["tea"][2].id] == "seen_before"


def test_a_search_reaches_what_the_general_order_keeps_far_behind(pantry: Pantry) -> None:
    favourite = pantry.goods["tea"][0]
    with transaction():
        db.session.get_one(Listing, favourite.id).rank = -1.0
        for _ in range(120):
            factories.listing(kind=factories.product("tea"), rank=5.0)
    found = shown(pantry.breakfasters[0], "search", 24, within=Listing.product_id == favourite.product_id)
    assert len(found) == 24
    assert next(iter(found)) == favourite.id


def test_one_seller_fills_at_most_three_places_of_twelve_and_two_of_four(models: Path) -> None:
    with transaction():
        big, asked_for = factories.producer(), factories.product("tea", "茶", "Tea")
        for _ in range(9):
            factories.listing(big, rank=5.0)
        for _ in range(9):
            factories.listing()
        near = factories.listing(kind=asked_for)
    for surface, n, most, asked in (("home", 12, 3, {}), ("api", 10, 3, {}), ("product", 4, 2, {"near": [near.id]})):
        found = shown(None, surface, n, **asked)
        assert len(found) == n
        own = db.session.scalars(select(Listing.id).where(Listing.producer_id == big.id, Listing.id.in_(found)))
        assert len(own.all()) == most, surface


def test_all_of_a_seller_is_shown_to_whoever_asks_for_it(models: Path) -> None:
    with transaction():
        seller = factories.producer()
        own = {factories.listing(seller).id for _ in range(9)}
        factories.listing()
    assert shown(None, "search", 24, within=Listing.producer_id == seller.id).keys() == own


def test_switched_off_a_search_and_its_company_are_those_of_a_stranger(pantry: Pantry) -> None:
    reader, tea = pantry.breakfasters[0], pantry.goods["tea"][0]
    condition = Listing.product_id.in_([pantry.goods[name][0].product_id for name in ("tea", "oil")])
    with transaction():
        set_personalised(reader, False, now=NOW)
    for surface, asked in (("search", {"within": condition}), ("product", {"near": [tea.id]}), ("basket", {"near": [tea.id]})):
        assert shown(reader, surface, 12, **asked) == shown(None, surface, 12, **asked), surface
    assert set(db.session.scalars(select(ServedList.account_id))) == {None}


def test_a_deleted_history_leaves_no_name_on_a_list_of_any_surface(pantry: Pantry) -> None:
    reader, tea = pantry.breakfasters[0], pantry.goods["tea"][0]
    shown(reader, "product", 4, near=[tea.id])
    shown(reader, "search", 4, within=Listing.product_id == tea.product_id)
    with transaction():
        delete_history(reader, now=NOW)
    assert set(db.session.scalars(select(ServedList.account_id))) == {None}
    assert db.session.scalars(select(Event.id).where(Event.account_id == reader.id)).all() == []


def test_an_event_of_somebody_who_switched_off_is_not_written(models: Path) -> None:
    with transaction():
        reader, listing = factories.account(), factories.listing()
        set_personalised(reader, False, now=NOW)
        record_event(reader, listing.id, EventKind.VIEW, now=NOW)
        set_personalised(reader, True, now=NOW)
        record_event(reader, listing.id, EventKind.BASKET, now=NOW)
    assert db.session.scalars(select(Event.kind)).all() == ["basket"]


def test_a_list_can_be_looked_up_by_its_name_and_an_unknown_name_showed_nothing(pantry: Pantry) -> None:
    with transaction():
        answer = recommend(None, "search", 5, now=NOW, within=Listing.rank >= 0)
    assert served_listing_ids(answer.list_id) == [row.id for row in answer.rows]
    assert served_listing_ids("23456789abcdef") == []


def test_what_stands_beside_a_list_is_read_with_it(pantry: Pantry) -> None:
    tea = pantry.goods["tea"]
    with transaction():
        answer = recommend(None, "product", 4, now=NOW, near=[tea[0].id], beside=[tea[2].id, tea[1].id])
    assert [row.id for row in answer.beside] == [tea[2].id, tea[1].id]


def test_nothing_in_stock_leaves_an_empty_list_that_nobody_was_shown(models: Path) -> None:
    with transaction():
        factories.listing(stock=Decimal(0))
    assert shown(None) == {}
    assert shown(None, "search", 5, within=Listing.rank >= 0) == {}
    assert db.session.scalars(select(ServedList.id)).all() == []


def test_strangers_of_a_province_are_told_what_is_popular_there(pantry: Pantry, models: Path) -> None:
    buyers = pantry.breakfasters + pantry.cooks
    goods = [pantry.goods["honey"][0].id] * 12 + [pantry.goods["oil"][0].id] * 12
    days = [NOW.timestamp() - 86_400.0 * (number % 20 + 1) for number in range(24)]
    log = Interactions.from_events([buyer.id for buyer in buyers], goods, days, "purchase")
    areas = {buyer.id: "52" for buyer in pantry.breakfasters} | {buyer.id: "51" for buyer in pantry.cooks}
    Recommender().fit(log, now=NOW.timestamp(), consumer_areas=areas).save(models / "by-area")
    with transaction():
        db.session.add(ModelVersion(state=ModelState.READY, folder="by-area", began_at=NOW))
    honey, oil = pantry.goods["honey"][0].id, pantry.goods["oil"][0].id
    assert list(shown(None, n=2, area=GUIZHOU).items()) == [(honey, "popular_near"), (oil, "popular")]
    assert list(shown(None, n=2, area="51").items()) == [(oil, "popular_near"), (honey, "popular")]
    assert set(shown(None, n=2, area="33").values()) == {"popular"}
