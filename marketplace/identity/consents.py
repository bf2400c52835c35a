"""Who has agreed to what, in which words, when and how; until they take it back, which counts at once.

A consent is asked for in a text of which the version is kept. Where the text has changed, the old consent still counts for what
it said; a purpose that needs the new words asks for the version. Nobody agrees twice: the same word again changes nothing.
"""

import enum
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.identity.models import Consent, EvidenceKind
from marketplace.kernel import audit, ids
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_


class Purpose(enum.StrEnum):
    """What somebody can agree to."""

    BADGE = "badge"
    SHARING = "sharing"


# The words that are agreed to, by purpose and version; a version that has been agreed to is never altered.
TEXTS = {
    (Purpose.BADGE, "2026-01"): N_(
        "My goods may carry the badge “Supports registered households”. My household’s name is not shown with it."
    ),
    (Purpose.SHARING, "2026-01"): N_(
        "Other offices that want to help me may ask where my household lives, how many we are, and how we are registered. My "
        "name and my numbers are not told."
    ),
}


def current_version(purpose: Purpose) -> str:
    """The version of the words that are asked today."""
    return max(version for known, version in TEXTS if known is purpose)


def give_consent(
    owner_kind: str,
    owner_id: str,
    purpose: Purpose,
    how: EvidenceKind | str,
    *,
    recorded_by: str,
    now: datetime,
    version: str | None = None,
) -> bool:
    """Write down that somebody agrees; False when they had agreed already.

    Parameters
    ----------
    owner_kind, owner_id : str
        Whose word it is, as whoever stands above identity knows them.
    how : EvidenceKind
        How they said yes.
    recorded_by : str
        The public id of the account that wrote it down, their own where they signed in.
    version : str, optional
        Of the words; today's when none is given.
    """
    version = version or current_version(purpose)
    if (purpose, version) not in TEXTS:
        raise ValueError(f"there are no words {version} for {purpose}")
    given = db.session.execute(
        insert(Consent)
        .values(
            public_id=ids.public_id(),
            owner_kind=owner_kind,
            owner_id=owner_id,
            purpose=purpose,
            text_version=version,
            how=EvidenceKind(how),
            given_at=now,
            recorded_by=recorded_by,
        )
        # Of two who send it at once one is the first; the word is the same.
        .on_conflict_do_nothing()
        .returning(Consent.id)
    ).first()
    if given is None:
        return False
    audit.record("consent.given", owner_kind, owner_id, actor=recorded_by, at=now, purpose=purpose, version=version)
    return True


def withdraw_consent(owner_kind: str, owner_id: str, purpose: Purpose, *, by: str, now: datetime) -> bool:
    """Take a consent back from this moment on; False when there is none."""
    consent = db.session.scalars(_in_force(owner_kind, owner_id, purpose).with_for_update()).first()
    if consent is None:
        return False
    consent.withdrawn_at, consent.withdrawn_by = now, by
    db.session.flush()
    audit.record("consent.withdrawn", owner_kind, owner_id, actor=by, at=now, purpose=purpose)
    return True


def find_consent(owner_kind: str, owner_id: str, purpose: Purpose) -> Consent | None:
    """The consent that counts now."""
    return db.session.scalars(_in_force(owner_kind, owner_id, purpose)).first()


def consents_of(owner_kind: str, owner_id: str) -> Sequence[Consent]:
    """Everything somebody has agreed to, and what they took back, newest first."""
    return db.session.scalars(
        select(Consent).filter_by(owner_kind=owner_kind, owner_id=owner_id).order_by(Consent.id.desc())
    ).all()


def _in_force(owner_kind: str, owner_id: str, purpose: Purpose) -> Select[tuple[Consent]]:
    return select(Consent).filter_by(owner_kind=owner_kind, owner_id=owner_id, purpose=purpose, withdrawn_at=None)
