"""Valid objects with complete defaults, so that a test states only what matters to it.

Each function writes through the session and answers the object; ``shop()`` makes a small shop that pages can show.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range, array

from marketplace.catalogue.models import (
    Category,
    Listing,
    ListingState,
    Lot,
    LotContribution,
    MovementKind,
    Producer,
    ProducerKind,
    Product,
    StockMovement,
    Unit,
)
from marketplace.catalogue.search_terms import index_terms
from marketplace.catalogue.service import refresh_benefit
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel.db import db
from marketplace.kernel.ids import public_id
from marketplace.orders.models import Basket, BasketLine
from marketplace.recommendations.models import Policy
from marketplace.regions.codes import ancestor_codes, parent_code
from marketplace.regions.models import Area
from marketplace.registry.models import Household, HouseholdStatus, RegistryRevision, StatusCategory
from marketplace.registry.reading import unbounded

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
VILLAGE = "522636100001"
# The hash of "a good password", made once, because argon2 is slow on purpose.
PASSWORD = "a good password"
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$0uwycEoCcFx0ib64oQHdxQ$mJdnUt56X4jejK5bhhptDMJkXwp2k6pnoUOS84Z09w4"
_numbers = count(1)
_NAMES = {"52": "贵州省", "5226": "黔东南苗族侗族自治州", "522636": "丹寨县", "522636100": "龙泉镇"}


def area(code: str = VILLAGE, name: str | None = None) -> Area:
    """An area and its ancestors, each made once."""
    for ancestor in ancestor_codes(code):
        if db.session.get(Area, ancestor) is None:
            own = name if ancestor == code and name else _NAMES.get(ancestor, f"地区{ancestor}")
            db.session.add(Area(code=ancestor, parent_code=parent_code(ancestor), name=own, valid_from=date(2020, 1, 1)))
            db.session.flush()
    return db.session.get_one(Area, code)


def account(*roles: tuple[RoleKind, str], login: str | None = None, name: str = "张三", locale: str | None = None) -> Account:
    """An account; a consumer's when no role is given."""
    made = Account(
        login=login or f"person-{public_id()}",
        display_name=name,
        password_hash=PASSWORD_HASH,
        locale=locale,
        created_at=NOW,
    )
    made.roles = [Role(kind=kind, scope_code=scope) for kind, scope in roles or ((RoleKind.CONSUMER, ""),)]
    db.session.add(made)
    db.session.flush()
    return made


def household(
    village: str = VILLAGE, *, registered_from: date | None = None, registered_until: date | None = None
) -> Household:
    """A household under its village's next number; with ``registered_from`` it has an open or ended status."""
    area(village)
    last = db.session.scalar(unbounded(select(func.max(Household.code)).filter_by(village_code=village), "a test"))
    made = Household(code=str(int(last or f"{village}0000") + 1), village_code=village, created_at=NOW)
    db.session.add(made)
    db.session.flush()
    if registered_from is not None:
        revision = RegistryRevision(at=NOW - timedelta(days=400), actor="test", reason="test")
        db.session.add(revision)
        db.session.flush()
        db.session.add(
            HouseholdStatus(
                household_id=made.id,
                category=StatusCategory.POOR,
                days=Range(registered_from, registered_until),
                revision_id=revision.id,
            )
        )
        db.session.flush()
    return made


def producer(
    village: str = VILLAGE,
    *,
    registered: bool = False,
    owner: Account | None = None,
    consent: bool = True,
    kind: ProducerKind = ProducerKind.HOUSEHOLD,
) -> Producer:
    """A household that sells, registered or not; or a cooperative."""
    area(village)
    own = None
    if kind == ProducerKind.HOUSEHOLD:
        own = household(village, registered_from=date(2020, 1, 1) if registered else None)
    number = next(_numbers)
    made = Producer(
        kind=kind,
        name_zh=f"摆泥村农家{number}号",
        name_en=f"Baini village farm {number}",
        area_code=village,
        household_id=own.id if own is not None else None,
        account_id=owner.id if owner is not None else None,
        badge_consent=consent,
        created_at=NOW,
    )
    db.session.add(made)
    db.session.flush()
    return made


def category(slug: str = "fruit", name_zh: str = "水果", name_en: str = "Fruit") -> Category:
    """A shelf, made once for its slug."""
    known = db.session.query(Category).filter_by(slug=slug).first()
    if known is not None:
        return known
    made = Category(slug=slug, name_zh=name_zh, name_en=name_en, art="apple-red", position=next(_numbers) % 1000)
    db.session.add(made)
    db.session.flush()
    return made


def product(slug: str = "apple", name_zh: str = "苹果", name_en: str = "Apple", shelf: Category | None = None) -> Product:
    """A kind of goods, made once for its slug."""
    known = db.session.query(Product).filter_by(slug=slug).first()
    if known is not None:
        return known
    shelf = shelf or category()
    made = Product(slug=slug, category_id=shelf.id, name_zh=name_zh, name_en=name_en, art="apple-red")
    db.session.add(made)
    db.session.flush()
    return made


def listing(
    seller: Producer | None = None,
    kind: Product | None = None,
    *,
    price_fen: int = 1250,
    stock: Decimal | int = 10,
    unit: Unit = Unit.BOX,
    unit_grams: int = 1500,
    title_zh: str = "红苹果 约1.5公斤",
    title_en: str = "Red apples, 1.5 kg",
    state: ListingState = ListingState.ON_SALE,
    rank: float = 1.0,
    contributions: Mapping[int, int] | None = None,
    published_at: datetime = NOW - timedelta(days=60),
) -> Listing:
    """A listing on sale with one lot of ``stock`` units, not new any more."""
    seller = seller or producer()
    kind = kind or product()
    made = Listing(
        producer_id=seller.id,
        product_id=kind.id,
        category_id=kind.category_id,
        area_code=seller.area_code,
        title_zh=title_zh,
        title_en=title_en,
        unit=unit,
        unit_grams=unit_grams,
        price_fen=price_fen,
        state=state,
        rank=rank,
        search_terms=func.array_to_tsvector(array(index_terms(title_zh, title_en, kind.name_zh, kind.name_en))),
        created_at=NOW,
        published_at=published_at,
    )
    db.session.add(made)
    db.session.flush()
    if stock:
        lot(made, Decimal(stock), contributions=contributions)
    return made


def chickens(seller: Producer | None = None, *, stock: int = 10) -> Listing:
    """Chickens of 2.5 to 3.2 jin at 28.00 yuan a jin, weighed when they are packed: 89.60 yuan each at the most."""
    made = listing(
        seller, unit=Unit.PIECE, unit_grams=1600, price_fen=8960, stock=stock, title_zh="土鸡", title_en="Free-range chicken"
    )
    made.weight_unit, made.weight_price_fen, made.piece_grams_min = Unit.JIN, 2800, 1250
    db.session.flush()
    return made


def lot(of: Listing, quantity: Decimal, *, harvested_on: date = TODAY, contributions: Mapping[int, int] | None = None) -> Lot:
    """A lot in stock; its grams come from the producer's household unless said otherwise."""
    made = Lot(listing_id=of.id, harvested_on=harvested_on, on_hand=quantity, created_at=NOW)
    db.session.add(made)
    db.session.flush()
    seller = db.session.get_one(Producer, of.producer_id)
    if contributions is None:
        owner_id = seller.household_id if seller.household_id is not None else household(seller.area_code).id
        contributions = {owner_id: int(quantity * of.unit_grams)}
    for household_id, grams in contributions.items():
        db.session.add(LotContribution(lot_id=made.id, household_id=household_id, grams=grams))
    db.session.add(
        StockMovement(
            lot_id=made.id,
            kind=MovementKind.HARVEST,
            quantity=quantity,
            purpose_kind="lot",
            purpose_id=made.public_id,
            at=NOW,
        )
    )
    of.available = (of.available or Decimal(0)) + quantity
    db.session.flush()
    refresh_benefit([of.id], TODAY)
    return made


def basket(owner: Account, *lines: tuple[Listing, Decimal | int]) -> Basket:
    """An open basket with lines at today's prices."""
    made = Basket(account_id=owner.id, created_at=NOW, changed_at=NOW)
    db.session.add(made)
    db.session.flush()
    for what, quantity in lines:
        db.session.add(
            BasketLine(basket_id=made.id, listing_id=what.id, quantity=Decimal(quantity), price_fen_shown=what.price_fen)
        )
    db.session.flush()
    return made


def policy(
    area_code: str = "522636", *, exposure_share: float = 0.3, guard: float = 0.0, begins_on: date = date(2026, 1, 1)
) -> Policy:
    """A tilt policy in force."""
    area(area_code)
    made = Policy(
        area_code=area_code,
        exposure_share=exposure_share,
        consumer_guard=guard,
        begins_on=begins_on,
        set_by="test",
        created_at=NOW,
    )
    db.session.add(made)
    db.session.flush()
    return made
