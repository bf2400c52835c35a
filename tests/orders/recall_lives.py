"""A life in which a box that was sent is called back, for tests that cut it off somewhere."""

from datetime import datetime

from sqlalchemy import select

from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Box, OrderLine, RecallLine
from marketplace.orders.recall_states import RecallReply
from marketplace.orders.recalls import answer_recall, start_recall, tell_buyers
from tests import factories


def box_called_back(listing_id: int, account_id: int, account: str, now: datetime) -> None:
    """The box of a line that was sent is called back by two operators, and its buyer answers that it is still there."""
    with transaction():
        # Whoever was born in another process counts from one again, so each has a name of their own.
        first, second = (
            factories.account((RoleKind.OPERATOR, ""), login=f"{each}-of-{account}") for each in ("first", "second")
        )
    box = db.session.scalars(select(Box.public_id).join(OrderLine).where(OrderLine.listing_id == listing_id)).one()
    with transaction():
        recall = start_recall(box, "玻璃碎片", "请不要食用", first, now=now).public_id
    with transaction():
        tell_buyers(recall, second, now=now)
    concerned = db.session.scalars(
        select(RecallLine.public_id)
        .join(OrderLine, OrderLine.id == RecallLine.line_id)
        .where(OrderLine.listing_id == listing_id)
    ).one()
    with transaction():
        answer_recall(concerned, account_id, account, RecallReply.KEPT, now=now)
