"""How the money of an order is divided: by the terms in force when it was placed, and by its own shares ever after."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ARRAY, Text, cast, func, insert, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.money import split_fen
from marketplace.orders.models import Order, OrderShare, ShareKind, ShareTerm

WHOLE_BP = 10_000
FREIGHT = "freight"
_ORDER = {kind: at for at, kind in enumerate(ShareKind)}


@dataclass(frozen=True)
class Term:
    """What a kind of share is, in parts of ten thousand of the goods' value, and the ledger account it goes to."""

    kind: ShareKind
    payee: str
    bp: int


@dataclass(frozen=True)
class Part:
    """One part of an order's money and the ledger account it goes to."""

    kind: ShareKind
    payee: str
    amount_fen: int


def producer_account(producer_public_id: str) -> str:
    """The code of a producer's account in the ledger."""
    return f"producer:{producer_public_id}"


def terms_in_force(area_codes: Iterable[str], day: date) -> dict[str, list[Term]]:
    """The terms of each area on a day, in one statement: of a kind, those of the narrowest area, there the newest."""
    wanted = func.unnest(cast(sorted(set(area_codes)), ARRAY(Text))).table_valued("code", name="wanted").render_derived()
    rows = db.session.execute(
        select(wanted.c.code, ShareTerm.kind, ShareTerm.payee, ShareTerm.bp)
        .join(ShareTerm, wanted.c.code.startswith(ShareTerm.area_code) & (ShareTerm.valid_from <= day))
        .ext(distinct_on(wanted.c.code, ShareTerm.kind))
        .order_by(wanted.c.code, ShareTerm.kind, func.length(ShareTerm.area_code).desc(), ShareTerm.valid_from.desc())
    )
    found: dict[str, list[Term]] = {code: [] for code in area_codes}
    for row in rows:
        if row.bp:
            found[row.code].append(Term(ShareKind(row.kind), row.payee, row.bp))
    return found


def payees_of_terms() -> dict[str, tuple[ShareKind, str]]:
    """For what each account gets its share and in which area (empty for everywhere), by the newest term that names it."""
    rows = db.session.execute(
        select(ShareTerm.payee, ShareTerm.kind, ShareTerm.area_code).order_by(ShareTerm.valid_from, ShareTerm.id)
    )
    return {payee: (ShareKind(kind), area_code) for payee, kind, area_code in rows}


def split_order(goods_fen: int, delivery_fen: int = 0, *, producer: str, terms: Sequence[Term]) -> list[Part]:
    """The parts of an order, which sum to goods and delivery; the producer has what the terms leave of the goods.

    Parameters
    ----------
    goods_fen, delivery_fen : int
        What the buyer pays for the goods, and for bringing them, which is freight.
    producer : str
        The producer's ledger account.

    Examples
    --------
    >>> [part.amount_fen for part in split_order(10_000, 600, producer="p", terms=[Term(ShareKind.PLATFORM, "s", 300)])]
    [9700, 600, 300]
    """
    weights: dict[ShareKind, int] = {ShareKind.PRODUCER: WHOLE_BP - sum(term.bp for term in terms)}
    payees = {ShareKind.PRODUCER: producer, ShareKind.FREIGHT: FREIGHT}
    for term in terms:
        weights[term.kind], payees[term.kind] = term.bp, term.payee
    amounts = split_fen(goods_fen, weights)
    if delivery_fen:
        amounts[ShareKind.FREIGHT] = amounts.get(ShareKind.FREIGHT, 0) + delivery_fen
    # Who packs their own goods gets one part, as the producer: the ledger books one entry an account.
    kinds = sorted((ShareKind(kind) for kind, amount in amounts.items() if amount), key=_ORDER.__getitem__)
    merged: dict[str, Part] = {}
    for kind in kinds:
        before = merged.get(payees[kind], Part(kind, payees[kind], 0))
        merged[payees[kind]] = Part(before.kind, before.payee, before.amount_fen + amounts[kind])
    return list(merged.values())


def write_shares(orders: Mapping[int, Sequence[Part]]) -> None:
    """Freeze the parts of orders that have just been written, by order id, all in one statement."""
    rows = [
        {"order_id": order_id, "kind": part.kind, "payee": part.payee, "amount_fen": part.amount_fen}
        for order_id, parts in orders.items()
        for part in parts
    ]
    db.session.execute(insert(OrderShare).values(rows))


def shares_of(order: Order) -> list[Part]:
    """The parts of an order as they were frozen."""
    parts = [Part(ShareKind(row.kind), row.payee, row.amount_fen) for row in order.shares]
    return sorted(parts, key=lambda part: _ORDER[part.kind])


def parts_of_refund(shares: Sequence[Part], refunded_fen: int) -> list[int]:
    """How much of what an order has given back each of its parts bears, in their order.

    Each part in turn bears its share of what the parts before it have left, rounded down. So the parts always sum to what was
    given back, none ever shrinks while more is given back, and of the whole order each bears the whole of its own: many small
    refunds add up to one large one.

    Examples
    --------
    >>> order = [Part(ShareKind.PRODUCER, "p", 70), Part(ShareKind.PACKING, "h", 20), Part(ShareKind.PLATFORM, "s", 10)]
    >>> parts_of_refund(order, 1), parts_of_refund(order, 55), parts_of_refund(order, 100)
    ([0, 0, 1], [38, 11, 6], [70, 20, 10])
    """
    whole_fen, left_fen, borne = sum(part.amount_fen for part in shares), refunded_fen, []
    for part in shares:
        own_fen = left_fen * part.amount_fen // whole_fen
        borne.append(own_fen)
        left_fen, whole_fen = left_fen - own_fen, whole_fen - part.amount_fen
    return borne


def set_term(
    kind: ShareKind,
    area_code: str,
    bp: int,
    payee: str,
    valid_from: date,
    reason: str,
    *,
    actor: str,
    now: datetime,
) -> ShareTerm:
    """Write down what a kind of share is from a day on; orders that are placed keep what they have.

    Raises
    ------
    Invalid
        ``term_of_producer`` for the producer's own, which is what the others leave; ``terms_exceed_goods`` when somewhere in
        the area they would leave nothing.
    """
    if kind is ShareKind.PRODUCER:
        raise Invalid("term_of_producer", N_("The producer’s part is what the others leave."))
    row = ShareTerm(
        kind=kind,
        area_code=area_code,
        bp=bp,
        payee=payee,
        valid_from=valid_from,
        reason=reason,
        set_by=actor,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    inside = select(ShareTerm.area_code).where(ShareTerm.area_code.startswith(literal(area_code)))
    places = {area_code, *db.session.scalars(inside)}
    days = {valid_from, *db.session.scalars(select(ShareTerm.valid_from).where(ShareTerm.valid_from > valid_from))}
    for day in days:
        if any(sum(term.bp for term in terms) >= WHOLE_BP for terms in terms_in_force(places, day).values()):
            raise Invalid("terms_exceed_goods", N_("Together the shares would leave the producer nothing."))
    audit.record("share_term.set", "share_term", str(row.id), actor=actor, at=now, kind=kind, area=area_code, bp=bp)
    return row
