"""What search engines and feed readers find."""

import json
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.catalogue.models import ListingState
from marketplace.kernel.db import transaction
from marketplace.web.portals import discovery
from tests import factories

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ATOM = "{http://www.w3.org/2005/Atom}"


def xml(client: FlaskClient, path: str) -> ElementTree.Element:
    answer = client.get(path)
    assert answer.status_code == 200
    return ElementTree.fromstring(answer.data)


def addresses(client: FlaskClient, path: str) -> list[str]:
    return [str(found.text) for found in xml(client, path).iter(f"{SITEMAP}loc")]


def test_robots_keep_out_of_what_is_private_and_find_the_sitemap(client: FlaskClient, session: Session) -> None:
    text = client.get("/robots.txt").text
    assert "Disallow: /checkout\n" in text
    assert "Sitemap: http://localhost/sitemap.xml\n" in text


def test_every_listing_on_sale_stands_in_exactly_one_sitemap(
    client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "IDS_PER_SITEMAP", 2)
    with transaction():
        shown = [factories.listing() for _ in range(5)]
        hidden = factories.listing(state=ListingState.WITHDRAWN)
    pages = addresses(client, "/sitemap.xml")
    found = [address for page in pages for address in addresses(client, page.removeprefix("http://localhost"))]
    products = [address for address in found if "/p/" in address]
    assert sorted(products) == sorted(f"http://localhost/p/{row.public_id}" for row in shown)
    assert not any(hidden.public_id in address for address in found)
    assert "http://localhost/" in found


def test_an_empty_shop_has_a_sitemap_of_its_own_pages(client: FlaskClient, session: Session) -> None:
    assert addresses(client, "/sitemap.xml") == ["http://localhost/sitemap-0.xml"]
    assert "http://localhost/about" in addresses(client, "/sitemap-0.xml")
    assert client.get("/sitemap-99.xml").status_code == 404


def test_the_feed_has_the_newest_goods_in_stock_first(client: FlaskClient, session: Session) -> None:
    with transaction():
        old, new = factories.listing(title_en="Old <apples>"), factories.listing(title_en="New & fresh")
        factories.listing(stock=0, title_en="Sold out")
    root = ElementTree.fromstring(client.get("/feed.xml", headers={"Accept-Language": "en"}).data)
    titles = [str(found.text) for found in root.iter(f"{ATOM}title")][1:]
    assert titles == ["New & fresh", "Old <apples>"]
    ids = [str(found.text) for found in root.iter(f"{ATOM}id")][1:]
    assert ids == [f"http://localhost/p/{row.public_id}" for row in (new, old)]


def test_a_product_page_tells_search_engines_what_it_tells_people_and_no_more(client: FlaskClient, session: Session) -> None:
    with transaction():
        seller = factories.producer(registered=True, consent=False)
        shown = factories.listing(seller, title_en="Red apples </script>", price_fen=1250, unit_grams=1500)
    page = client.get(f"/p/{shown.public_id}", headers={"Accept-Language": "en"}).text
    address = f"http://localhost/p/{shown.public_id}"
    assert f'<link rel="canonical" href="{address}">' in page
    written = page.split('<script type="application/ld+json">')[1].split("</script>")[0]
    told = json.loads(written)
    assert (told["@type"], told["name"], told["@id"]) == ("Product", "Red apples </script>", address)
    offer = told["offers"]
    assert (offer["price"], offer["priceCurrency"], offer["availability"]) == ("12.50", "CNY", "https://schema.org/InStock")
    assert offer["priceSpecification"]["price"] == "8.33"
    assert "registered" not in written


def test_a_category_has_one_address_whatever_it_was_narrowed_by(client: FlaskClient, session: Session) -> None:
    with transaction():
        factories.listing()
    for query in ("", "?sort=cheapest", "?sort=newest&utm_source=x"):
        page = client.get(f"/c/fruit{query}")
        assert page.status_code == 200, query
        assert '<link rel="canonical" href="http://localhost/c/fruit">' in page.text


# What schema.org and the large search engines ask of a product with an offer and a price by weight.
REQUIRED = {
    "Product": {"name", "image", "offers"},
    "Offer": {"price", "priceCurrency", "availability", "url"},
    "UnitPriceSpecification": {"price", "priceCurrency", "referenceQuantity"},
    "QuantitativeValue": {"value", "unitCode"},
    "Organization": {"name"},
    "Country": {"name"},
}


def check_types(told: object) -> set[str]:
    """Every typed thing inside has what its type needs; answers the types."""
    found: set[str] = set()
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        found |= check_types(inner)
    if isinstance(told, dict):
        assert told.keys() >= REQUIRED[told["@type"]], told
        found.add(told["@type"])
    return found


def test_what_search_engines_read_has_everything_that_its_types_need(client: FlaskClient, session: Session) -> None:
    with transaction():
        shown, gone = factories.listing(), factories.listing(stock=0)
    for listing in (shown, gone):
        page = client.get(f"/p/{listing.public_id}", headers={"Accept-Language": "zh"}).text
        told = json.loads(page.split('<script type="application/ld+json">')[1].split("</script>")[0])
        assert told.pop("@context") == "https://schema.org"
        assert check_types(told) == set(REQUIRED)
        assert told["image"].startswith("http://localhost/static/")
        assert float(told["offers"]["price"]) > 0


@pytest.mark.parametrize(
    ("path", "indexed"),
    [
        ("/", True),
        ("/c/fruit", True),
        ("/c/fruit?page=1", True),
        ("/search", True),
        ("/c/fruit?price=1", False),
        ("/c/fruit?sort=newest", False),
        ("/search?q=apple", False),
        ("/search?q=submarine", False),
        ("/suggest?q=ap", False),
    ],
)
def test_narrowed_lists_are_followed_and_not_indexed(client: FlaskClient, session: Session, path: str, indexed: bool) -> None:
    with transaction():
        factories.listing()
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert ('<meta name="robots" content="noindex, follow">' not in answer.text) is indexed
