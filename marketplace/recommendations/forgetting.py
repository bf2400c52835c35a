"""Whether a model may know a consumer who has asked to be forgotten."""

from sqlalchemy import ColumnElement, func, select

from marketplace.recommendations.models import ForgottenHistory

# Larger than the number of any fit: the history is still in all of them.
IN_EVERY_FIT = 2**31 - 1


def known_from(account_id: int | ColumnElement[int] | None) -> ColumnElement[int]:
    """The first fit without the history that an account has deleted, as a part of a larger statement; 0 when none was."""
    return (
        select(func.coalesce(func.max(func.coalesce(ForgottenHistory.gone_from_id, IN_EVERY_FIT)), 0))
        .where(ForgottenHistory.account_id == account_id)
        .scalar_subquery()
    )
