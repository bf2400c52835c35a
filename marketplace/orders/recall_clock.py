"""Which goods are called back at this moment: claims on them know no time limit."""

from sqlalchemy import exists, select

from marketplace.kernel.db import db
from marketplace.orders.models import Recall, RecallLine
from marketplace.orders.recall_states import RecallState


def is_called_back(line_id: int) -> bool:
    """Whether the buyer of an order line has been told that its goods are called back, and that has not ended."""
    told = exists().where(RecallLine.line_id == line_id, Recall.id == RecallLine.recall_id, Recall.state == RecallState.TOLD)
    return bool(db.session.scalar(select(told)))
