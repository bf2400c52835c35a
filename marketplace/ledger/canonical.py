"""How a transfer is written down to be hashed: in SQL for a million rows, and in words for whoever checks it elsewhere.

A transfer is a JSON array, UTF-8, with ", " between values: its id, public id, kind, purpose kind, purpose id, the id of the
transfer it reverses or null, the number of the database transaction that wrote it, its moment in UTC with microseconds, and the
text ``id:account=fen`` of each entry in the order of their ids, joined by commas. Its digest is the SHA-256 of that line.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

_LINE = """json_build_array(transfer.id, transfer.public_id, transfer.kind, transfer.purpose_kind,
            transfer.purpose_id, transfer.reverses_id, transfer.written_in,
            to_char(transfer.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            coalesce(string_agg(entry.id || ':' || ledger_account.code || '=' || entry.amount_fen, ',' ORDER BY entry.id), ''))
            ::text"""
_OF_TRANSFERS = """
    FROM transfer LEFT JOIN entry ON entry.transfer_id = transfer.id
        LEFT JOIN ledger_account ON ledger_account.id = entry.account_id
    WHERE transfer.id > :after AND transfer.id <= :through
    GROUP BY transfer.id
"""
# One row per transfer between two ids, the first left out: its digest as it is now, or the line itself.
DIGESTS = f"SELECT transfer.id, sha256(convert_to({_LINE}, 'UTF8')) AS digest {_OF_TRANSFERS}"
LINES = f"SELECT transfer.id, {_LINE} AS line {_OF_TRANSFERS}"


def written_down(
    transfer_id: int,
    public_id: str,
    kind: str,
    purpose: tuple[str, str],
    reverses_id: int | None,
    written_in: int,
    at: datetime,
    entries: Sequence[tuple[int, str, int]],
) -> str:
    """The line of one transfer, from its parts and its entries (id, account, fen); the same that the database writes.

    >>> moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    >>> parts = [(1, "buyers", -100), (2, "clearing", 100)]
    >>> written_down(1, "x", "payment", ("order_group", "7"), None, 750, moment, parts)
    '[1, "x", "payment", "order_group", "7", null, 750, "2026-01-02T03:04:05.000000Z", "1:buyers=-100,2:clearing=100"]'
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    written = ",".join(f"{entry_id}:{code}={amount_fen}" for entry_id, code, amount_fen in entries)
    parts = [transfer_id, public_id, kind, *purpose, reverses_id, written_in, moment, written]
    return json.dumps(parts, ensure_ascii=False)


def digest(line: str) -> bytes:
    """The digest of a transfer's line."""
    return hashlib.sha256(line.encode()).digest()
