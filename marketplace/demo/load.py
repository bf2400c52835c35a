"""Filling an empty shop with the demo, in one transaction: all of it or nothing.

The rows go into the tables the shop itself writes, by COPY, under the same constraints and triggers.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select, text

from marketplace.catalogue.models import Category, Listing, Producer, Product
from marketplace.catalogue.search_terms import index_terms
from marketplace.demo import history, payouts
from marketplace.demo.accounts import PASSWORD, add_people
from marketplace.demo.advice import add_advice
from marketplace.demo.after_sale import add_after_sale
from marketplace.demo.assessment import add_assessment
from marketplace.demo.assistance import add_assistance
from marketplace.demo.audits import add_audit
from marketplace.demo.cases import add_cases
from marketplace.demo.collection import add_collection
from marketplace.demo.complaints import add_complaints
from marketplace.demo.consents import add_consents
from marketplace.demo.delivery import add_delivery
from marketplace.demo.duty import add_duty
from marketplace.demo.equity import add_equity
from marketplace.demo.evidence import add_evidence
from marketplace.demo.exchange import add_exchange
from marketplace.demo.files import add_open_questions
from marketplace.demo.forecasts import add_forecasts
from marketplace.demo.funds import add_funds
from marketplace.demo.goods import Good, categories, kinds, read_goods, read_purchases
from marketplace.demo.households.county import County, make_county
from marketplace.demo.households.loading import add_files, add_households
from marketplace.demo.households.offices import add_officers, login_of
from marketplace.demo.imports import add_imports
from marketplace.demo.mandates import add_mandates
from marketplace.demo.market_prices import add_market_prices
from marketplace.demo.matching import add_matching
from marketplace.demo.places import DANZHAI, danzhai_villages, load_places, neighbouring_villages
from marketplace.demo.prices import add_prices
from marketplace.demo.project_templates import add_project_templates
from marketplace.demo.projects import add_projects
from marketplace.demo.replay import Shop, replay
from marketplace.demo.safety_net import add_safety_net
from marketplace.demo.sellers import Plan, make_plan
from marketplace.demo.sourcing import add_sourcing
from marketplace.demo.traceability import add_traceability
from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.recommendations.models import Policy
from marketplace.regions.models import Level
from marketplace.regions.names import called
from marketplace.regions.queries import area_names, get_area
from marketplace.registry.models import Household

ACTOR = "demo"
POLICY_AREA = "522636"
POLICY_EXPOSURE_SHARE = 0.30
CONSUMER_GUARD = 0.8


def is_loaded() -> bool:
    """Whether a demo is in the database."""
    return bool(db.session.scalar(text("SELECT EXISTS (SELECT FROM audit_event WHERE verb = 'demo.loaded')")))


def load(*, now: datetime, data_dir: Path, say: Callable[[str], None]) -> list[tuple[str, str]]:
    """Load the demo in the open transaction.

    Returns
    -------
    list of (what, login)
        The accounts one can sign in with.
    """
    say("  reading The Complete Journey")
    goods = read_goods()
    bought, consumers = _purchases(goods, now)
    say("  places")
    load_places()
    say("  sellers and listings")
    shop, county = _fill_shop(goods, bought, now)
    say(f"  {len(bought.good):,} purchases by {len(consumers):,} consumers")
    named = int(np.bincount(bought.consumer).argmax())
    sales = [good.sales_count for good in goods]
    accounts = add_people(shop.plan, sales, shop.producer_ids, [int(number) for number in consumers], named, now=now)
    payouts.agree_terms(now=now)
    replay(shop, bought, accounts.consumer_ids, now=now)
    add_prices(goods, shop.listing_ids, now=now)
    payouts.pay_out(shop.producer_ids, now=now)
    say("  claims, messages and reviews")
    add_after_sale(data_dir, now=now)
    _set_policy(now)
    _rank(now)
    add_evidence(data_dir / "documents", now=now)
    say("  ways to send, and parcels on their way")
    add_delivery("consumer", "farmer", "cooperative", now=now)
    add_traceability(now=now)
    in_names = add_mandates(PASSWORD, now=now)
    in_names += add_sourcing(PASSWORD, data_dir, now=now)
    add_imports("longquan", "danzhai", now=now)
    add_market_prices(now=now)
    say(f"  the files of {len(county.codes):,} households")
    officers = add_officers(danzhai_villages(), PASSWORD, now=now)
    add_files(county, danzhai_villages(), officers, now=now)
    add_open_questions(now=now)
    add_assessment(officers, now=now)
    in_names += add_cases(PASSWORD, now=now)
    add_advice("farmer", now=now)
    add_equity("danzhai", _own_household("farmer"), officers, now=now)
    add_safety_net(_own_household("farmer"), officers, now=now)
    add_assistance("danzhai", "canteen", _own_household("farmer"), officers, now=now)
    add_duty("danzhai", _own_household("farmer"), officers, now=now)
    in_names += add_funds(PASSWORD, now=now)
    add_project_templates(officers, now=now)
    add_projects(officers, data_dir / "households", now=now)
    add_complaints("auditor", _own_household("farmer"), officers, now=now)
    in_names += add_audit(PASSWORD, now=now)
    add_forecasts(now=now)
    add_consents(now=now)
    add_exchange("danzhai", _own_household("farmer"), now=now)
    say("  forms and what was collected")
    add_collection(data_dir, now=now)
    say("  kitchens’ demands, and what farms can give")
    add_matching("farmer", now=now)
    audit.record("demo.loaded", "demo", "complete-journey", actor=ACTOR, at=now, purchases=len(bought.good))
    village = min(danzhai_villages())
    offices = [(f"officer of {called(get_area(code).name)}", login_of(code)) for code in (village[: Level.TOWNSHIP], village)]
    return [*accounts.logins, *in_names, *offices]


def _own_household(login: str) -> Household:
    """The household of a demo account that farms."""
    query = select(Household).join(Producer, Producer.household_id == Household.id)
    return db.session.scalars(query.join(Account, Account.id == Producer.account_id).where(Account.login == login)).one()


def _purchases(goods: list[Good], now: datetime) -> tuple[history.Purchases, np.ndarray[Any, np.dtype[np.int64]]]:
    raw = read_purchases()
    numbers = {good.source_id: number for number, good in enumerate(goods)}
    good_numbers = np.array([numbers[int(product)] for product in raw.product_id], dtype=np.int64)
    return history.moved(
        raw.household_id.astype(np.int64),
        raw.basket_id.astype(np.int64),
        good_numbers,
        raw.quantity.astype(np.int64),
        raw.sold_at,
        now,
    )


def _fill_shop(goods: list[Good], bought: history.Purchases, now: datetime) -> tuple[Shop, County]:
    shelves = list(categories())
    plan = make_plan(
        [good.category_slug for good in goods],
        [good.sales_count for good in goods],
        danzhai_villages(),
        neighbouring_villages(),
        {shelf.slug: (shelf.name_zh, shelf.name_en) for shelf in shelves},
        history.local_day_of(int(bought.sold_at_s.max())),
    )
    opened_at = history.moment_of(int(bought.sold_at_s.min())) - timedelta(days=7)
    # Those that sell come first, so that their places in the plan are theirs among the households too.
    selling = [household for household in plan.households if household.code.startswith(DANZHAI)]
    county = make_county(sorted(danzhai_villages()), local_day(now), sellers=selling)
    others = county.plans[len(selling) :]
    household_ids = add_households([*plan.households, *others], ACTOR, opened_at=opened_at, now=now)
    producer_ids = _add_producers(plan, household_ids, opened_at)
    copy_rows(
        Category,
        ["id", "slug", "name_zh", "name_en", "art", "position"],
        [(at, row.slug, row.name_zh, row.name_en, row.art, row.position) for at, row in enumerate(shelves, 1)],
    )
    category_ids = {row.slug: at for at, row in enumerate(shelves, 1)}
    used = {good.product_slug for good in goods}
    named = [kind for kind in kinds() if kind.slug in used]
    copy_rows(
        Product,
        ["id", "slug", "category_id", "name_zh", "name_en", "art"],
        [(at, row.slug, category_ids[row.category_slug], row.name_zh, row.name_en, row.art) for at, row in enumerate(named, 1)],
    )
    product_ids = {row.slug: at for at, row in enumerate(named, 1)}
    listing_ids = _add_listings(goods, plan, producer_ids, product_ids, category_ids, opened_at)
    settle_ids(Category, Product)
    return Shop(goods, plan, household_ids, producer_ids, listing_ids), county


def _add_producers(plan: Plan, household_ids: list[int], opened_at: datetime) -> list[int]:
    first = next_id(Producer)
    rows = []
    for at, (seller, public_id) in enumerate(zip(plan.sellers, ids.public_ids(len(plan.sellers)), strict=True)):
        own = None if seller.cooperative else household_ids[next(iter(seller.members))]
        kind = "cooperative" if seller.cooperative else "household"
        rows.append(
            (
                first + at,
                public_id,
                kind,
                seller.name_zh,
                seller.name_en,
                seller.area_code,
                own,
                seller.badge_consent,
                opened_at,
            )
        )
    copy_rows(
        Producer,
        ["id", "public_id", "kind", "name_zh", "name_en", "area_code", "household_id", "badge_consent", "created_at"],
        rows,
    )
    settle_ids(Producer)
    return list(range(first, first + len(rows)))


def _add_listings(
    goods: list[Good],
    plan: Plan,
    producer_ids: list[int],
    product_ids: dict[str, int],
    category_ids: dict[str, int],
    opened_at: datetime,
) -> list[int]:
    first = next_id(Listing)
    villages = {**neighbouring_villages(), **danzhai_villages()}
    counties = area_names({code[: Level.COUNTY] for code in villages})

    def rows() -> Iterator[tuple[Any, ...]]:
        for at, (good, public_id) in enumerate(zip(goods, ids.public_ids(len(goods)), strict=True)):
            seller = plan.seller_of_good[at]
            # Words are letters and figures alone, so none of them needs escaping as a lexeme.
            area_code = plan.sellers[seller].area_code
            places = (called(villages[area_code]), called(counties[area_code[: Level.COUNTY]]))
            words = index_terms(good.title_zh, good.title_en, good.product_name_zh, good.product_name_en, *places)
            yield (
                first + at,
                public_id,
                producer_ids[seller],
                product_ids[good.product_slug],
                category_ids[good.category_slug],
                plan.sellers[seller].area_code,
                good.title_zh,
                good.title_en,
                "",
                "",
                good.unit,
                good.unit_grams,
                good.price_fen,
                "on_sale",
                list(good.season_weeks),
                " ".join(f"'{word}'" for word in words),
                opened_at,
                opened_at,
                Decimal(0),
                0,
                0.0,
            )

    copy_rows(
        Listing,
        [
            *("id", "public_id", "producer_id", "product_id", "category_id", "area_code", "title_zh", "title_en"),
            *("story_zh", "story_en", "unit", "unit_grams", "price_fen", "state", "season_weeks", "search_terms"),
            *("created_at", "published_at", "available", "benefit_bp", "rank"),
        ],
        rows(),
    )
    settle_ids(Listing)
    return list(range(first, first + len(goods)))


def _set_policy(now: datetime) -> None:
    db.session.add(
        Policy(
            area_code=POLICY_AREA,
            exposure_share=POLICY_EXPOSURE_SHARE,
            consumer_guard=CONSUMER_GUARD,
            begins_on=local_day(now) - timedelta(days=30),
            set_by=ACTOR,
            created_at=now,
        )
    )
    db.session.flush()


def _rank(now: datetime) -> None:
    """A first order of the lists by sales of the last 120 days; the recommender writes a better one when it is trained."""
    db.session.execute(
        text(
            "UPDATE listing SET rank = sold.number FROM ("
            " SELECT listing_id, ln(1 + count(*)) AS number FROM event WHERE at > :since GROUP BY listing_id"
            ") sold WHERE sold.listing_id = listing.id"
        ),
        {"since": now - timedelta(days=120)},
    )
