"""Quotes: a seller offers, the buyer answers with another figure, until one of them agrees, says no, or the time is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Producer
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.sourcing.answering import OWN_LIST_SAYS, check_answer, check_own_list
from marketplace.sourcing.demands import CLOCK, get_demand
from marketplace.sourcing.models import Demand, DemandWay, EnterpriseMember, Quote, QuoteRound
from marketplace.sourcing.states import QUOTES, TIME_TO_ANSWER, DemandState, QuoteAction, QuoteState

MOST_ROUNDS = 10
_THEIR_LIST_SAYS = N_("By its price list the farm asks for %(price)s yuan a kilogram of that much. You need not offer more.")
_TALKED_ABOUT = (DemandState.OPEN, DemandState.CHOOSING)


@dataclass(frozen=True)
class Figures:
    """What is offered: grams over all deliveries, the price of a kilogram in fen, and a few words."""

    grams: int
    fen_kg: int
    words: str = ""


def offer(producer: Producer, demand_public_id: str, listing: str, figures: Figures, *, actor: str, now: datetime) -> Quote:
    """Answer a demand with a seller's own goods; offered again with the same figures, it is the same quote.

    Raises
    ------
    Conflict
        ``no_quotes`` for a demand that is not answered by quotes, ``answer_time_over``, ``quoted_already``; and those of
        ``check_answer`` and ``check_own_list``.
    """
    demand = get_demand(demand_public_id, lock=True)
    if demand.way != DemandWay.QUOTES:
        raise Conflict("no_quotes", N_("This demand is not answered by quotes."))
    if demand.state != DemandState.OPEN or demand.answer_by_at <= now:
        raise Conflict("answer_time_over", N_("The time to answer this demand is over."))
    goods = check_answer(demand, producer, listing, figures.grams, figures.fen_kg, now=now)
    check_own_list(demand, goods, figures.grams, figures.fen_kg, says=OWN_LIST_SAYS)
    live = (QuoteState.OFFERED, QuoteState.COUNTERED, QuoteState.CHOSEN)
    own = select(Quote).where(Quote.demand_id == demand.id, Quote.listing_id == goods.id, Quote.state.in_(live))
    found = db.session.scalars(own).first()
    if found is not None:
        if (found.grams, found.fen_kg, found.state) == (figures.grams, figures.fen_kg, QuoteState.OFFERED):
            return found
        raise Conflict("quoted_already", N_("You have answered this demand with these goods. Please go on with that answer."))
    quote = Quote(
        demand_id=demand.id,
        producer_id=producer.id,
        listing_id=goods.id,
        grams=figures.grams,
        fen_kg=figures.fen_kg,
        created_at=now,
    )
    db.session.add(quote)
    db.session.flush()
    _say(quote, "seller", figures, actor, now)
    audit.record("quote.offered", "quote", quote.public_id, actor=actor, at=now, grams=quote.grams, fen_kg=quote.fen_kg)
    return quote


def counter(buyer: EnterpriseMember, quote_public_id: str, figures: Figures, *, now: datetime) -> Quote:
    """Answer an offer with other figures; the seller has three days to say what they think of them."""
    quote = lock_quote(quote_public_id, enterprise_id=buyer.enterprise_id)
    demand = quote.demand
    if figures.fen_kg > demand.price_ceiling_fen_kg:
        raise Invalid("above_ceiling", N_("That is more than the buyer pays at most. Please offer a lower price."))
    if (figures.grams, figures.fen_kg) == (quote.grams, quote.fen_kg):
        raise Invalid("nothing_changed", N_("These are the figures that stand. You can agree with them."))
    goods = check_answer(demand, quote.producer, quote.listing.public_id, figures.grams, figures.fen_kg, now=now)
    check_own_list(demand, goods, figures.grams, figures.fen_kg, says=_THEIR_LIST_SAYS)
    _go_on(quote, QuoteAction.COUNTER, "buyer", figures, buyer.account.public_id, now)
    quote.due_at = now + TIME_TO_ANSWER
    db.session.flush()
    return quote


def answer_counter(producer: Producer, quote_public_id: str, figures: Figures | None, *, actor: str, now: datetime) -> Quote:
    """A seller agrees to a counter-offer (no figures), or answers it with figures of their own."""
    quote = lock_quote(quote_public_id, producer_id=producer.id)
    if quote.state == QuoteState.COUNTERED and quote.due_at is not None and quote.due_at <= now:
        raise Conflict("answer_time_over", N_("The time to answer this demand is over."))
    given = figures or Figures(quote.grams, quote.fen_kg)
    goods = check_answer(quote.demand, producer, quote.listing.public_id, given.grams, given.fen_kg, now=now)
    check_own_list(quote.demand, goods, given.grams, given.fen_kg, says=OWN_LIST_SAYS)
    _go_on(quote, QuoteAction.OFFER, "seller", given, actor, now)
    quote.due_at = None
    db.session.flush()
    return quote


def decline(buyer: EnterpriseMember, quote_public_id: str, *, now: datetime) -> Quote:
    """Say no to a quote."""
    quote = lock_quote(quote_public_id, enterprise_id=buyer.enterprise_id)
    _end(quote, QuoteAction.DECLINE, buyer.account.public_id, now)
    return quote


def take_back(producer: Producer, quote_public_id: str, *, actor: str, now: datetime) -> Quote:
    """Take a quote back before it is chosen."""
    quote = lock_quote(quote_public_id, producer_id=producer.id)
    _end(quote, QuoteAction.WITHDRAW, actor, now)
    return quote


def lapse(quote: Quote, *, now: datetime) -> bool:
    """What the clock does with a locked quote whose counter-offer nobody has answered in time."""
    if quote.state != QuoteState.COUNTERED or quote.due_at is None or quote.due_at > now:
        return False
    _end(quote, QuoteAction.LAPSE, CLOCK, now)
    return True


def _go_on(quote: Quote, action: QuoteAction, party: str, figures: Figures, actor: str, now: datetime) -> None:
    if quote.demand.state not in _TALKED_ABOUT:
        raise Conflict("answer_time_over", N_("The time to answer this demand is over."))
    if quote.round >= MOST_ROUNDS:
        raise Conflict("too_many_rounds", N_("There has been enough talk about this. Please agree, or say no."))
    state = QUOTES.next_state(QuoteState(quote.state), action)
    if state is None:
        raise Conflict("not_your_turn", N_("Please wait for the answer to what you said last."))
    quote.state = state
    quote.grams, quote.fen_kg, quote.round = figures.grams, figures.fen_kg, quote.round + 1
    _say(quote, party, figures, actor, now)
    data = {"grams": quote.grams, "fen_kg": quote.fen_kg, "round": quote.round}
    audit.record(f"quote.{state}", "quote", quote.public_id, actor=actor, at=now, **data)


def _say(quote: Quote, party: str, figures: Figures, actor: str, now: datetime) -> None:
    words = figures.words.strip()[:400]
    db.session.add(
        QuoteRound(
            quote_id=quote.id,
            number=quote.round,
            party=party,
            grams=figures.grams,
            fen_kg=figures.fen_kg,
            words=words,
            said_by=actor,
            at=now,
        )
    )
    db.session.flush()


def _end(quote: Quote, action: QuoteAction, actor: str, now: datetime) -> None:
    state = QUOTES.next_state(QuoteState(quote.state), action)
    if state is None:
        return
    quote.state, quote.due_at = state, None
    db.session.flush()
    audit.record(f"quote.{state}", "quote", quote.public_id, actor=actor, at=now)


def lock_quote(public_id: str, *, producer_id: int | None = None, enterprise_id: int | None = None) -> Quote:
    """A quote of this seller or to this enterprise, locked behind its demand, or ``NotFound``."""
    demand_id = db.session.scalar(select(Quote.demand_id).filter_by(public_id=public_id))
    demand = db.session.scalars(
        select(Demand).filter_by(id=demand_id).with_for_update(of=Demand).execution_options(populate_existing=True)
    ).first()
    quote = db.session.scalars(
        select(Quote).filter_by(public_id=public_id).with_for_update(of=Quote).execution_options(populate_existing=True)
    ).first()
    if (
        quote is None
        or demand is None
        or (producer_id is not None and quote.producer_id != producer_id)
        or (enterprise_id is not None and demand.enterprise_id != enterprise_id)
    ):
        raise NotFound("quote_unknown", N_("There is no such quote."))
    return quote


def quotes_to(demand: Demand) -> Sequence[Quote]:
    """The quotes that a demand got, cheapest first, those that ended last."""
    ended = Quote.state.in_((QuoteState.DECLINED, QuoteState.WITHDRAWN, QuoteState.LAPSED))
    return db.session.scalars(
        select(Quote)
        .filter_by(demand_id=demand.id)
        .options(joinedload(Quote.producer), joinedload(Quote.listing), selectinload(Quote.rounds))
        .order_by(ended, Quote.fen_kg, Quote.id)
    ).all()


def quotes_of(producer_id: int) -> Sequence[Quote]:
    """A seller's quotes, newest first."""
    return db.session.scalars(
        select(Quote)
        .filter_by(producer_id=producer_id)
        .options(joinedload(Quote.demand).joinedload(Demand.enterprise), joinedload(Quote.listing), selectinload(Quote.rounds))
        .order_by(Quote.id.desc())
        .limit(100)
    ).all()
