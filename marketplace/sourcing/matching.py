"""From demands and declared supplies to a problem for ``recommender.allocation``: who fits whom, at what price, and how well.

A *want* is what is still missing of one delivery; an *offer* is what a week of a declaration still has. A pair fits when goods,
grade, week, price, certificates, origin and least lot do, and bringing the goods does not cost more than they are worth:

    surplus = ceiling - price - transport + affinity,      in fen a kilogram

The price is what the seller asks; nobody is beaten down. Distances are by the narrowest area that both ends share, because
villages have no surveyed roads here; what each costs is a dated rule of the province.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from marketplace.catalogue.certificates import counts_on
from marketplace.catalogue.models import Certificate, Listing, ListingState, Producer, ProducerKind
from marketplace.catalogue.queries import benefit_bp_on, benefit_shares
from marketplace.kernel.db import db
from marketplace.recommendations.queries import policy_in_force, seller_severity
from marketplace.regions.codes import ancestor_codes
from marketplace.registry import plan_rules
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.queries import supported_on
from marketplace.registry.rules import rule
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Demand, DemandDelivery, PlanPart, SupplyDeclaration, SupplyState, SupplyWeek
from marketplace.sourcing.states import PlanPartState
from recommender.allocation import AllocationPolicy, AllocationProblem, Constraint, Feasibility, affinity, explain

WHOLE_BP = 10_000
# Nobody is asked for less, whatever they declared.
LEAST_PART_G = 1000
LEVELS = {12: "village", 9: "township", 6: "county", 4: "city", 2: "province", 0: "nation"}
_GRADES = tuple(Grade)
LIVE = (PlanPartState.ASKED, PlanPartState.ACCEPTED, PlanPartState.ORDERED, PlanPartState.DELIVERED)
KEPT = (PlanPartState.ACCEPTED, PlanPartState.ORDERED, PlanPartState.DELIVERED)
NOT_KEPT = (PlanPartState.DECLINED, PlanPartState.LAPSED)


@dataclass(frozen=True)
class Offer:
    """What a week of a declaration still has, and all that decides whom it fits."""

    week_id: int
    week_on: date
    left_g: int
    producer_id: int
    listing_id: int
    product_id: int
    category_id: int
    area_code: str
    grade: Grade
    price_fen_kg: int
    least_lot_g: int
    benefit_bp: int
    severity: float
    certificates: frozenset[str]


@dataclass(frozen=True)
class Want:
    """What is missing of a delivery: ``kept_*`` is what parts that are asked or accepted bring already."""

    delivery: DemandDelivery
    demand: Demand
    place_code: str
    wanted_g: int
    most_households: int | None
    kept_value_fen: int
    kept_registered_fen: int


@dataclass(frozen=True)
class Terms:
    """The dated rules that matching follows in an area."""

    transport_fen_kg: Mapping[str, int]
    distance_km: Mapping[str, int]
    affinity_fen_kg: int
    spread_fen_kg: int
    fill_kept: float

    @classmethod
    def of(cls, area_code: str, day: date) -> "Terms":
        """Those in force on a day."""

        def value(name: str) -> Any:
            return rule(name, area_code, day).value

        return cls(
            value(plan_rules.TRANSPORT_FEN_KG),
            value(plan_rules.DISTANCE_KM),
            value(plan_rules.AFFINITY_FEN_KG),
            value(plan_rules.SPREAD_FEN_KG),
            value(plan_rules.FILL_KEPT_PERMILLE) / 1000,
        )


@dataclass(frozen=True)
class Floor:
    """The share of value that the policy in force asks for, and which policy that is; no policy asks for nothing."""

    share: float
    version: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class Matching:
    """The problem, with the wants and offers behind its numbers, and what is known of wants that nothing fits."""

    wants: Sequence[Want]
    offers: Sequence[Offer]
    problem: AllocationProblem
    policy: AllocationPolicy
    floor: Floor
    explained: Mapping[int, Feasibility]


def shared_level(one: str, other: str) -> str:
    """The narrowest level of area that two places share.

    >>> shared_level("522636100001", "522636100002"), shared_level("522636100001", "520100000000")
    ('township', 'province')
    """
    shared = set(ancestor_codes(one)) & set(ancestor_codes(other))
    return LEVELS[max((len(code) for code in shared), default=0)]


def floor_of(demands: Iterable[Demand], places: Mapping[int, str], day: date) -> Floor:
    """The widest promise among the policies that cover where the goods come from, else where they go to.

    A policy that names a share of sales means this one; one that names only a share of what is shown is taken at its word too,
    because what a buyer is matched with is all that it is shown.
    """
    found = {}
    for demand in demands:
        policy = policy_in_force(demand.origin_code or places[demand.id], day)
        if policy is not None:
            found[policy.id] = policy
    best = max(found.values(), key=lambda policy: (policy.sales_share or policy.exposure_share or 0.0, policy.id), default=None)
    if best is None:
        return Floor(0.0, "", {})
    figures = {"area": best.area_code, "sales_share": best.sales_share, "exposure_share": best.exposure_share}
    return Floor(best.sales_share or best.exposure_share or 0.0, best.public_id, figures)


def match(demands: Sequence[Demand], *, day: date, share: float | None = None) -> Matching:
    """Build the problem of these demands from what is declared; ``share`` is what a person asks for, not the policy."""
    wants = wants_of(demands, day)
    places = {demand.id: demand.place.area_code for demand in demands}
    terms = Terms.of(next(iter(places.values()), ""), day)
    floor = floor_of(demands, places, day)
    offers = offers_for(demands, day)
    history = _history([offer.producer_id for offer in offers])
    refused, used = _taken_pairs([want.delivery.id for want in wants])
    pairs = _Pairs()
    explained = {}
    by_goods = _by_goods(offers)
    for number, want in enumerate(wants):
        mine = _candidates(want, by_goods)
        lacks = lacks_of(want, [offers[one] for one in mine], terms)
        if not mine or (sum(lacks.values()) > 0).all():
            capacity = [max(offers[one].left_g, 0) for one in mine]
            explained[number] = explain(want.wanted_g, capacity, lacks)
        for place, one in enumerate(mine):
            offer = offers[one]
            free = (want.delivery.id, offer.producer_id) not in refused and (want.delivery.id, offer.week_id) not in used
            if free and not any(column[place] > 0 for column in lacks.values()):
                pairs.add(number, one, want, offer, terms, history)
    asked = floor.share if share is None else share
    policy = AllocationPolicy(
        registered_share=_share_of_rest(asked, wants, pairs.price_fen_kg),
        fill_kept=terms.fill_kept,
        spread_fen_kg=float(terms.spread_fen_kg),
    )
    floor = Floor(asked, floor.version, {**floor.figures, "policy_share": floor.share})
    return Matching(wants, offers, _problem(wants, offers, pairs, terms), policy, floor, explained)


def wants_of(demands: Sequence[Demand], day: date) -> list[Want]:
    """What is still missing of each delivery that is not over, by its number; of one that is whole there is nothing."""
    deliveries = [delivery for demand in demands for delivery in demand.deliveries if delivery.closes_on >= day]
    rows = db.session.execute(
        select(
            PlanPart.delivery_id,
            func.sum(PlanPart.grams),
            func.count(PlanPart.producer_id.distinct()),
            func.sum(PlanPart.grams * PlanPart.fen_kg) / 1000,
            func.sum(PlanPart.grams * PlanPart.fen_kg * PlanPart.benefit_bp) / 1000 / WHOLE_BP,
        )
        .where(PlanPart.delivery_id.in_([delivery.id for delivery in deliveries]), PlanPart.state.in_(LIVE))
        .group_by(PlanPart.delivery_id)
    )
    kept = {row[0]: row[1:] for row in rows}
    wants = []
    for delivery in deliveries:
        grams, households, value, registered = kept.get(delivery.id, (0, 0, 0, 0))
        most = delivery.demand.most_households
        room = None if most is None else most - households
        missing = delivery.wanted_g - int(grams)
        if missing >= LEAST_PART_G or (missing > 0 and not grams):
            place = delivery.demand.place.area_code
            wants.append(Want(delivery, delivery.demand, place, missing, room, int(value), int(registered)))
    return wants


def offers_for(demands: Sequence[Demand], day: date) -> list[Offer]:
    """What is declared of the goods that are wanted, by anybody who sells them, in weeks that are not over."""
    products = {demand.product_id for demand in demands if demand.product_id is not None}
    categories = {demand.category_id for demand in demands if demand.category_id is not None}
    certificates = (
        select(func.array_agg(Certificate.kind.distinct()))
        .where(Certificate.producer_id == Listing.producer_id, counts_on(day))
        .where(or_(Certificate.lot_id.is_(None), Certificate.lot_id == SupplyDeclaration.lot_id))
        .correlate(Listing, SupplyDeclaration)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            SupplyWeek.id,
            SupplyWeek.week_on,
            (SupplyWeek.grams - SupplyWeek.committed_g).label("left_g"),
            SupplyDeclaration.producer_id,
            SupplyDeclaration.listing_id,
            SupplyDeclaration.product_id,
            Listing.category_id,
            SupplyDeclaration.area_code,
            SupplyDeclaration.grade,
            SupplyDeclaration.min_price_fen_kg,
            SupplyDeclaration.least_lot_g,
            SupplyDeclaration.lot_id,
            benefit_of_seller(day).label("benefit_bp"),
            seller_severity().label("severity"),
            certificates.label("certificates"),
        )
        .join(SupplyDeclaration, SupplyDeclaration.id == SupplyWeek.declaration_id)
        .join(Listing, Listing.id == SupplyDeclaration.listing_id)
        .join(Producer, Producer.id == SupplyDeclaration.producer_id)
        .where(SupplyDeclaration.state == SupplyState.OPEN, SupplyDeclaration.expires_on >= day)
        .where(Listing.state == ListingState.ON_SALE, SupplyWeek.week_on > day - timedelta(days=7))
        .where(or_(SupplyDeclaration.product_id.in_(products), Listing.category_id.in_(categories)))
        .order_by(SupplyWeek.id)
    ).all()
    lots = benefit_shares([row.lot_id for row in rows if row.lot_id is not None], day)
    return [
        Offer(
            week_id=row.id,
            week_on=row.week_on,
            left_g=row.left_g,
            producer_id=row.producer_id,
            listing_id=row.listing_id,
            product_id=row.product_id,
            category_id=row.category_id,
            area_code=row.area_code,
            grade=Grade(row.grade),
            price_fen_kg=row.min_price_fen_kg,
            least_lot_g=row.least_lot_g,
            benefit_bp=lots[row.lot_id].bp if row.lot_id in lots else row.benefit_bp,
            severity=row.severity,
            certificates=frozenset(row.certificates or ()),
        )
        for row in rows
    ]


def benefit_of_seller(day: date) -> ColumnElement[int]:
    """The registered part of what a ``Producer`` will harvest, in parts of ten thousand.

    A household's is all or nothing; a cooperative's is that of its ``Listing``'s stock, as far as anything is known of it.
    """
    registered = exists().where(HouseholdStatus.household_id == Producer.household_id, supported_on(day))
    own = and_(Producer.kind == ProducerKind.HOUSEHOLD, registered)
    return case((own, WHOLE_BP), (Producer.kind == ProducerKind.HOUSEHOLD, 0), else_=benefit_bp_on(day))


def benefits_of_weeks(week_ids: Iterable[int], day: date) -> dict[int, int]:
    """The registered part of weeks of declarations by a day's registry, in parts of ten thousand."""
    rows = db.session.execute(
        select(SupplyWeek.id, SupplyDeclaration.lot_id, benefit_of_seller(day).label("benefit_bp"))
        .join(SupplyDeclaration, SupplyDeclaration.id == SupplyWeek.declaration_id)
        .join(Listing, Listing.id == SupplyDeclaration.listing_id)
        .join(Producer, Producer.id == SupplyDeclaration.producer_id)
        .where(SupplyWeek.id.in_(set(week_ids)))
    ).all()
    lots = benefit_shares([row.lot_id for row in rows if row.lot_id is not None], day)
    return {row.id: lots[row.lot_id].bp if row.lot_id in lots else row.benefit_bp for row in rows}


def lacks_of(want: Want, offers: Sequence[Offer], terms: Terms) -> dict[Constraint, np.ndarray[Any, np.dtype[np.float64]]]:
    """By how much each offer fails each constraint of a want; 0 where it holds."""
    demand, delivery = want.demand, want.delivery
    wanted_grade = _GRADES.index(Grade(demand.grade))
    needed = frozenset(demand.certificate_kinds)

    def lacking(offer: Offer) -> tuple[float, ...]:
        over = offer.price_fen_kg - demand.price_ceiling_fen_kg
        transport = terms.transport_fen_kg[shared_level(offer.area_code, want.place_code)]
        last = offer.week_on + timedelta(days=6)
        early, late = (delivery.opens_on - last).days, (offer.week_on - delivery.closes_on).days
        full = want.most_households is not None and want.most_households < 1
        return (
            float(full or offer.left_g < max(LEAST_PART_G, offer.least_lot_g)),
            max(0, _GRADES.index(offer.grade) - wanted_grade),
            max(0, early, late),
            # The ceiling has to hold price and way; a price above it fails as that, with all that would be needed.
            over + transport if over > 0 else 0,
            max(0, over + transport) if over <= 0 else 0,
            len(needed - offer.certificates),
            _levels_too_narrow(demand.origin_code, offer.area_code),
            max(0, offer.least_lot_g - want.wanted_g),
        )

    order = (
        Constraint.CAPACITY,
        Constraint.GRADE,
        Constraint.WINDOW,
        Constraint.PRICE,
        Constraint.TRANSPORT,
        Constraint.CERTIFICATE,
        Constraint.ORIGIN,
        Constraint.LEAST_LOT,
    )
    table = np.array([lacking(offer) for offer in offers], dtype=np.float64).reshape(len(offers), len(order))
    return {constraint: table[:, place] for place, constraint in enumerate(order)}


def _levels_too_narrow(origin: str, area_code: str) -> int:
    """How many levels wider the origin would have to be to hold an area.

    >>> _levels_too_narrow("522636100", "522636101002"), _levels_too_narrow("", "522636101002")
    (1, 0)
    """
    return sum(not area_code.startswith(code) for code in ancestor_codes(origin)) if origin else 0


class _Pairs:
    """The pairs that fit, column by column."""

    def __init__(self) -> None:
        self.demand_number: list[int] = []
        self.supply_number: list[int] = []
        self.price_fen_kg: list[int] = []
        self.margin_fen_kg: list[int] = []
        self.history: dict[str, list[int]] = {"asked": [], "kept": [], "distance_km": [], "deliveries": []}

    def add(
        self,
        want_number: int,
        offer_number: int,
        want: Want,
        offer: Offer,
        terms: Terms,
        history: Mapping[int, Mapping[str, int]],
    ) -> None:
        level = shared_level(offer.area_code, want.place_code)
        self.demand_number.append(want_number)
        self.supply_number.append(offer_number)
        self.price_fen_kg.append(offer.price_fen_kg)
        ceiling = want.demand.price_ceiling_fen_kg
        self.margin_fen_kg.append(ceiling - offer.price_fen_kg - terms.transport_fen_kg[level])
        of_seller = history.get(offer.producer_id, {})
        self.history["asked"].append(of_seller.get("asked", 0))
        self.history["kept"].append(of_seller.get("kept", 0))
        self.history["deliveries"].append(of_seller.get("kept", 0))
        self.history["distance_km"].append(terms.distance_km[level])


def _problem(wants: Sequence[Want], offers: Sequence[Offer], pairs: _Pairs, terms: Terms) -> AllocationProblem:
    sellers = {producer: number for number, producer in enumerate(sorted({offer.producer_id for offer in offers}))}
    least, need = [0] * len(sellers), [0.0] * len(sellers)
    for offer in offers:
        number = sellers[offer.producer_id]
        # A seller of several goods has one least lot in the problem: the largest keeps every one of them.
        least[number] = max(least[number], offer.least_lot_g, LEAST_PART_G)
        need[number] = offer.severity
    return AllocationProblem.of(
        wanted_g=[want.wanted_g for want in wants],
        capacity_g=[max(0, offer.left_g) for offer in offers],
        household_number=[sellers[offer.producer_id] for offer in offers],
        benefit=[offer.benefit_bp / WHOLE_BP for offer in offers],
        demand_number=pairs.demand_number,
        supply_number=pairs.supply_number,
        price_fen_kg=pairs.price_fen_kg,
        surplus_fen_kg=np.array(pairs.margin_fen_kg, dtype=np.float64)
        + (terms.affinity_fen_kg * affinity(**pairs.history) if pairs.margin_fen_kg else 0.0),
        least_lot_g=least,
        most_households=[want.most_households or 0 for want in wants],
        need=need,
    )


def _share_of_rest(share: float, wants: Sequence[Want], prices: Sequence[int]) -> float:
    """What the new parts have to bring so that they and those that are kept have the share together.

    What the new ones will cost is not known before; it is taken for what is missing at the mean price of the pairs.
    """
    kept = sum(want.kept_value_fen for want in wants)
    if not kept or not prices:
        return share
    rest = sum(want.wanted_g for want in wants) / 1000 * sum(prices) / len(prices)
    registered = sum(want.kept_registered_fen for want in wants)
    return min(1.0, max(0.0, (share * (kept + rest) - registered) / rest))


def _by_goods(offers: Sequence[Offer]) -> dict[tuple[str, int], list[int]]:
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number, offer in enumerate(offers):
        found["product", offer.product_id].append(number)
        found["category", offer.category_id].append(number)
    return found


def _candidates(want: Want, by_goods: Mapping[tuple[str, int], list[int]]) -> list[int]:
    demand = want.demand
    key = ("product", demand.product_id) if demand.product_id is not None else ("category", demand.category_id or 0)
    return by_goods.get(key, [])


def _history(producer_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """How many parts each seller was asked for before, and how many of them it kept."""
    rows = db.session.execute(
        select(
            PlanPart.producer_id,
            func.count().filter(PlanPart.state.in_((*KEPT, *NOT_KEPT))),
            func.count().filter(PlanPart.state.in_(KEPT)),
        )
        .where(PlanPart.producer_id.in_(set(producer_ids)))
        .group_by(PlanPart.producer_id)
    )
    return {producer_id: {"asked": asked, "kept": kept} for producer_id, asked, kept in rows}


def _taken_pairs(delivery_ids: Sequence[int]) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Deliveries with sellers who said no to them, and with weeks that bring something to them already."""
    rows = db.session.execute(
        select(PlanPart.delivery_id, PlanPart.producer_id, PlanPart.week_id, PlanPart.state).where(
            PlanPart.delivery_id.in_(delivery_ids), PlanPart.state != PlanPartState.PROPOSED
        )
    ).all()
    refused = {(row.delivery_id, row.producer_id) for row in rows if row.state in (*NOT_KEPT, PlanPartState.CUT)}
    return refused, {(row.delivery_id, row.week_id) for row in rows}
