"""Setting a purchase target."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.sourcing.enterprises import own_member
from marketplace.sourcing.models import PurchaseTarget

MOST_BUDGET_FEN = 10**13


def set_purchase_target(account: Account, year: int, share_bp: int, *, budget_fen: int | None = None, now: datetime) -> None:
    """Set what an account's enterprise reserves in a year, in place of what it had set; a budget that is not given stays.

    Raises
    ------
    Invalid
        ``target_range`` when the share is no part of a whole, ``budget_range`` for a budget of nothing or less.
    """
    if not 0 <= share_bp <= 10_000:
        raise Invalid("target_range", N_("A target is a share between 0 and 100 per cent."))
    if budget_fen is not None and not 1 <= budget_fen <= MOST_BUDGET_FEN:
        raise Invalid("budget_range", N_("A budget is more than nothing and at most 100 billion yuan."))
    enterprise = own_member(account, now=now).enterprise
    values = {"share_bp": share_bp, "changed_at": now} | ({} if budget_fen is None else {"budget_fen": budget_fen})
    statement = insert(PurchaseTarget).values(enterprise_id=enterprise.id, year=year, **values)
    db.session.execute(statement.on_conflict_do_update(index_elements=["enterprise_id", "year"], set_=values))
    data = {"year": year, "share_bp": share_bp, "budget_fen": budget_fen}
    audit.record("target.set", "enterprise", enterprise.public_id, actor=account.public_id, at=now, **data)
