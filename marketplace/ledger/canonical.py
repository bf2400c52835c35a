"""How a transfer is written down to be hashed: in SQL for a million rows, and in words for whoever checks it elsewhere.

A transfer is a JSON array, UTF-8, with ", " between values: its id, public id, kind, purpose kind, purpose id, the id of the
transfer it reverses or null, its moment in UTC with microseconds, and the text ``account=fen`` of each entry in the order of
their ids, joined by commas. Its digest is the SHA-256 of that line.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

# One row per transfer between two ids, the first left out: its sum and number of entries, and its digest as it is now.
DIGESTS = """
    SELECT transfer.id, sum(entry.amount_fen)::bigint AS total, count(entry.id) AS entries,
        sha256(convert_to(json_build_array(transfer.id, transfer.public_id, transfer.kind, transfer.purpose_kind,
            transfer.purpose_id, transfer.reverses_id,
            to_char(transfer.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            coalesce(string_agg(ledger_account.code || '=' || entry.amount_fen, ',' ORDER BY entry.id), ''))::text, 'UTF8'))
            AS digest
    FROM transfer LEFT JOIN entry ON entry.transfer_id = transfer.id
        LEFT JOIN ledger_account ON ledger_account.id = entry.account_id
    WHERE transfer.id > :after AND transfer.id <= :through
    GROUP BY transfer.id
"""


def digest(
    transfer_id: int,
    public_id: str,
    kind: str,
    purpose: tuple[str, str],
    reverses_id: int | None,
    at: datetime,
    entries: Sequence[tuple[str, int]],
) -> bytes:
    """The digest of one transfer, from its parts; the same 32 bytes that the database computes.

    >>> moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    >>> parts = [("buyers", -100), ("clearing", 100)]
    >>> digest(1, "x", "payment", ("order_group", "7"), None, moment, parts).hex()[:16]
    '4b458b1f20390427'
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    written = ",".join(f"{code}={amount_fen}" for code, amount_fen in entries)
    line = json.dumps([transfer_id, public_id, kind, *purpose, reverses_id, moment, written], ensure_ascii=False)
    return hashlib.sha256(line.encode()).digest()
