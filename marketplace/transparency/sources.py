"""Which rows become leaves, in which order, and how a leaf is made of a row.

A leaf's entry is the text ``kind salt digest``, in hexadecimal figures: sixteen random bytes and the digest of the row as it is
written down by those who keep it. For an act that digest is its link in the audit chain, which covers the whole act.
"""

from dataclasses import dataclass

from sqlalchemy import text

from marketplace.kernel.db import db
from marketplace.ledger.canonical import DIGESTS
from marketplace.registry.cases.notice_digests import CLOSING_DIGESTS, NOTICE_DIGESTS

WHY = "the public log holds the digests of all notices and opens none"
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Source:
    """Rows of one kind.

    ``digests`` selects ``id`` and ``digest`` of the rows behind one id up to another. ``in_order`` rows enter the log in the
    order of their ids, so one that appears before the last is an intruder; others enter when something befalls them.
    """

    kind: str
    called: str
    digests: str
    in_order: bool = True


TRANSFER = Source("transfer", "transfer", DIGESTS)
NOTICE = Source("notice", "notice", NOTICE_DIGESTS)
CLOSING = Source("notice_closing", "closing of notice", CLOSING_DIGESTS, in_order=False)
ACT = Source("audit_event", "audit event", "SELECT id, hash AS digest FROM audit_event WHERE id > :after AND id <= :through")
# The fixed order in which new rows are added.
SOURCES = (TRANSFER, NOTICE, CLOSING, ACT)


@dataclass(frozen=True)
class Ends:
    """The last row of each kind with nothing before it still to come, by kind; a kind that is absent has no end."""

    through: dict[str, int]

    def of(self, source: Source) -> int:
        """The last id of a source that may be added."""
        return self.through.get(source.kind, _LARGEST_ID)


def settled_notice() -> int:
    """The last notice at a moment when nobody hangs one out; as ``ledger.balances.settled_ends``."""
    db.session.execute(text("SET LOCAL lock_timeout = '5s'"))
    db.session.execute(text("LOCK TABLE case_notice IN SHARE MODE"))
    return int(db.session.scalar(text("SELECT coalesce(max(id), 0) FROM case_notice")) or 0)


def settled_act() -> int:
    """The last act. The chain's lock is held until the commit, so acts become visible in the order of their ids."""
    return int(db.session.scalar(text("SELECT coalesce(max(id), 0) FROM audit_event")) or 0)


def leaf_entry(kind: str, salt: bytes, digest: bytes) -> bytes:
    """What the leaf of a row hashes.

    >>> leaf_entry("transfer", bytes(16), bytes(32))[:12]
    b'transfer 000'
    """
    return f"{kind} {salt.hex()} {digest.hex()}".encode()


# The same hash in SQL, of columns ``salt`` and ``digest``.
LEAF_HASH = (
    "sha256('\\x00'::bytea"
    " || convert_to(concat(CAST(:kind AS text), ' ', encode(salt, 'hex'), ' ', encode(digest, 'hex')), 'UTF8'))"
)
