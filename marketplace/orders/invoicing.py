"""Invoices on what was paid, and credit notes on what went back. Each is a snapshot with a number; none is ever changed.

The goods are farm produce. What producers and cooperatives sell of their own and their members' growing is free of value added
tax, and the invoice says by which rule; the rules are dated, because they change. It carries the fields that the tax
authority's own invoice (fapiao) needs and does not stand in its place.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import ProducerKind
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.orders.models import Invoice, InvoiceCounter, Order, OrderGroup
from marketplace.orders.preorders import uncharged_fen
from marketplace.orders.states import OrderState
from marketplace.payments.models import PaymentMethod, Refund, RefundReason

LONGEST_TITLE = 100
# The unified social credit code (GB 32100-2015) has these characters, and a last one that checks the others.
_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE = re.compile(rf"[{_CODE_CHARACTERS}]{{18}}")
# The registration numbers that came before it: 15 digits, or 20 for persons in business.
_OLD_CODE = re.compile(r"[0-9]{15}|[0-9A-Z]{20}")


@dataclass(frozen=True)
class TaxBasis:
    """Why there is no value added tax on a sale: the rule, and from which day on it is the one."""

    begins_on: date
    code: str
    zh: str
    en: str


# The Value-Added Tax Law of the People's Republic of China came in force on 1 January 2026 (article 24, item 1); before it the
# Provisional Regulations said the same (article 15, item 1). For cooperatives: Caishui [2008] No. 81.
_OWN_PRODUCE = (
    TaxBasis(
        date(1994, 1, 1),
        "own-produce-2009",
        "农业生产者销售的自产农产品，免征增值税（《增值税暂行条例》第十五条第一项）",
        "Produce sold by those who grew it, exempt from VAT (Provisional Regulations on VAT, article 15, item 1)",
    ),
    TaxBasis(
        date(2026, 1, 1),
        "own-produce-2026",
        "农业生产者销售的自产农产品，免征增值税（《中华人民共和国增值税法》第二十四条第一项）",
        "Produce sold by those who grew it, exempt from VAT (VAT Law of the PRC, article 24, item 1)",
    ),
)
_COOPERATIVE = (
    TaxBasis(
        date(2008, 7, 1),
        "cooperative-2008",
        "农民专业合作社销售本社成员生产的农产品，视同自产农产品，免征增值税（财税〔2008〕81号）",
        "Produce of its members sold by a farmers’ cooperative, treated as its own, exempt from VAT (Caishui [2008] No. 81)",
    ),
)


@dataclass(frozen=True)
class InvoiceTo:
    """To whom an invoice is made out: a name, and for an organisation its tax number."""

    title: str
    tax_number: str | None = None


def tax_basis(kind: ProducerKind, day: date) -> TaxBasis:
    """The rule under which a producer's sale of a day is free of value added tax."""
    rules = _COOPERATIVE if kind == ProducerKind.COOPERATIVE else _OWN_PRODUCE
    return max((rule for rule in rules if rule.begins_on <= day), key=lambda rule: rule.begins_on, default=rules[0])


def check_tax_number(text: str) -> str:
    """A tax number as it is printed, or ``Invalid``.

    A unified social credit code must end in its check character: 31 less the weighted sum of the others modulo 31, the weight
    of the i-th being the i-th power of 3 modulo 31 (GB 32100-2015).

    >>> check_tax_number("91350100m000100y43")
    '91350100M000100Y43'
    """
    code = text.strip().upper()
    if _CODE.fullmatch(code):
        values = [_CODE_CHARACTERS.index(character) for character in code]
        weighted = sum(value * pow(3, place, 31) for place, value in enumerate(values[:17]))
        fine = values[17] == (31 - weighted % 31) % 31
    else:
        fine = _OLD_CODE.fullmatch(code) is not None
    if not fine:
        raise Invalid("tax_number_invalid", N_("This is not a tax number. Please look at it once more."))
    return code


def issue_invoice(order: Order, group: OrderGroup, to: InvoiceTo, *, actor: str, now: datetime) -> Invoice:
    """The invoice of a locked order that was paid, or accepted by contract and is to be paid.

    Asked again, it is the same one, whatever it is asked to say.

    Raises
    ------
    Invalid
        ``invoice_title_invalid`` or ``tax_number_invalid``.
    Conflict
        ``not_paid`` before the money has come, ``nothing_to_invoice`` where all of it went back.
    """
    found = find_invoice(order.id)
    if found is not None:
        return found
    title = to.title.strip()
    if not 1 <= len(title) <= LONGEST_TITLE or any(ord(character) < 32 for character in title):
        raise Invalid("invoice_title_invalid", N_("Please say to whom the invoice is made out, in 1 to 100 characters."))
    tax_number = check_tax_number(to.tax_number) if to.tax_number else None
    owed = group.payment_method == PaymentMethod.AFTER_ACCEPTANCE and order.state == OrderState.ACCEPTED
    if group.paid_at is None and not owed:
        raise Conflict("not_paid", N_("Nothing has been paid for this order yet."))
    if order.total_fen == order.refunded_fen:
        raise Conflict("nothing_to_invoice", N_("All the money of this order went back, so there is nothing to invoice."))
    kept = _contents(order, group, title, tax_number, local_day(now))
    invoice = _write(order, InvoiceTo(title, tax_number), kept["total_fen"], kept, now=now, actor=actor)
    for refund in _refunds_before(order):
        credit_refund(refund, order, actor=actor, now=now)
    return invoice


def _refunds_before(order: Order) -> list[Refund]:
    """What went back before there was an invoice: it is on record as the rest is, so that all of them sum to what was kept.

    What the scales gave back is not among them, because the lines say what was weighed.
    """
    query = select(Refund).filter_by(purpose_kind="order", purpose_id=order.public_id)
    return list(db.session.scalars(query.where(Refund.reason != RefundReason.WEIGHED).order_by(Refund.id)))


def credit_refund(refund: Refund, order: Order, *, actor: str, now: datetime) -> Invoice | None:
    """The credit note of a refund, where the order has an invoice; asked again, the same one."""
    invoice = find_invoice(order.id)
    if invoice is None:
        return None
    found = db.session.scalars(select(Invoice).filter_by(refund_id=refund.id)).first()
    if found is not None:
        return found
    contents = {
        **invoice.snapshot,
        "credits": invoice.number,
        "issued_on": local_day(now).isoformat(),
        "lines": [],
        "total_fen": -refund.amount_fen,
    }
    to = InvoiceTo(invoice.title, invoice.tax_number)
    return _write(order, to, -refund.amount_fen, contents, now=now, actor=actor, credits_invoice=invoice, refund=refund)


def _write(
    order: Order,
    to: InvoiceTo,
    total_fen: int,
    contents: Mapping[str, Any],
    *,
    now: datetime,
    actor: str,
    credits_invoice: Invoice | None = None,
    refund: Refund | None = None,
) -> Invoice:
    number = _next_number(local_day(now).year)
    snapshot = {**contents, "number": number}
    digest = hashlib.sha256(canonical(snapshot)).digest()
    invoice = Invoice(
        number=number,
        order_id=order.id,
        credits_id=credits_invoice.id if credits_invoice is not None else None,
        refund_id=refund.id if refund is not None else None,
        title=to.title,
        tax_number=to.tax_number,
        total_fen=total_fen,
        snapshot=snapshot,
        digest=digest,
        issued_at=now,
    )
    db.session.add(invoice)
    db.session.flush()
    verb = "invoice.issued" if credits_invoice is None else "invoice.credited"
    audit.record(
        verb, "invoice", invoice.public_id, actor=actor, at=now, number=number, total_fen=total_fen, digest=digest.hex()
    )
    return invoice


def canonical(snapshot: Mapping[str, Any]) -> bytes:
    """The one spelling of a snapshot whose digest is kept."""
    return json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _next_number(year: int) -> str:
    """The next number of a year, as ``NQ-2026-000042``: without a gap, because the counter rolls back with its invoice."""
    statement = insert(InvoiceCounter).values(year=year, last=1)
    last = db.session.scalar(
        statement.on_conflict_do_update(index_elements=["year"], set_={"last": InvoiceCounter.last + 1}).returning(
            InvoiceCounter.last
        )
    )
    return f"NQ-{year}-{last:06d}"


def _contents(order: Order, group: OrderGroup, title: str, tax_number: str | None, day: date) -> dict[str, Any]:
    basis = tax_basis(ProducerKind(order.producer.kind), local_day(group.placed_at))
    first = order.lines[0]
    lines = [
        {
            "title_zh": line.title_zh,
            "title_en": line.title_en,
            "unit": line.unit,
            "unit_grams": line.unit_grams,
            "quantity": f"{(line.quantity - line.uncharged).normalize():f}",
            "price_fen": line.price_fen,
            "total_fen": line.total_fen - uncharged_fen(line),
        }
        for line in order.lines
        if line.uncharged < line.quantity
    ]
    goods_fen = sum(line.total_fen - uncharged_fen(line) for line in order.lines)
    return {
        "purchase": group.reference,
        "issued_on": day.isoformat(),
        # What is paid after it was accepted is invoiced before.
        "paid_on": local_day(group.paid_at).isoformat() if group.paid_at is not None else None,
        "seller_zh": first.producer_zh,
        "seller_en": first.producer_en,
        "seller_area_code": first.area_code,
        "title": title,
        "tax_number": tax_number,
        "lines": lines,
        # Whatever the order took beside its goods: the freight.
        "other_fen": order.delivery_fen,
        "tax_fen": 0,
        "basis": {"code": basis.code, "zh": basis.zh, "en": basis.en},
        "total_fen": goods_fen + order.delivery_fen,
    }


def find_invoice(order_id: int) -> Invoice | None:
    """The invoice of an order, without its credit notes."""
    return db.session.scalars(select(Invoice).filter_by(order_id=order_id, credits_id=None)).first()


def invoices_of(order_ids: list[int]) -> list[Invoice]:
    """The invoices and credit notes of orders, in the order of their numbers."""
    return list(db.session.scalars(select(Invoice).where(Invoice.order_id.in_(order_ids)).order_by(Invoice.id)))


def get_invoice(public_id: str, account_id: int) -> Invoice:
    """An invoice of one's own, as buyer or as seller, or ``NotFound``."""
    invoice = db.session.scalars(select(Invoice).filter_by(public_id=public_id)).first()
    if invoice is None or account_id not in (invoice.order.group.account_id, invoice.order.producer.account_id):
        raise NotFound("invoice_unknown", N_("There is no such invoice."))
    return invoice


def last_invoice_to(account_id: int) -> InvoiceTo | None:
    """To whom a buyer's last invoice was made out, to be offered for the next."""
    row = db.session.execute(
        select(Invoice.title, Invoice.tax_number)
        .join(Order, Order.id == Invoice.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(OrderGroup.account_id == account_id)
        .order_by(Invoice.id.desc())
        .limit(1)
    ).first()
    return InvoiceTo(*row) if row is not None else None
