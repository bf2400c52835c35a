"""The badge on a seller's goods: a household agrees to it, and can take that back at once.

The consent itself is kept with all others (``identity.consents``); ``Producer.badge_consent`` repeats, for the speed of lists,
whether one is in force.
"""

from datetime import datetime

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND
from marketplace.identity.consents import Purpose, give_consent, withdraw_consent
from marketplace.identity.models import EvidenceKind
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows


def agree_to_badge(producer_id: int, how: EvidenceKind, *, actor: str, now: datetime) -> bool:
    """From now on a seller's goods may carry the badge; False when they might already."""
    producer = lock_rows(Producer, [producer_id])[producer_id]
    given = give_consent(KIND, producer.public_id, Purpose.BADGE, how, recorded_by=actor, now=now)
    changed = given or not producer.badge_consent
    producer.badge_consent = True
    db.session.flush()
    return changed


def refuse_badge(producer_id: int, *, actor: str, now: datetime) -> bool:
    """From now on a seller's goods carry no badge; False when they carried none."""
    producer = lock_rows(Producer, [producer_id])[producer_id]
    withdrawn = withdraw_consent(KIND, producer.public_id, Purpose.BADGE, by=actor, now=now)
    if producer.badge_consent and not withdrawn:
        # Agreed before such words were kept one by one.
        audit.record("consent.withdrawn", KIND, producer.public_id, actor=actor, at=now, purpose=Purpose.BADGE)
    changed = withdrawn or producer.badge_consent
    producer.badge_consent = False
    db.session.flush()
    return changed
