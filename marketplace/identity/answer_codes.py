"""Short secrets in notices, by which a household can answer once without signing in.

A code has ten characters of an alphabet of thirty (49 bits); guesses are counted like attempts to sign in.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.identity.models import AnswerCode, Mandate
from marketplace.kernel import ids
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, NotFound

CODE_LENGTH = 10
CODE_HOLDS = timedelta(days=30)


def issue_code(mandate: Mandate, purpose_kind: str, purpose_id: str, *, now: datetime) -> str:
    """A new code for a notice about this mandate, or about something done under it; only its digest is kept."""
    code = ids.public_id()[:CODE_LENGTH]
    db.session.add(
        AnswerCode(
            digest=_digest(code),
            mandate_id=mandate.id,
            purpose_kind=purpose_kind,
            purpose_id=purpose_id,
            created_at=now,
            expires_at=now + CODE_HOLDS,
        )
    )
    return code


def get_code(code: str, *, now: datetime) -> AnswerCode:
    """What a code stands for, without using it: mailboxes open links before their readers do.

    Raises
    ------
    NotFound
        For a code that was never given out.
    Conflict
        ``code_used`` or ``code_over`` for one that is no longer good.
    """
    return _found(code, now, lock=False)


def use_code(code: str, *, now: datetime) -> AnswerCode:
    """Use a code up, in the transaction of what it answers; of two who try at once, one is refused."""
    found = _found(code, now, lock=True)
    found.used_at = now
    db.session.flush()
    return found


def _found(code: str, now: datetime, *, lock: bool) -> AnswerCode:
    query = select(AnswerCode).filter_by(digest=_digest(code)).execution_options(populate_existing=True)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("code_unknown", N_("We do not know this code. Please check each letter."))
    if found.used_at is not None:
        raise Conflict("code_used", N_("This code has been used already. A code works once."))
    if found.expires_at <= now:
        raise Conflict("code_over", N_("This code is too old. Please sign in or tell the village office."))
    return found


def _digest(code: str) -> bytes:
    """Whoever copies a code by hand may write it in capitals and with spaces."""
    return hashlib.sha256("".join(code.split()).lower().encode()).digest()
