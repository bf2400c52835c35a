"""The codes of accounts that hold a fund's money: ``fund:<fund>:<what for>:<place>``. Pure, no database.

Fund and purpose together are the *tag*: opaque words to the ledger. Of the places it knows two, ``source``, where money of the
tag comes from and which alone goes below zero, and ``paid``, where it ends. So ``paid`` and all places between always add up to
what left the source, for every tag.
"""

SOURCE, PAID = "source", "paid"
_FIRST = "fund"


def fund_prefix(fund: str) -> str:
    """How the codes of all accounts of a fund begin."""
    return f"{_FIRST}:{fund}:"


def fund_account(fund: str, purpose: str, place: str) -> str:
    """The code of an account.

    >>> fund_account("7hk2x", "housing", "522636")
    'fund:7hk2x:housing:522636'
    """
    return f"{fund_prefix(fund)}{purpose}:{place}"


def parts_of(code: str) -> tuple[str, str, str]:
    """Fund, purpose and place of such a code.

    >>> parts_of("fund:7hk2x:housing:522636")
    ('7hk2x', 'housing', '522636')
    """
    first, fund, purpose, place = code.split(":")
    if first != _FIRST:
        raise ValueError(f"{code} is no account of a fund")
    return fund, purpose, place


def is_source(code: str) -> bool:
    """Whether money of a tag comes in from outside on this account.

    >>> is_source("fund:7hk2x:housing:source"), is_source("fund:7hk2x:housing:paid"), is_source("buyers")
    (True, False, False)
    """
    return code.startswith(f"{_FIRST}:") and code.endswith(f":{SOURCE}")
