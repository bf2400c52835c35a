"""What households declare that their land bears; harvests are held against it when listed, and sales when they leave.

A declaration of an area counts of itself as long as all the household's areas of the year stay below what a smallholder has; a
larger one, and every declared harvest, counts when an officer of the village has confirmed it in words. The officer may compare
with the household's file; the shop never opens it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, extract, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from marketplace.catalogue.mass_balance import Balance, yield_of_area_g
from marketplace.catalogue.models import Category, Listing, Lot, LotContribution, Pooling, Product, YieldDeclaration
from marketplace.catalogue.yield_states import COUNTS, YIELDS, YieldAction, YieldState
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.rules import find_rule, rule
from marketplace.registry.yield_rules import TOLERANCE_PERCENT, UNCONFIRMED_MU, UNDECLARED_KG, YIELD

MOST_WORDS = 400
_G_PER_KG = 1000
_WHY = "how much can come from a household, asked by the shop for one of its lots"

# What was ordered of each household's lots of a season and not given back, and what came to nothing, each household's part.
_SOLD = text(
    """
    WITH own AS (
        SELECT lot.id, listing.unit_grams, contribution.household_id, contribution.grams,
            sum(contribution.grams) OVER (PARTITION BY lot.id) AS whole
        FROM lot JOIN listing ON listing.id = lot.listing_id JOIN lot_contribution contribution ON contribution.lot_id = lot.id
        WHERE listing.product_id = :product AND extract(year FROM lot.harvested_on) = :season
        AND EXISTS (
            SELECT FROM lot_contribution mine WHERE mine.lot_id = lot.id AND mine.household_id = ANY(:households)
        )
    ), gone AS (
        SELECT lot_id, -sum(quantity) FILTER (WHERE kind IN ('sale', 'return')) AS sold,
            -coalesce(sum(quantity) FILTER (WHERE kind = 'write_off'), 0) AS written_off
        FROM stock_movement WHERE lot_id IN (SELECT id FROM own) GROUP BY lot_id
    ), lost AS (
        SELECT lot_id, sum(grams) AS grams FROM (
            SELECT lot_id, grams FROM lot_loss UNION ALL SELECT from_lot_id, loss_grams FROM pooling
        ) every WHERE lot_id IN (SELECT id FROM own) GROUP BY lot_id
    )
    SELECT own.household_id,
        ceil(sum(coalesce(gone.sold, 0) * own.unit_grams * own.grams / own.whole)) AS sold_g,
        ceil(sum((coalesce(gone.written_off, 0) * own.unit_grams + coalesce(lost.grams, 0)) * own.grams / own.whole)) AS lost_g
    FROM own LEFT JOIN gone ON gone.lot_id = own.id LEFT JOIN lost ON lost.lot_id = own.id
    WHERE own.household_id = ANY(:households) GROUP BY own.household_id
    """
)


def balances(household_ids: Collection[int], product: Product, season: int, day: date) -> dict[int, Balance]:
    """The account of each household for a kind of goods and the year of its harvest, by the rules of a day."""
    households = db.session.execute(select(Household.id, Household.village_code).where(Household.id.in_(household_ids))).all()
    declared = _declared(household_ids, product, season, day)
    harvested = dict(db.session.execute(_harvested(household_ids, product.id, season)).all())
    parameters = {"product": product.id, "season": season, "households": list(household_ids)}
    gone = {row.household_id: row for row in db.session.execute(_SOLD, parameters)}
    tolerances = {code: _of_county(TOLERANCE_PERCENT, code, day) for code in {row.village_code[:6] for row in households}}
    allowances = {code: _of_county(UNDECLARED_KG, code, day) for code in tolerances}
    return {
        row.id: Balance(
            declared.get(row.id),
            tolerances[row.village_code[:6]],
            allowances[row.village_code[:6]] * _G_PER_KG,
            int(harvested.get(row.id, 0)),
            int(gone[row.id].sold_g) if row.id in gone else 0,
            int(gone[row.id].lost_g) if row.id in gone else 0,
        )
        for row in households
    }


def _of_county(name: str, code: str, day: date) -> int:
    return int(rule(name, code, day).value)


def _harvested(household_ids: Collection[int], product_id: int, season: int) -> Select[Any]:
    """What households brought to harvests; pooled lots hold the same grams once more and are left out."""
    return (
        select(LotContribution.household_id, func.sum(LotContribution.grams))
        .join(Lot, Lot.id == LotContribution.lot_id)
        .join(Listing, Listing.id == Lot.listing_id)
        .where(
            LotContribution.household_id.in_(household_ids),
            Listing.product_id == product_id,
            extract("year", Lot.harvested_on) == season,
            ~select(Pooling.into_lot_id).where(Pooling.into_lot_id == Lot.id).exists(),
        )
        .group_by(LotContribution.household_id)
    )


def _declared(household_ids: Collection[int], product: Product, season: int, day: date) -> dict[int, int]:
    """The declared yield in force of each household, in grams: of those that count, the newest whose worth is known."""
    rows = db.session.scalars(
        unbounded(
            select(YieldDeclaration)
            .where(
                YieldDeclaration.household_id.in_(household_ids),
                YieldDeclaration.product_id == product.id,
                YieldDeclaration.season == season,
                YieldDeclaration.state.in_(COUNTS),
            )
            .order_by(YieldDeclaration.id),
            _WHY,
        )
    )
    found = {row.household_id: declared_g(row, product, day) for row in rows}
    return {household_id: grams for household_id, grams in found.items() if grams is not None}


def declared_g(row: YieldDeclaration, product: Product, day: date) -> int | None:
    """What a declaration comes to in grams; None for an area of which no rule says what it bears."""
    if row.area_mu100 is None:
        return row.harvest_g
    kg_per_mu = yield_per_mu(product, row.village_code, day)
    return None if kg_per_mu is None else yield_of_area_g(row.area_mu100, kg_per_mu)


def yield_per_mu(product: Product, village_code: str, day: date) -> int | None:
    """What a mu bears of a kind of goods in a county, in kg: by its own rule, else by that of its shelf."""
    shelf = db.session.get_one(Category, product.category_id)
    for name in (product.slug, shelf.slug):
        found = find_rule((YIELD + name)[:40], village_code[:6], day)
        if found is not None:
            return int(found.value)
    return None


def check_listing(listing: Listing, contributions_g: Mapping[int, int], harvested_on: date, day: date) -> None:
    """Refuse a harvest beyond what its households can have grown in the year of its day.

    Raises
    ------
    Conflict
        ``mass_balance_listing``, with what is left where one household is asked.
    """
    product = db.session.get_one(Product, listing.product_id)
    found = balances(contributions_g.keys(), product, harvested_on.year, day)
    over = [household_id for household_id, grams in contributions_g.items() if grams > found[household_id].left_to_list_g]
    if not over:
        return
    if len(contributions_g) > 1:
        # What one household has declared is not for its neighbours to read.
        raise Conflict(
            "mass_balance_listing",
            N_("For some households this is more than they have declared for the year. Please enter their yields first."),
        )
    raise Conflict(
        "mass_balance_listing",
        N_(
            "This is more than was declared for the year: %(left)s kg are left. Please tell us under My harvest what has grown."
        ),
        left=found[over[0]].left_to_list_g // _G_PER_KG,
    )


def check_shipment(lot_ids: Collection[int], day: date) -> None:
    """Refuse to send goods of households of which more was sold and lost than they can have grown.

    Raises
    ------
    Conflict
        ``mass_balance_shipment``.
    """
    for (product_id, season), household_ids in _seasons_of(lot_ids).items():
        product = db.session.get_one(Product, product_id)
        if not all(balance.holds for balance in balances(household_ids, product, season, day).values()):
            raise Conflict(
                "mass_balance_shipment",
                N_(
                    "More of this has been sold than was declared for the year. Please tell us under My harvest what has grown."
                ),
            )


def _seasons_of(lot_ids: Collection[int]) -> dict[tuple[int, int], set[int]]:
    rows = db.session.execute(
        select(Listing.product_id, Lot.harvested_on, LotContribution.household_id)
        .join(Lot, Lot.listing_id == Listing.id)
        .join(LotContribution, LotContribution.lot_id == Lot.id)
        .where(Lot.id.in_(lot_ids))
    )
    found: dict[tuple[int, int], set[int]] = {}
    for product_id, harvested_on, household_id in rows:
        found.setdefault((product_id, harvested_on.year), set()).add(household_id)
    return found


def declare_yield(
    household_id: int,
    product: Product,
    season: int,
    *,
    area_mu100: int | None = None,
    harvest_g: int | None = None,
    words: str = "",
    own: bool,
    actor: str,
    now: datetime,
) -> YieldDeclaration:
    """Say what a household's land bears of a kind of goods in a year, as an area or as a harvest.

    Parameters
    ----------
    own : bool
        Whether the household says so itself; what others say for it waits for the officer.

    Raises
    ------
    Invalid
        ``yield_invalid``; ``season_invalid`` for another year than this, the last and the next; ``yield_unknown`` for an area
        of a crop of which no rule says what a mu bears.
    """
    day = local_day(now)
    if (area_mu100 is None) == (harvest_g is None) or not 1 <= (area_mu100 or harvest_g or 0) <= 10_000_000_000:
        raise Invalid("yield_invalid", N_("Please give either the area in mu or the harvest in kg."))
    if area_mu100 is not None and area_mu100 > 10_000_000:
        raise Invalid("yield_invalid", N_("Please give either the area in mu or the harvest in kg."))
    if not day.year - 1 <= season <= day.year + 1:
        raise Invalid("season_invalid", N_("Please choose last year, this year or the next."))
    if len(words) > MOST_WORDS:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_WORDS)
    household = db.session.get_one(Household, household_id)
    # One household's declarations of a year are counted together.
    db.session.execute(select(Household.id).where(Household.id == household_id).with_for_update(key_share=True))
    row = YieldDeclaration(
        household_id=household.id,
        village_code=household.village_code,
        product_id=product.id,
        season=season,
        area_mu100=area_mu100,
        harvest_g=harvest_g,
        words=words.strip(),
        state=YieldState.WAITING,
        declared_by=actor,
        declared_at=now,
    )
    if area_mu100 is not None:
        if yield_per_mu(product, household.village_code, day) is None:
            raise Invalid("yield_unknown", N_("Nobody has set what a mu bears of this. Please give the harvest in kg."))
        most_mu100 = _of_county(UNCONFIRMED_MU, household.village_code[:6], day) * 100
        if own and _standing_mu100(household_id, product.id, season) + area_mu100 <= most_mu100:
            row.state = YieldState.STANDING
    db.session.add(row)
    db.session.flush()
    data = {"season": season, "state": row.state, "product": product.slug}
    audit.record("yield.declared", "yield_declaration", row.public_id, actor=actor, at=now, **data)
    return row


def _standing_mu100(household_id: int, but_product_id: int, season: int) -> int:
    """The areas of a household's other crops that count in a year."""
    newest = (
        select(YieldDeclaration.product_id, YieldDeclaration.area_mu100)
        .ext(distinct_on(YieldDeclaration.product_id))
        .where(
            YieldDeclaration.household_id == household_id,
            YieldDeclaration.season == season,
            YieldDeclaration.product_id != but_product_id,
            YieldDeclaration.state.in_(COUNTS),
        )
        .order_by(YieldDeclaration.product_id, YieldDeclaration.id.desc())
    )
    return sum(row.area_mu100 or 0 for row in db.session.execute(unbounded(newest, _WHY)))


def declarations_of(household_ids: Collection[int], *, limit: int = 100) -> Sequence[YieldDeclaration]:
    """What households that somebody acts for have declared, newest first."""
    query = select(YieldDeclaration).where(YieldDeclaration.household_id.in_(household_ids))
    return db.session.scalars(
        unbounded(query.order_by(YieldDeclaration.id.desc()).limit(limit), "a seller's own households")
    ).all()


def declarations_within(reach: Reach, *, waiting: bool, limit: int = 100) -> Sequence[YieldDeclaration]:
    """The declarations of an officer's areas that wait for a word, oldest first; or all others, newest first."""
    query = select(YieldDeclaration).limit(limit)
    if waiting:
        query = query.where(YieldDeclaration.state == YieldState.WAITING).order_by(YieldDeclaration.id)
    else:
        query = query.where(YieldDeclaration.state != YieldState.WAITING).order_by(YieldDeclaration.id.desc())
    return db.session.scalars(reach.over(query, YieldDeclaration.village_code)).all()


def get_declaration_within(public_id: str, reach: Reach) -> YieldDeclaration:
    """A declaration of an officer's areas, or ``NotFound``."""
    query = select(YieldDeclaration).where(YieldDeclaration.public_id == public_id)
    found = db.session.scalars(reach.over(query, YieldDeclaration.village_code)).first()
    if found is None:
        raise NotFound("yield_unknown", N_("There is no such declaration."))
    return found


def decide_yield(
    public_id: str, action: YieldAction, words: str, reach: Reach, *, actor: str, now: datetime
) -> YieldDeclaration:
    """An officer of the area says in words whether a declaration is true.

    Raises
    ------
    NotFound
        Outside the officer's areas.
    Invalid
        ``decision_words`` without any.
    Forbidden
        ``second_person`` for whoever has declared it.
    Conflict
        ``yield_state`` when it was decided otherwise.
    """
    if not 1 <= len(words.strip()) <= MOST_WORDS:
        raise Invalid("decision_words", N_("Please say in a few words how you know."))
    query = select(YieldDeclaration).where(YieldDeclaration.public_id == public_id).with_for_update()
    row = db.session.scalars(reach.over(query, YieldDeclaration.village_code)).first()
    if row is None:
        raise NotFound("yield_unknown", N_("There is no such declaration."))
    state = YIELDS.next_state(YieldState(row.state), action)
    if state is None:
        return row
    if row.declared_by == actor:
        raise Forbidden("second_person", N_("You have declared this yourself. Somebody else has to confirm it."))
    row.state, row.decided_by, row.decided_at, row.decided_words = state, actor, now, words.strip()
    db.session.flush()
    data = {"said": words.strip()[:MOST_WORDS], "season": row.season}
    audit.record(f"yield.{state}", "yield_declaration", public_id, actor=actor, at=now, **data)
    return row
