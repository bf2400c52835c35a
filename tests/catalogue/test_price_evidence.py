"""Which prices are found unusual, what comes of them, and how market prices are read."""

import csv
import gzip
import os
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue import market_prices, price_checks, price_reviews
from marketplace.catalogue.market_prices import BadFile, Fault, keep_prices, lines_in_file, names_of_goods, read_prices
from marketplace.catalogue.models import (
    Basis,
    Listing,
    ListingState,
    MarketPrice,
    PriceCheck,
    PriceEvidence,
    Review,
    Unit,
    Verdict,
)
from marketplace.catalogue.price_evidence import Judgement, PriceBounds, Reference, judge, reference
from marketplace.catalogue.service import Offer, change_listing, publish
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid
from tests import factories
from tests.catalogue import planted_slips

BOUNDS = PriceBounds()
XINFADI = Path(os.environ.get("NONGQIAO_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "prices_xinfadi"


def found_by_slip() -> tuple[Counter[str], int, int]:
    """How many planted slips of each kind are found, how many honest prices are called unusual, and of how many."""
    markets = [reference(Basis.MARKET, [float(fen) for fen in days], BOUNDS) for days in planted_slips.market_days()]
    found: Counter[str] = Counter()
    false_alarms = honest = 0
    for priced in planted_slips.prices():
        market = markets[priced.kind]
        assert market is not None
        unusual = judge(priced.price_fen, priced.unit_grams, [market], BOUNDS).verdict is not Verdict.FITS
        if priced.slip is None:
            honest += 1
            false_alarms += unusual
        else:
            found[priced.slip] += unusual
    return found, false_alarms, honest


def test_planted_slips_are_found_and_honest_prices_left_alone() -> None:
    found, false_alarms, honest = found_by_slip()
    assert honest == 160
    # A factor of ten is never missed; a kilogram for a jin is within what some sellers ask, and mostly seen.
    assert [found[name] for name in ("decimal point", "decimal point, the other way", "fen for yuan")] == [8, 8, 8]
    assert found["a kilogram's price for a jin"] >= 6
    assert found["a jin's price for a kilogram"] >= 6
    assert false_alarms <= 8


@given(st.lists(st.integers(1, 100_000), min_size=10, max_size=60), st.integers(1, 10**7), st.integers(1, 10**6))
def test_a_judgement_follows_from_its_numbers(days: list[int], price_fen: int, unit_grams: int) -> None:
    market = reference(Basis.MARKET, [float(fen) for fen in days], BOUNDS)
    assert market is not None
    assert market.spread >= BOUNDS.spread
    found = judge(price_fen, unit_grams, [market], BOUNDS)
    bound = {Verdict.FITS: (0, 2), Verdict.FLAGGED: (2, 5), Verdict.WAITS: (5, float("inf"))}[found.verdict]
    assert bound[0] <= abs(found.deviation) < bound[1]
    # A tenth more of everything, prices and market, changes nothing.
    tenfold = reference(Basis.MARKET, [fen * 10.0 for fen in days], BOUNDS)
    assert tenfold is not None
    assert judge(price_fen * 10, unit_grams, [tenfold], BOUNDS).deviation == pytest.approx(found.deviation, abs=1e-9)


def test_a_handful_of_wrong_market_prices_moves_nothing_and_too_few_say_nothing() -> None:
    clean = reference(Basis.MARKET, [200.0] * 20, BOUNDS)
    dirty = reference(Basis.MARKET, [200.0] * 20 + [20_000.0] * 5, BOUNDS)
    assert clean == dirty == Reference(Basis.MARKET, pytest.approx(280.0), 0.25)
    assert reference(Basis.MARKET, [200.0] * 9, BOUNDS) is None


def test_one_reference_that_agrees_is_enough() -> None:
    own, shop = Reference(Basis.OWN, 1000.0, 0.25), Reference(Basis.SHOP, 200.0, 0.25)
    assert judge(1000, 500, [own, shop], BOUNDS) == Judgement(Verdict.FITS, Basis.OWN, 1000, 0.0)


def market(listing: Listing, fen: int = 400, days: int = 20) -> None:
    """Market prices of a listing's kind for the last days."""
    for ago in range(days):
        day = factories.TODAY - timedelta(days=ago)
        db.session.add(
            MarketPrice(product_id=listing.product_id, day=day, source="test", low_fen=fen, average_fen=fen, high_fen=fen)
        )
    db.session.flush()


def a_listing(price_fen: int, **more: object) -> Listing:
    return factories.listing(price_fen=price_fen, unit=Unit.JIN, unit_grams=500, state=ListingState.DRAFT, **more)  # type: ignore[arg-type]


def checked(listing: Listing) -> PriceCheck:
    found = price_checks.latest_check(listing.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("price_fen", "verdict", "review", "state"),
    [
        (600, Verdict.FITS, Review.NONE, ListingState.ON_SALE),
        (1200, Verdict.FLAGGED, Review.OPEN, ListingState.ON_SALE),
        (300, Verdict.FLAGGED, Review.OPEN, ListingState.ON_SALE),
        (6000, Verdict.WAITS, Review.OPEN, ListingState.DRAFT),
        (60, Verdict.WAITS, Review.OPEN, ListingState.DRAFT),
    ],
)
def test_what_is_far_off_waits_and_what_is_a_little_off_is_sold_meanwhile(
    session: Session, price_fen: int, verdict: Verdict, review: Review, state: ListingState
) -> None:
    with transaction():
        listing = a_listing(price_fen)
        market(listing)
        publish(listing, actor="farmer", now=factories.NOW)
    check = checked(listing)
    assert (check.basis, check.verdict, check.review, check.expected_fen) == (Basis.MARKET, verdict, review, 560)
    assert listing.state == state
    assert db.session.scalar(select(func.count()).where(AuditEvent.verb == "price.unusual")) == (review == Review.OPEN)


def test_without_market_prices_the_shops_own_are_compared_with_and_without_either_nothing_is_claimed(session: Session) -> None:
    with transaction():
        alone = a_listing(100_000)
        publish(alone, actor="farmer", now=factories.NOW)
        kind = factories.product("walnut", "核桃", "Walnut")
        for fen in (480, 500, 500, 510, 530):
            factories.listing(factories.producer(), kind, price_fen=fen, unit=Unit.JIN, unit_grams=500)
        slip = a_listing(5000, seller=factories.producer(), kind=kind)
        publish(slip, actor="farmer", now=factories.NOW)
    assert (checked(alone).verdict, checked(alone).expected_fen, alone.state) == (Verdict.UNCHECKED, None, ListingState.ON_SALE)
    assert (checked(slip).basis, checked(slip).verdict, checked(slip).expected_fen) == (Basis.SHOP, Verdict.WAITS, 500)


def test_a_sellers_own_accepted_prices_are_compared_with(session: Session) -> None:
    with transaction():
        seller, kind = factories.producer(), factories.product("tea", "毛尖茶", "Maojian tea")
        for fen in (20_000, 21_000, 19_000, 20_500, 20_000):
            earlier = a_listing(fen, seller=seller, kind=kind)
            publish(earlier, actor="farmer", now=factories.NOW)
        late = a_listing(22_000, seller=seller, kind=kind)
        publish(late, actor="farmer", now=factories.NOW)
    assert (checked(late).basis, checked(late).verdict) == (Basis.OWN, Verdict.FITS)


def test_a_change_of_price_is_looked_at_and_answers_the_question_about_the_earlier_one(session: Session) -> None:
    with transaction():
        listing = a_listing(1200)
        market(listing)
        publish(listing, actor="farmer", now=factories.NOW)
        first = checked(listing)
    offer = Offer(listing.product, listing.title_zh, listing.title_en, Unit.JIN, 500, 60_000)
    with transaction():
        change_listing(listing, offer, actor="farmer", now=factories.NOW)
    assert (listing.state, checked(listing).verdict, first.review) == (ListingState.DRAFT, Verdict.WAITS, Review.REPLACED)
    right = Offer(listing.product, listing.title_zh, listing.title_en, Unit.JIN, 500, 600)
    with transaction():
        change_listing(listing, right, actor="farmer", now=factories.NOW)
        publish(listing, actor="farmer", now=factories.NOW)
    assert (listing.state, checked(listing).verdict) == (ListingState.ON_SALE, Verdict.FITS)
    assert price_reviews.open_reviews() == []


def test_evidence_lets_a_price_stand_and_sends_the_goods_on_sale(session: Session) -> None:
    with transaction():
        listing = a_listing(6000)
        market(listing)
        publish(listing, actor="farmer", now=factories.NOW)
        question = checked(listing).public_id
    with transaction():
        price_reviews.ask_seller(question, "为什么？", actor="operator", now=factories.NOW)
        assert checked(listing).review == Review.ASKED
        price_reviews.give_evidence(listing, "有机认证", "https://example.org/a", actor="farmer", now=factories.NOW)
        assert checked(listing).review == Review.OPEN
        price_reviews.accept(question, "证书已核对", "", actor="operator", now=factories.NOW)
    assert (listing.state, checked(listing).review) == (ListingState.ON_SALE, Review.ACCEPTED)
    given = db.session.execute(select(PriceEvidence.given_by, PriceEvidence.words).order_by(PriceEvidence.id)).all()
    assert given == [("seller", "有机认证"), ("operator", "证书已核对")]
    verbs = set(db.session.scalars(select(AuditEvent.verb)))
    assert verbs >= {"price.unusual", "listing.held_for_price", "price.seller_asked", "price.evidence_given", "price.accepted"}
    # What was accepted stays accepted while the price stays the same.
    with transaction():
        publish(listing, actor="farmer", now=factories.NOW)
    assert (db.session.scalar(select(func.count(PriceCheck.id))), listing.state) == (1, ListingState.ON_SALE)


def test_a_refused_price_is_not_sold_for_until_it_is_another(session: Session) -> None:
    with transaction():
        listing = a_listing(1200)
        market(listing)
        publish(listing, actor="farmer", now=factories.NOW)
        price_reviews.refuse(checked(listing).public_id, "太贵了", actor="operator", now=factories.NOW)
    assert listing.state == ListingState.WITHDRAWN
    with transaction():
        publish(listing, actor="farmer", now=factories.NOW)
    assert (listing.state, checked(listing).verdict) == (ListingState.DRAFT, Verdict.WAITS)


def test_what_was_decided_is_not_decided_twice_and_bad_evidence_changes_nothing(session: Session) -> None:
    with transaction():
        listing = a_listing(1200)
        market(listing)
        publish(listing, actor="farmer", now=factories.NOW)
        question = checked(listing).public_id
    for words, link in (("", ""), ("x" * 2001, ""), ("", "javascript:alert(1)"), ("", "https://")):
        with pytest.raises(Invalid), transaction():
            price_reviews.accept(question, words, link, actor="operator", now=factories.NOW)
    with pytest.raises(Invalid), transaction():
        price_reviews.refuse(question, " ", actor="operator", now=factories.NOW)
    assert (checked(listing).review, db.session.scalar(select(func.count(PriceEvidence.id)))) == (Review.OPEN, 0)
    with transaction():
        price_reviews.accept(question, "seen", "", actor="operator", now=factories.NOW)
    with pytest.raises(Conflict), transaction():
        price_reviews.refuse(question, "no", actor="operator", now=factories.NOW)
    with pytest.raises(Conflict), transaction():
        price_reviews.give_evidence(listing, "late", "", actor="farmer", now=factories.NOW)


def test_a_listing_has_one_open_question_at_the_most(session: Session) -> None:
    with transaction():
        listing = a_listing(1200)
        market(listing)
        publish(listing, actor="farmer", now=factories.NOW)
    check = checked(listing)
    columns = {
        column.key: getattr(check, column.key)
        for column in PriceCheck.__table__.columns
        if column.key not in ("id", "public_id")
    }
    db.session.add(PriceCheck(**columns))
    with pytest.raises(IntegrityError, match="ix_price_check_one_open"):
        db.session.flush()


def test_new_market_prices_are_compared_with_once_and_take_nothing_from_sale(session: Session) -> None:
    with transaction():
        usual, slip = (factories.listing(price_fen=fen, unit=Unit.JIN, unit_grams=500) for fen in (600, 60_000))
        market(usual)
        made = price_checks.examine_kind(usual.product_id, actor="cli", now=factories.NOW)
        assert [check.verdict for check in made] == [Verdict.FITS, Verdict.WAITS]
        assert price_checks.examine_kind(usual.product_id, actor="cli", now=factories.NOW) == []
    assert slip.state == ListingState.ON_SALE
    assert price_checks.kinds_with_market_prices(factories.TODAY) == [usual.product_id]


def test_a_rule_holds_from_its_day_on(session: Session) -> None:
    strict = PriceBounds(flag_at=0.5, wait_at=1.0)
    with transaction():
        price_checks.set_bounds(factories.TODAY + timedelta(days=1), strict, actor="operator", now=factories.NOW)
    assert price_checks.bounds_on(factories.TODAY) == BOUNDS
    assert price_checks.bounds_on(factories.TODAY + timedelta(days=9)) == strict
    with pytest.raises(Invalid), transaction():
        price_checks.set_bounds(factories.TODAY - timedelta(days=1), strict, actor="operator", now=factories.NOW)


HEADER = "品名,最低价,平均价,最高价,规格,单位,发布日期"
ROWS = [
    "大白菜,0.30,0.35,0.40,普通,斤,2016-05-01",
    "\ufeff大白菜 ,0.40,0.45,0.60,冷库,斤,2016-05-01",
    "大白菜,0.30,0.35,0.40,普通,斤,2016-05-01",
    "大白菜,0,0,0,普通,斤,2016-05-02",
    "大白菜,0.30,0.95,0.40,普通,斤,2016-05-02",
    "大白菜,0.60,0.50,0.40,普通,斤,2016-05-03",
    "大白菜,2.85（个）,2.85,2.85,普通,斤,2016-05-04",
    "大白菜,1.0,1.5,2.0,普通,公斤,2016/05/05",
    "大白菜,1.0,1.5,2.0,普通,个,2016-05-05",
    "大白菜,1.0,1.5,2.0,普通,斤,昨天",
    "大白菜,NaN,1.5,2.0,普通,斤,2016-05-06",
    "大白菜,1,1.5,99999999,普通,斤,2016-05-06",
    ",1.0,1.5,2.0,普通,斤,2016-05-06",
    ",,,,,,",
    "小土豆,1.0,1.5,2.0,普通,斤,2016-05-06",
    "火星果,1.0,1.5,2.0,普通,斤,2016-05-06",
    "大白菜,1.0",
    "大白菜,1e9999999,1.5,2.0,普通,斤,2016-05-06",
]


def written(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    path = folder / "prices.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8-sig")
    return path


def test_a_price_list_is_cleaned_and_every_fault_is_named_with_its_line(session: Session, tmp_path: Path) -> None:
    cabbage = factories.product("cabbage", "大白菜", "Napa cabbage")
    potato = factories.product("potato", "土豆", "Potato")
    names = names_of_goods({"小土豆": "potato"})
    report = read_prices(lines_in_file(written(tmp_path, ROWS)), names)
    assert report.read == len(ROWS)
    assert [(one.line, one.fault) for one in sorted(report.findings, key=lambda one: one.line)] == [
        (4, Fault.REPEATED),
        (5, Fault.ZERO),
        (6, Fault.OUTSIDE),
        (7, Fault.SWAPPED),
        (8, Fault.NOT_A_PRICE),
        (10, Fault.UNIT),
        (11, Fault.NO_DAY),
        (12, Fault.NOT_A_PRICE),
        (13, Fault.TOO_HIGH),
        (14, Fault.NO_NAME),
        (15, Fault.EMPTY),
        (17, Fault.UNKNOWN_GOODS),
        (18, Fault.NO_DAY),
        (19, Fault.NOT_A_PRICE),
    ]
    assert report.prices == {
        (cabbage.id, date(2016, 5, 1)): (30, 40, 60),
        (cabbage.id, date(2016, 5, 3)): (40, 50, 60),
        (cabbage.id, date(2016, 5, 5)): (50, 75, 100),
        (potato.id, date(2016, 5, 6)): (100, 150, 200),
    }
    # Reading alone writes nothing; keeping twice keeps once, and a corrected list takes the place of the first.
    assert db.session.scalar(select(func.count()).select_from(MarketPrice)) == 0
    with transaction():
        assert keep_prices(report, "xinfadi", actor="cli", now=factories.NOW) == 4
        report.prices[potato.id, date(2016, 5, 6)] = (90, 140, 190)
        keep_prices(report, "xinfadi", actor="cli", now=factories.NOW)
    kept = db.session.execute(
        select(MarketPrice.low_fen, MarketPrice.average_fen).where(MarketPrice.product_id == potato.id)
    ).all()
    assert kept == [(90, 140)]
    assert db.session.scalar(select(func.count()).select_from(MarketPrice)) == 4


@pytest.mark.parametrize("header", ["品名,最低价", "", "name,low,average,high,unit,day"])
def test_a_file_that_is_no_price_list_is_refused(session: Session, tmp_path: Path, header: str) -> None:
    with pytest.raises(BadFile):
        read_prices(lines_in_file(written(tmp_path, ["大白菜,1"], header)), {})


def test_a_file_that_is_no_text_is_refused(session: Session, tmp_path: Path) -> None:
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0" * 100)
    (tmp_path / "cut.csv.gz").write_bytes(b"no gzip at all")
    for name in ("photo.csv", "cut.csv.gz"):
        with pytest.raises(BadFile):
            list(lines_in_file(tmp_path / name))
    with pytest.raises(Invalid):
        names_of_goods({"火星果": "mars-fruit"})


@pytest.mark.skipif(not XINFADI.is_dir(), reason="the market's real lists are not here")
def test_the_markets_own_lists_are_read_with_their_known_faults() -> None:
    path = XINFADI / "fruit_2013-06-10_2016-05-05.csv.gz"
    report = market_prices.Report()
    rows = list(market_prices.read_rows(lines_in_file(path), report))
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        assert report.read == sum(1 for _ in csv.reader(file)) - 1 == 79_621
    counts = report.counts
    left_out = report.read - len(rows)
    assert left_out == sum(counts.values()) - counts.get(Fault.SWAPPED, 0)
    assert 400 <= counts[Fault.ZERO] <= 430
    assert counts[Fault.REPEATED] > 400
    assert all(0 < row.low_fen <= row.average_fen <= row.high_fen for row in rows)
