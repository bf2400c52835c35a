"""One listing: what it is, where it comes from, where the money goes."""

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
from marketplace.orders.settlement import split_order
from marketplace.recommendations.models import EventKind
from marketplace.recommendations.service import recommend, record_event
from marketplace.web.access import PUBLIC, account_or_none, allow
from marketplace.web.cards import card, plain_cards, recommended_cards
from marketplace.web.deliveries import delivery_area, delivery_place
from marketplace.web.filters import quantity, yuan
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.storefront.after_sale import shown_reviews
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.quantities import largest, step_of
from marketplace.web.seasons import season_calendar
from marketplace.web.structured import product_data

GOES_WITH = 4
ALIKE = 4
ONE_YUAN_FEN = 100


@blueprint.get("/p/<public_id>")
@allow(PUBLIC)
def product(public_id: str) -> str:
    """The page of a listing; a consumer's look at it is remembered, unless they have said no."""
    now, area, reader = clock.now(), delivery_area(), account_or_none()
    view = product_view(public_id, area=area, alike=ALIKE)
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
            image=url_for("static", filename=f"art/{row.art}.svg", _external=True),
            story=story,
            seller=seller,
            category=category,
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
        available=row.available,
        step=step_of(row.unit),
        most=quantity(largest(row.unit, row.available)),
        split=_split_of_one_yuan(row.producer_kind),
        registered_share=row.benefit_bp / WHOLE_BP if row.supports_registered else None,
        season=season_calendar(row.season_weeks, clock.local_day(now)),
        within=place_name(view.delivered_within) if view.delivered_within is not None else None,
        reachable=may_reach(row.delivers_to, area),
        place=delivery_place(),
        company=recommended_cards(company, {row.id: item["title"]}),
        goes_with=bool(company.reasons) and "goes_with" in company.reasons,
        alike=plain_cards(company.beside),
        kind_name=pick(row.product_zh, row.product_en),
    )


def _lot(lot: LotInStock) -> dict[str, Any]:
    return {"number": lot.public_id.upper(), "harvested_on": lot.harvested_on, "on_hand": lot.on_hand}


def _split_of_one_yuan(producer_kind: str) -> list[dict[str, Any]]:
    """The parts of the bar: one yuan has a hundred fen, so a part's fen are its hundredths of the bar."""
    producer_fen, service_fee_fen = split_order(ONE_YUAN_FEN)
    who = _("The cooperative and its members") if producer_kind == ProducerKind.COOPERATIVE else _("The family that grew it")
    return [
        {"label": who, "text": yuan(producer_fen), "start": 0, "width": producer_fen},
        {"label": _("Running the market"), "text": yuan(service_fee_fen), "start": producer_fen, "width": service_fee_fen},
    ]
