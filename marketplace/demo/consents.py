"""The demo's consents: officers went from house to house with the words of the badge, and a few households thought again."""

from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.catalogue.models import Producer
from marketplace.catalogue.principals import KIND
from marketplace.identity.consents import Purpose, current_version
from marketplace.identity.models import Consent, EvidenceKind
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows, settle_ids
from marketplace.kernel.db import db

ACTOR = "demo"
# Of those whose goods carry no badge today, every fourth had agreed once.
_THOUGHT_AGAIN = 4
_COLUMNS = [
    *("id", "public_id", "owner_kind", "owner_id", "purpose", "text_version", "how", "given_at", "recorded_by"),
    *("withdrawn_at", "withdrawn_by"),
]


def add_consents(*, now: datetime) -> None:
    """Write down the consent behind each badge, and some that were taken back."""
    sellers = db.session.execute(select(Producer.public_id, Producer.badge_consent, Producer.created_at).order_by(Producer.id))
    given = [row for at, row in enumerate(sellers) if row.badge_consent or at % _THOUGHT_AGAIN == 0]
    version = current_version(Purpose.BADGE)
    copy_rows(
        Consent,
        _COLUMNS,
        [
            (
                *(at, public_id, KIND, row.public_id, Purpose.BADGE.value, version),
                *((EvidenceKind.PAPER if at % 3 else EvidenceKind.IN_PERSON).value, row.created_at, ACTOR),
                *((None, None) if row.badge_consent else (now - timedelta(days=1 + at % 200), ACTOR)),
            )
            for at, (row, public_id) in enumerate(zip(given, ids.public_ids(len(given)), strict=True), 1)
        ],
    )
    settle_ids(Consent)
