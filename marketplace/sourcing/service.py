"""Setting a purchase target."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.sourcing.models import PurchaseTarget


def set_purchase_target(account: Account, year: int, share_bp: int, *, now: datetime) -> None:
    """Set what an enterprise wants to reserve in a year, in place of what it had set.

    Raises
    ------
    Invalid
        When the share is no part of a whole.
    """
    if not 0 <= share_bp <= 10_000:
        raise Invalid("target_range", N_("A target is a share between 0 and 100 per cent."))
    statement = insert(PurchaseTarget).values(account_id=account.id, year=year, share_bp=share_bp, changed_at=now)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["account_id", "year"], set_={"share_bp": share_bp, "changed_at": now})
    )
    audit.record("target.set", "account", account.public_id, actor=account.public_id, at=now, year=year, share_bp=share_bp)
