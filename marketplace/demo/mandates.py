"""A village officer who sells for three households without a phone: one listing they denied, one mandate that ends soon."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from marketplace.catalogue.denials import deny_listing
from marketplace.catalogue.models import Listing, Producer, Product, Unit
from marketplace.catalogue.principals import KIND, principal_of
from marketplace.catalogue.service import Offer, add_harvest, change_listing, create_listing, publish
from marketplace.identity.contacts import Contact, set_contact
from marketplace.identity.mandates import Evidence, Terms, awaits_second_officer, confirm_mandate, record_mandate
from marketplace.identity.models import Account, Answered, EvidenceKind, HolderRole, Mandate, RoleKind, Scope
from marketplace.identity.queries import officers_over
from marketplace.identity.service import create_account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.names import called
from marketplace.regions.queries import get_area

HOUSEHOLDS = 3
# No phone has this number: it belongs to the examples that are never given out.
NEIGHBOUR = "13800000000"
_DAYS = (170, 120, 9)
_EVIDENCE = (
    Evidence(EvidenceKind.IN_PERSON, "在农户家中当面同意，邻居在场。"),
    Evidence(EvidenceKind.VOICE, "录音存村委会，编号 3。"),
    Evidence(EvidenceKind.IN_PERSON, "村民会议上当面同意，文书在场。"),
)
_SCOPES = (
    frozenset({Scope.LIST, Scope.STOCK, Scope.SHIP, Scope.ANSWER}),
    frozenset({Scope.LIST, Scope.STOCK}),
    frozenset({Scope.LIST, Scope.STOCK, Scope.SHIP, Scope.RECEIVE_MONEY}),
)


def add_mandates(password: str, *, now: datetime) -> list[tuple[str, str]]:
    """Write them down as people would have; answers the accounts to try (what, login)."""
    village, houses = _village()
    colleague = next(iter(officers_over(village)))
    name = called(get_area(village).name)
    holder = create_account("village", name, password, now=now, roles=[(RoleKind.OFFICER, village)])
    for at, house in enumerate(houses):
        began_at = now - timedelta(days=40 - 10 * at)
        if at != 1:
            set_contact(KIND, house.public_id, Contact("sms", NEIGHBOUR), actor=holder.public_id, now=began_at)
        terms = Terms(_SCOPES[at], now + timedelta(days=_DAYS[at]))
        mandate = record_mandate(
            principal_of(house), holder, HolderRole.OFFICER, terms, _EVIDENCE[at], officer=holder, now=began_at
        )
        if awaits_second_officer(mandate):
            confirm_mandate(mandate, principal_of(house), colleague, now=began_at + timedelta(hours=6))
        _change_price(house, mandate, holder, now - timedelta(days=5 - at))
        if at == 1:
            _deny(house, mandate, holder, now - timedelta(days=2))
    return [(f"officer of {name}, who sells for three households", "village")]


def _village() -> tuple[str, Sequence[Producer]]:
    """The village with the most households that sell and that nobody signs in for, and the first of them."""
    selling = select(Listing.id).where(Listing.producer_id == Producer.id).exists()
    rows = db.session.scalars(
        select(Producer)
        .where(
            Producer.household_id.is_not(None), Producer.account_id.is_(None), Producer.area_code.startswith("522636"), selling
        )
        .order_by(Producer.id)
    )
    by_village: dict[str, list[Producer]] = defaultdict(list)
    for producer in rows:
        by_village[producer.area_code].append(producer)
    village = max(sorted(by_village), key=lambda code: len(by_village[code]))
    return village, by_village[village][:HOUSEHOLDS]


def _change_price(house: Producer, mandate: Mandate, holder: Account, at: datetime) -> None:
    """The officer has made something ten fen dearer, as it was told to."""
    listing = db.session.scalars(select(Listing).filter_by(producer_id=house.id).order_by(Listing.id).limit(1)).one()
    offer = Offer(
        db.session.get_one(Product, listing.product_id),
        listing.title_zh,
        listing.title_en,
        Unit(listing.unit),
        listing.unit_grams,
        listing.price_fen + 10,
        listing.story_zh,
        listing.story_en,
        listing.delivers_to,
    )
    with audit.on_behalf_of(house.public_id, actor=holder.public_id, mandate=mandate.public_id, role=HolderRole.OFFICER.value):
        change_listing(listing, offer, actor=holder.public_id, now=at)


def _deny(house: Producer, mandate: Mandate, holder: Account, at: datetime) -> None:
    """The officer has put something on sale that the household wanted to keep for itself."""
    kind = db.session.scalars(select(Product).order_by(Product.id).limit(1)).one()
    offer = Offer(kind, f"{kind.name_zh} 自家留种", f"{kind.name_en}, kept for seed", Unit.JIN, 500, 1500)
    name = {"mandate": mandate.public_id, "role": HolderRole.OFFICER.value}
    with audit.on_behalf_of(house.public_id, actor=holder.public_id, **name):
        listing = create_listing(house, offer, actor=holder.public_id, now=at)
        grams = {house.household_id: 5_000} if house.household_id is not None else {}
        add_harvest(listing, Decimal(10), local_day(at), grams, actor=holder.public_id, now=at)
        publish(listing, actor=holder.public_id, now=at)
    said = "这些是留作种的，不卖。"
    told_at = at + timedelta(hours=5)
    deny_listing(listing, house, Answered.TOLD_OFFICER, actor=holder.public_id, now=told_at, note=said)
