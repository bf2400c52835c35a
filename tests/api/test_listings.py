"""The catalogue over the API."""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient

from marketplace.catalogue.models import Basis, ListingState, Unit, Verdict
from marketplace.catalogue.price_checks import write_down
from marketplace.catalogue.price_evidence import Judgement
from tests import factories

LISTINGS = "/api/v1/listings"


def links(header: str) -> dict[str, int]:
    """The page that each relation of a Link header leads to."""
    found = {}
    for part in header.split(", "):
        target, relation = part.split("; ")
        found[relation.removeprefix('rel="').rstrip('"')] = int(parse_qs(urlsplit(target.strip("<>")).query)["page"][0])
    return found


def test_a_list_shows_of_a_listing_what_a_card_shows_and_nothing_else(client: FlaskClient) -> None:
    seller = factories.producer(registered=True)
    made = factories.listing(seller, price_fen=333, stock=Decimal("7.5"), unit=Unit.JIN, unit_grams=500)
    answer = client.get(LISTINGS)
    assert answer.status_code == 200
    found = answer.json
    # How long ago it was picked depends on the day of the test.
    found["facets"].pop("harvest")
    assert found == {
        "items": [
            {
                "public_id": made.public_id,
                "title_zh": "红苹果 约1.5公斤",
                "title_en": "Red apples, 1.5 kg",
                "unit": "jin",
                "unit_grams": 500,
                "price_fen": 333,
                "price_per_kg_fen": 666,
                "minimum_quantity": None,
                "catch_weight": None,
                "available": "7.5",
                "harvested_on": "2026-06-15",
                "expected_on": None,
                "opens_on": None,
                "closes_on": None,
                "village": f"地区{factories.VILLAGE}",
                "area_code": factories.VILLAGE,
                "producer_zh": seller.name_zh,
                "producer_en": seller.name_en,
                "supports_registered": True,
            }
        ],
        "page": 1,
        "pages": 1,
        "total": 1,
        "corrected": False,
        "meant": None,
        "facets": {
            "category": [{"value": "fruit", "count": 1}],
            "county": [{"value": "522636", "count": 1}],
            "price_band": [{"value": "0", "count": 1}],
            "badge": [{"value": "1", "count": 1}],
            "season": [],
        },
    }


def test_a_household_without_consent_is_not_told_from_others(client: FlaskClient) -> None:
    hidden = factories.listing(factories.producer(registered=True, consent=False))
    plain = factories.listing(factories.producer())
    shown = [client.get(f"{LISTINGS}/{listing.public_id}").json for listing in (hidden, plain)]
    assert [one["supports_registered"] for one in shown] == [False, False]
    assert "benefit_bp" not in shown[0]
    assert shown[0].keys() == shown[1].keys()


def test_pages_follow_one_another_by_their_links(client: FlaskClient) -> None:
    made = [factories.listing(rank=float(-number)) for number in range(5)]
    seen = []
    for page, expected in enumerate(
        (
            {"first": 1, "next": 2, "last": 3},
            {"first": 1, "prev": 1, "next": 3, "last": 3},
            {"first": 1, "prev": 2, "last": 3},
        ),
        1,
    ):
        answer = client.get(LISTINGS, query_string={"page": page, "per_page": 2, "q": "苹果"})
        assert links(answer.headers["Link"]) == expected
        assert "q=%E8%8B%B9%E6%9E%9C" in answer.headers["Link"]
        seen += [row["public_id"] for row in answer.json["items"]]
    assert seen == [listing.public_id for listing in made]


def test_a_page_beyond_the_last_is_empty(client: FlaskClient) -> None:
    factories.listing()
    answer = client.get(LISTINGS, query_string={"page": 2})
    assert (answer.json["items"], answer.json["page"], answer.json["pages"]) == ([], 2, 1)
    assert links(answer.headers["Link"]) == {"first": 1, "prev": 1, "last": 1}


def test_a_list_is_narrowed_and_ordered(client: FlaskClient) -> None:
    pears = factories.product("pear", "梨", "Pear", factories.category("pears", "梨", "Pears"))
    cheap = factories.listing(price_fen=500)
    dear = factories.listing(price_fen=12_000)
    pear = factories.listing(factories.producer("110101001001"), pears, price_fen=700, title_zh="雪花梨", title_en="Snow pears")

    def found(**query: object) -> list[str]:
        return [row["public_id"] for row in client.get(LISTINGS, query_string=query).json["items"]]

    assert found(category="pears") == [pear.public_id]
    assert found(county="522636") == [cheap.public_id, dear.public_id]
    assert found(price_band=4) == [dear.public_id]
    assert found(q="xuehuali") == [pear.public_id]
    assert found(sort="dearest") == [dear.public_id, pear.public_id, cheap.public_id]
    assert found(sort="cheapest") == [cheap.public_id, pear.public_id, dear.public_id]
    assert found(category="no-such") == []
    assert found(q="'; DROP TABLE listing; --") == []


def test_a_typo_is_forgiven_and_said(client: FlaskClient) -> None:
    made = factories.listing(title_en="Gala apples")
    answer = client.get(LISTINGS, query_string={"q": "aples"})
    assert [row["public_id"] for row in answer.json["items"]] == [made.public_id]
    assert answer.json["corrected"] is True


def test_what_buyers_cannot_see_is_not_there(client: FlaskClient) -> None:
    factories.listing(stock=0)
    for state in (ListingState.DRAFT, ListingState.WITHDRAWN):
        hidden = factories.listing(state=state)
        refused = client.get(f"{LISTINGS}/{hidden.public_id}")
        assert (refused.status_code, refused.json["code"]) == (404, "listing_unknown")
    assert client.get(LISTINGS).json["items"] == []


def test_one_listing_says_its_harvests_and_its_kind(client: FlaskClient) -> None:
    made = factories.listing(stock=3)
    answer = client.get(f"{LISTINGS}/{made.public_id}").json
    assert (answer["product_zh"], answer["product_en"]) == ("苹果", "Apple")
    assert answer["category"] == {"slug": "fruit", "name_zh": "水果", "name_en": "Fruit"}
    assert [(lot["harvested_on"], lot["on_hand"]) for lot in answer["lots"]] == [("2026-06-15", "3")]
    assert (answer["story_zh"], answer["season_weeks"]) == ("", [])


def test_the_etag_saves_the_second_reading_until_something_changes(client: FlaskClient) -> None:
    made = factories.listing()
    address = f"{LISTINGS}/{made.public_id}"
    tag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    made.price_fen += 1
    changed = client.get(address, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json["price_fen"]) == (200, 1251)
    assert changed.headers["ETag"] != tag


def test_the_shelves_stand_in_their_order(client: FlaskClient) -> None:
    first = factories.category("roots", "根茎", "Roots")
    second = factories.category("greens", "青菜", "Greens")
    first.position, second.position = 2, 1
    assert client.get("/api/v1/categories").json == {
        "items": [
            {"slug": "greens", "name_zh": "青菜", "name_en": "Greens"},
            {"slug": "roots", "name_zh": "根茎", "name_en": "Roots"},
        ]
    }


def test_a_list_is_narrowed_by_what_a_person_can_narrow_it_by(client: FlaskClient) -> None:
    badge = factories.listing(factories.producer(registered=True))
    near = factories.listing(factories.producer())
    near.delivers_to = "522636"
    shown = {
        query: {row["public_id"] for row in client.get(f"{LISTINGS}?{query}").json["items"]}
        for query in ("badge=1", "season=1", "deliver_to=51", "deliver_to=522636", "sort=cheapest_by_weight", "q=applle")
    }
    both = {badge.public_id, near.public_id}
    assert shown == {
        "badge=1": {badge.public_id},
        "season=1": set(),
        "deliver_to=51": {badge.public_id},
        "deliver_to=522636": both,
        "sort=cheapest_by_weight": both,
        "q=applle": both,
    }
    assert client.get(f"{LISTINGS}?q=applle").json["meant"] == "apple"
    for query in ("badge=yes", "harvest=4", "deliver_to=5", "sort=best"):
        assert client.get(f"{LISTINGS}?{query}").status_code == 422, query


def test_a_started_word_is_completed_for_programs_too(client: FlaskClient) -> None:
    made = factories.listing(title_zh="红富士", title_en="Fuji")
    answer = client.get("/api/v1/suggestions?q=ping")
    assert answer.json == {
        "items": [
            {"kind": "goods", "key": "apple", "name_zh": "苹果", "name_en": "Apple"},
            {"kind": "listing", "key": made.public_id, "name_zh": "红富士", "name_en": "Fuji"},
        ]
    }
    assert client.get("/api/v1/suggestions").json == {"items": []}
    assert client.get("/api/v1/suggestions?word=x").status_code == 422


def test_a_listing_says_when_its_price_was_found_to_fit_the_market(client: FlaskClient) -> None:
    made = factories.listing()
    path = f"{LISTINGS}/{made.public_id}"
    assert client.get(path).json["price_checked_on"] is None
    write_down(made, Judgement(Verdict.FITS, Basis.MARKET, 400, 0.1), actor="test", now=factories.NOW)
    assert client.get(path).json["price_checked_on"] == "2026-06-15"
