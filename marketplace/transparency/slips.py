"""Slips: one booking with everything that is needed to check it on paper, as text for a square code.

The text is ``NONGQIAO1:`` and, in base 32 without padding (RFC 4648), these bytes: the leaf's position and the head's size (8
each), the head's moment in Unix seconds (8), its key's number (4), the number of hashes in the path (1), the digest of the head
before (32), the signature (64), the leaf's salt (16), the path (32 each), and the transfer's line in UTF-8. The root is not
among them: whoever checks computes it. ``docs/check_slip.py`` does so with nothing but Python. A square code holds this text
closely, because it has figures, capitals and a colon alone.
"""

import base64
import struct
from dataclasses import dataclass
from datetime import datetime

from marketplace.ledger.queries import find_written
from marketplace.transparency.queries import find_position, first_head_over, inclusion
from marketplace.transparency.sources import TRANSFER

MARK = "NONGQIAO1"
_FRONT = struct.Struct(">QQQIB")


@dataclass(frozen=True)
class Slip:
    """What a slip says: the transfer as it is written down, where it stands, and the text of the code."""

    line: str
    position: int
    size: int
    signed_at: datetime
    key_number: int
    code: str


def slip_of(kind: str, purpose_kind: str, purpose_id: str) -> Slip | None:
    """The slip of a booked transfer; None until a head has been signed over it.

    It rests on the first such head, so it is the same whenever it is asked for.
    """
    written = find_written(kind, purpose_kind, purpose_id)
    found = find_position(TRANSFER.kind, written[0]) if written is not None else None
    head = first_head_over(found[0]) if found is not None else None
    if written is None or found is None or head is None:
        return None
    line, (position, salt) = written[1], found
    path = inclusion(position, head.size).path
    front = _FRONT.pack(position, head.size, int(head.at.timestamp()), head.key_number, len(path))
    packed = b"".join([front, head.previous, head.signature, salt, *path, line.encode()])
    code = f"{MARK}:{base64.b32encode(packed).decode().rstrip('=')}"
    return Slip(line, position, head.size, head.at, head.key_number, code)
