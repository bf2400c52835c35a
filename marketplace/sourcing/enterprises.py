"""Whose enterprise somebody acts for, and what they may do in its name."""

from datetime import datetime

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.sourcing.models import Enterprise, EnterpriseMember, MemberRole


def find_member(account_id: int) -> EnterpriseMember | None:
    """As what an account acts for an enterprise now; None where it acts for none."""
    return db.session.scalars(select(EnterpriseMember).filter_by(account_id=account_id, left_at=None)).first()


def own_member(account: Account, *, now: datetime) -> EnterpriseMember:
    """As what an account acts for an enterprise; one that acts for none founds its own and is the owner.

    What it bought before was bought for that enterprise, so it counts as a member since there is the account.
    """
    # Of two pages that are opened at once the second finds what the first has founded.
    db.session.scalars(select(Account.id).filter_by(id=account.id).with_for_update()).one()
    member = find_member(account.id)
    if member is not None:
        return member
    enterprise = Enterprise(name=account.display_name, invoice_title=account.display_name, created_at=now)
    member = EnterpriseMember(
        enterprise=enterprise,
        account_id=account.id,
        role=MemberRole.OWNER,
        approval_limit_fen=None,
        joined_at=account.created_at,
    )
    db.session.add(member)
    db.session.flush()
    audit.record("enterprise.founded", "enterprise", enterprise.public_id, actor=account.public_id, at=now)
    return member
