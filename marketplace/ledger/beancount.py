"""The ledger as text for beancount, a free double-entry program, so that anybody can add it up with a tool not ours.

Account names there begin with one of five words and have parts of letters, digits and dashes that begin with a capital or a
digit. What outsiders put in is ``Equity``, everything held for somebody or earned is ``Assets``; the signs stay ours. The code
each name stands for is written beside it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from marketplace.kernel.clock import local_day
from marketplace.kernel.money import plain_yuan
from marketplace.ledger.earmarks import is_source
from marketplace.ledger.queries import BookedTransfer

# Accounts whose money comes from outside; all others hold what came in.
OUTSIDE = frozenset({"buyers"})
CURRENCY = "CNY"


def account_name(code: str) -> str:
    """The name of a ledger account.

    >>> account_name("producer:7hk2x"), account_name("buyers"), account_name("platform:service_fee")
    ('Assets:Producer:N-7hk2x', 'Equity:Buyers', 'Assets:Platform:N-service-fee')
    >>> account_name("fund:7hk2x:housing:source")
    'Equity:Fund:N-7hk2x:N-housing:N-source'
    """
    first, *rest = code.split(":")
    parts = [_part(first).capitalize(), *(f"N-{_part(part)}" for part in rest)]
    return ":".join(["Equity" if first in OUTSIDE or is_source(code) else "Assets", *parts])


def _part(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text)


def beancount_text(
    opening: Sequence[tuple[str, int]],
    transfers: Iterable[BookedTransfer],
    closing: Sequence[tuple[str, int]],
    *,
    first: date,
    last: date,
) -> Iterator[str]:
    """The directives of a file, line by line: accounts, what stood there before, every transfer, what must stand there after.

    Parameters
    ----------
    opening, closing : sequences of (account code, fen)
        Balances before ``first`` and after ``last``; the program compares the closing ones with its own sums.
    transfers : iterable of BookedTransfer
        Those of the market days from ``first`` to ``last``, in their order.
    """
    yield f'option "operating_currency" "{CURRENCY}"'
    for code, _total in closing:
        yield f"{first} open {account_name(code)} {CURRENCY}"
        yield f'  code: "{code}"'
    if any(total for _code, total in opening):
        yield f'{first} * "balances before this day"'
        for code, total in opening:
            yield f"  {account_name(code)}  {plain_yuan(total)} {CURRENCY}"
    for one in transfers:
        yield f'{local_day(one.at)} * "{one.kind}" "{one.purpose_kind} {one.purpose_id}"'
        yield f'  id: "{one.public_id}"'
        for code, amount_fen in one.entries:
            yield f"  {account_name(code)}  {plain_yuan(amount_fen)} {CURRENCY}"
    # A balance is that of the morning, so the last evening's is the next day's.
    for code, total in closing:
        yield f"{last + timedelta(days=1)} balance {account_name(code)}  {plain_yuan(total)} {CURRENCY}"
