"""A bank's word about a day, held against the books.

The file is CSV with a header: ``day``, ``amount`` in yuan (what came in positive, what left negative), ``reference`` and
``account`` (the other side's, or its last four figures). A movement of the bank's is the books' when reference and amount are
the same, or, without a reference, when amount and last four figures are and no other is alike.
"""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select

from marketplace.funds.models import BankDay, BankItem, FundMove, FundPayment, MoveKind
from marketplace.funds.places import area_of
from marketplace.funds.service import keeps_books_of
from marketplace.funds.states import BANK_DAYS, BankDayAction, BankDayState
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import audit
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.kernel.money import fen_of_yuan
from marketplace.kernel.steps import step
from marketplace.kernel.tables import decoded
from marketplace.payments.models import PayoutBatch, PayoutLine, PayoutWay
from marketplace.regions.queries import within, within_any

# The market's own account at the bank has no area.
MARKET = ""
COLUMNS = ("day", "amount", "reference", "account")
MOST_ROWS = 10_000
_UNREADABLE = N_("This file cannot be read as a table.")


@dataclass(frozen=True)
class Movement:
    """One movement as one side knows it; positive came in."""

    amount_fen: int
    reference: str
    last_four: str
    booked_as: str = ""


@dataclass(frozen=True)
class Match:
    """A movement of the bank's, of the books', or of both."""

    bank: Movement | None
    books: Movement | None


def read_statement(body: bytes, day: date) -> list[Movement]:
    """The movements of a bank's file, all of that day, in UTF-8 or GB 18030.

    Raises
    ------
    Invalid
        ``statement_unreadable``; ``statement_columns``; ``statement_too_long``; ``statement_row``, with the line, for a row of
        another day or with no amount. A day without movements is a file with the header alone.
    """
    text = decoded(body)
    if text is None or "\0" in text:
        raise Invalid("statement_unreadable", _UNREADABLE)
    reader = csv.DictReader(io.StringIO(text), strict=True)
    found = []
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise Invalid("statement_columns", N_("The file lacks these columns: %(columns)s."), columns=", ".join(missing))
        for row in reader:
            if len(found) == MOST_ROWS:
                raise Invalid("statement_too_long", N_("The file has more than %(most)s rows."), most=MOST_ROWS)
            values = {name: (row[name] or "").strip() for name in COLUMNS}
            fen = fen_of_yuan(values["amount"])
            if values["day"] != day.isoformat() or not fen or len(values["reference"]) > 64:
                words = N_("Line %(line)s is not of this day, or has no amount that can be read.")
                raise Invalid("statement_row", words, line=reader.line_num)
            figures = "".join(char for char in values["account"] if char.isascii() and char.isdigit())
            found.append(Movement(fen, values["reference"], figures[-4:]))
    except csv.Error:
        raise Invalid("statement_unreadable", _UNREADABLE) from None
    return found


def match(bank: Sequence[Movement], books: Sequence[Movement]) -> list[Match]:
    """Pair the two sides: by reference and amount first, then what has no reference by amount and last four figures.

    Without a reference only what has no double is paired: two alike are for a person to tell apart.

    >>> paired = match([Movement(-500, "A", "1234")], [Movement(-500, "A", "1234"), Movement(-500, "B", "1234")])
    >>> [(one.bank is not None, one.books.reference) for one in paired]
    [(True, 'A'), (False, 'B')]
    """
    by_reference = defaultdict[tuple[str, int], list[int]](list)
    for at, booked in enumerate(books):
        by_reference[booked.reference, booked.amount_fen].append(at)
    partner: dict[int, int] = {}
    for at, said in enumerate(bank):
        waiting = by_reference.get((said.reference, said.amount_fen), []) if said.reference else []
        if waiting:
            partner[at] = waiting.pop(0)
    taken = set(partner.values())
    nameless, alike = defaultdict[tuple[int, str], list[int]](list), defaultdict[tuple[int, str], list[int]](list)
    for at, said in enumerate(bank):
        if at not in partner and not said.reference and said.last_four:
            nameless[said.amount_fen, said.last_four].append(at)
    for at, booked in enumerate(books):
        if at not in taken:
            alike[booked.amount_fen, booked.last_four].append(at)
    for key, said_at in nameless.items():
        if len(said_at) == len(alike.get(key, ())) == 1:
            partner[said_at[0]] = alike[key][0]
    taken = set(partner.values())
    first = [Match(said, books[partner[at]] if at in partner else None) for at, said in enumerate(bank)]
    return [*first, *(Match(None, booked) for at, booked in enumerate(books) if at not in taken)]


def books_of(area_code: str, day: date) -> list[Movement]:
    """What the ledger says moved that day on the account of an area's office, or of the market (payouts by bank)."""
    return list(_market_books(day) if area_code == MARKET else _office_books(area_code, day))


def _office_books(area_code: str, day: date) -> Iterator[Movement]:
    begin, end = day_bounds(day, day)
    query = (
        select(FundMove, FundPayment.reference, FundPayment.last_four)
        .outerjoin(FundPayment, FundPayment.id == FundMove.payment_id)
        .where(FundMove.at >= begin, FundMove.at < end)
        .where(within(FundMove.source, area_code) | within(FundMove.target, area_code))
        .order_by(FundMove.id)
    )
    for move, reference, last_four in db.session.execute(query):
        out, into = area_of(move.source) == area_code, area_of(move.target) == area_code
        # Between an office and a project of its own nothing moves at the bank.
        if out == into:
            continue
        reversed_payment = _reversed(move) if move.kind == MoveKind.REVERSE else None
        name = reference or (reversed_payment.reference if reversed_payment else move.document_number)
        figures = last_four or (reversed_payment.last_four if reversed_payment else "")
        yield Movement(move.amount_fen if into else -move.amount_fen, name, figures, name)


def _reversed(move: FundMove) -> FundPayment:
    query = select(FundPayment).join(FundMove, FundMove.payment_id == FundPayment.id).where(FundMove.id == move.reverses_id)
    return db.session.scalars(query).one()


def _market_books(day: date) -> Iterator[Movement]:
    begin, end = day_bounds(day, day)
    query = (
        select(PayoutLine)
        .join(PayoutBatch, PayoutBatch.id == PayoutLine.batch_id)
        .where(PayoutBatch.way == PayoutWay.BANK, PayoutLine.state == "paid")
        .where(PayoutLine.ended_at >= begin, PayoutLine.ended_at < end)
        .order_by(PayoutLine.id)
    )
    for line in db.session.scalars(query):
        yield Movement(-line.amount_fen, line.reference, line.last_four, line.reference)


def check_reads(by: Account, area_code: str) -> None:
    """Raise ``Forbidden`` where a person may not hold this account's days against the books."""
    operator = RoleKind.OPERATOR in {role.kind for role in by.roles}
    if not (operator if area_code == MARKET else keeps_books_of(by, area_code)):
        raise Forbidden("fund_place_not_yours", N_("Only the finance office that holds this money can move it."))


def read_day(area_code: str, day: date, body: bytes, *, by: Account, now: datetime) -> BankDay:
    """Take in a bank's file for a day; one that is open is read anew, and what was explained in it is explained no more.

    Raises
    ------
    Conflict
        ``bank_day_done`` for a day that somebody has called done; ``bank_day_future`` for one that is not over.
    Invalid
        As for ``read_statement``.
    """
    check_reads(by, area_code)
    if day >= local_day(now):
        raise Conflict("bank_day_future", N_("This day is not over yet."))
    movements = read_statement(body, day)
    made = db.session.scalars(select(BankDay).filter_by(area_code=area_code, day=day).with_for_update()).first()
    if made is None:
        made = BankDay(area_code=area_code, day=day)
        db.session.add(made)
    elif made.state != BankDayState.OPEN:
        raise Conflict("bank_day_done", N_("Somebody has called this day done."))
    made.digest, made.read_by_id, made.read_at = hashlib.sha256(body).digest(), by.id, now
    db.session.flush()
    db.session.execute(delete(BankItem).where(BankItem.bank_day_id == made.id))
    db.session.add_all(_items(made, match(movements, books_of(area_code, day))))
    db.session.flush()
    db.session.expire(made, ["items"])
    audit.record("bank_day.read", "bank_day", made.public_id, actor=by.public_id, at=now, rows=len(movements))
    step("bank_day.read")
    return made


def _items(day: BankDay, matches: Iterable[Match]) -> Iterator[BankItem]:
    for number, one in enumerate(matches, 1):
        seen = one.bank or one.books
        if seen is None:
            raise RuntimeError("a match of nothing with nothing")
        yield BankItem(
            bank_day_id=day.id,
            number=number,
            side="both" if one.bank and one.books else "bank" if one.bank else "books",
            amount_fen=seen.amount_fen,
            reference=one.bank.reference if one.bank else "",
            last_four=seen.last_four,
            booked_as=one.books.booked_as[:64] if one.books else "",
        )


def get_day(public_id: str, *, lock: bool = False) -> BankDay:
    """A bank day, or ``NotFound``."""
    query = select(BankDay).filter_by(public_id=public_id).execution_options(populate_existing=True)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("bank_day_unknown", N_("There is no such day."))
    return found


def days_within(areas: Iterable[str], *, limit: int = 60) -> Sequence[BankDay]:
    """The newest days of some areas' offices; of the market for ``MARKET`` alone."""
    wanted = set(areas)
    # Every area lies within the market's empty code, which names its own days alone.
    own = within_any(BankDay.area_code, wanted - {MARKET})
    if MARKET in wanted:
        own |= BankDay.area_code == MARKET
    return db.session.scalars(select(BankDay).where(own).order_by(BankDay.day.desc(), BankDay.id.desc()).limit(limit)).all()


def explain_item(day: BankDay, number: int, words: str, *, by: Account, now: datetime) -> BankItem:
    """Say why only one side knows a movement of a locked, open day.

    Raises
    ------
    NotFound
        ``bank_item_unknown`` for none that needs words.
    Invalid
        ``fund_reason`` without words.
    Conflict
        ``bank_day_done``.
    """
    check_reads(by, day.area_code)
    if day.state != BankDayState.OPEN:
        raise Conflict("bank_day_done", N_("Somebody has called this day done."))
    item = next((one for one in day.items if one.number == number and one.side != "both"), None)
    if item is None:
        raise NotFound("bank_item_unknown", N_("There is no such movement."))
    if not words.strip():
        raise Invalid("fund_reason", N_("Please say why."))
    item.words, item.explained_by_id, item.explained_at = words.strip()[:400], by.id, now
    db.session.flush()
    audit.record("bank_day.explained", "bank_day", day.public_id, actor=by.public_id, at=now, number=number)
    return item


def settle_day(day: BankDay, *, by: Account, now: datetime) -> bool:
    """Call a locked day done: everything matches or is explained. False when that was said.

    Raises
    ------
    Conflict
        ``bank_day_unexplained`` while something is not.
    """
    check_reads(by, day.area_code)
    state = BANK_DAYS.next_state(BankDayState(day.state), BankDayAction.SETTLE)
    if state is None:
        return False
    if any(item.side != "both" and not item.words for item in day.items):
        raise Conflict("bank_day_unexplained", N_("Some movements are known to one side alone and not explained yet."))
    day.state, day.settled_by_id, day.settled_at = state, by.id, now
    db.session.flush()
    audit.record("bank_day.settled", "bank_day", day.public_id, actor=by.public_id, at=now)
    return True


def close_day(day: BankDay, *, by: Account, now: datetime) -> bool:
    """Close a locked, settled day as a second person. False when that was done.

    Raises
    ------
    Conflict
        ``second_person_needed``; ``bank_day_moved`` when the books say something else by now than they did.
    """
    check_reads(by, day.area_code)
    state = BANK_DAYS.next_state(BankDayState(day.state), BankDayAction.CLOSE)
    if state is None:
        return False
    if by.id == day.settled_by_id:
        raise Conflict("second_person_needed", N_("Somebody else than who entered it has to agree."))
    booked = sorted((item.amount_fen, item.booked_as) for item in day.items if item.side != "bank")
    if booked != sorted((one.amount_fen, one.booked_as[:64]) for one in books_of(day.area_code, day.day)):
        raise Conflict("bank_day_moved", N_("The books of this day have changed since. Please read the bank’s file again."))
    day.state, day.closed_by_id, day.closed_at = state, by.id, now
    db.session.flush()
    audit.record("bank_day.closed", "bank_day", day.public_id, actor=by.public_id, at=now)
    step("bank_day.closed")
    return True


def reopen_day(day: BankDay, *, by: Account, now: datetime) -> bool:
    """Take a settled day up again, before a second person has closed it. False when it is open."""
    check_reads(by, day.area_code)
    state = BANK_DAYS.next_state(BankDayState(day.state), BankDayAction.REOPEN)
    if state is None:
        return False
    day.state, day.settled_by_id, day.settled_at = state, None, None
    db.session.flush()
    audit.record("bank_day.reopened", "bank_day", day.public_id, actor=by.public_id, at=now)
    return True
