"""One listing: what it is, where it comes from, where the money goes."""

from decimal import Decimal
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.catalogue.benefit import WHOLE_BP
from marketplace.catalogue.deliveries import may_reach
from marketplace.catalogue.models import ProducerKind
from marketplace.catalogue.product_page import LotInStock, product_view
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.orders.reviews import reviews_of_listing
from marketplace.orders.waterfall import money_columns, money_split
from marketplace.recommendations.models import EventKind
from marketplace.recommendations.service import recommend, record_event
from marketplace.web.access import PUBLIC, account_or_none, allow
from marketplace.web.cards import card, plain_cards, recommended_cards
from marketplace.web.deliveries import delivery_area, delivery_place
from marketplace.web.evidence import certificate_words, shown_photo
from marketplace.web.filters import amount, quantity, unit_name, yuan
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.after_sale import shown_reviews
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.prices import tier_rows
from marketplace.web.quantities import largest, step_for
from marketplace.web.seasons import season_calendar
from marketplace.web.structured import product_data
from marketplace.web.waterfall import waterfall

GOES_WITH = 4
ALIKE = 4


@blueprint.get("/p/<public_id>")
@allow(PUBLIC)
def product(public_id: str) -> str:
    """The page of a listing; a consumer's look at it is remembered, unless they have said no."""
    now, area, reader = clock.now(), delivery_area(), account_or_none()
    view = product_view(public_id, area=area, alike=ALIKE, day=clock.local_day(now), beside=money_columns(clock.local_day(now)))
    row = view.row
    # Committed before the page is made: what is written down of the list are rows that every other reader waits for.
    with transaction():
        if reader is not None and current_user.is_a(RoleKind.CONSUMER):
            record_event(reader, row.id, EventKind.VIEW, now=now)
        company = recommend(reader, "product", GOES_WITH, now=now, near=[row.id], area=area, beside=view.alike)
    reviews = reviews_of_listing(row.id)
    item = card(row)
    address = url_for("storefront.product", public_id=public_id, _external=True)
    category = pick(row.category_zh, row.category_en)
    seller = pick(row.producer_zh, row.producer_en)
    story = pick(row.story_zh, row.story_en) or row.story_zh or row.story_en
    return render_template(
        "storefront/product.html",
        item=item,
        address=address,
        structured=product_data(
            item,
            url=address,
            image=[shown_photo(photo, external=True)["large"] for photo in view.photos]
            or url_for("static", filename=f"art/{row.art}.svg", _external=True),
            story=story,
            seller=seller,
            category=category,
            row=row,
            tiers=view.tiers,
            rating=(reviews.mean, reviews.count),
        ),
        reviews=shown_reviews(reviews),
        crumbs=[
            (_("Market"), url_for("storefront.home")),
            (category, url_for("storefront.category", slug=row.category_slug)),
            (item["title"], None),
        ],
        seller=seller,
        seller_url=url_for("storefront.search", seller=row.producer_public_id),
        cooperative=row.producer_kind == ProducerKind.COOPERATIVE,
        places=[place_name(name) for name in view.places],
        story=story,
        lots=[_lot(lot) for lot in view.lots],
        coming=[lot for lot in view.lots if lot.expected],
        ripe=sum((lot.on_hand for lot in view.lots if not lot.expected), Decimal(0)),
        closes_on=row.closes_on,
        photos=[shown_photo(photo) for photo in view.photos],
        certificates=[certificate_words(one) for one in view.certificates],
        available=row.available,
        step=step_for(row.unit, row.minimum_quantity),
        tiers=tier_rows(row.price_fen, view.tiers, row.unit, row.unit_grams),
        least=amount(row.minimum_quantity, row.unit) if row.minimum_quantity is not None else None,
        piece_label=unit_name(row.unit),
        at_most=yuan(row.price_fen) if row.weight_unit is not None else None,
        most=quantity(largest(row.unit, row.available)),
        flow=waterfall(money_split(row), item["price_fen"], cooperative=row.producer_kind == ProducerKind.COOPERATIVE),
        registered_share=row.benefit_bp / WHOLE_BP if row.supports_registered else None,
        season=season_calendar(row.season_weeks, clock.local_day(now)),
        within=place_name(view.delivered_within) if view.delivered_within is not None else None,
        price_checked_on=row.price_checked_on,
        reachable=may_reach(row.delivers_to, area),
        place=delivery_place(),
        company=recommended_cards(company, {row.id: item["title"]}),
        goes_with=bool(company.reasons) and "goes_with" in company.reasons,
        alike=plain_cards(company.beside),
        kind_name=pick(row.product_zh, row.product_en),
    )


def _lot(lot: LotInStock) -> dict[str, Any]:
    return {
        "number": lot.public_id.upper(),
        "url": url_for("storefront.lot", public_id=lot.public_id),
        "expected": lot.expected,
        "harvested_on": lot.harvested_on,
        "on_hand": lot.on_hand,
    }
