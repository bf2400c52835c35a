"""How often somebody may call, counted in one row each that all processes share.

The count is a moment: until when the calls made so far use up what is allowed at an even pace (the generic cell rate
algorithm). A call moves it on by one pace; a caller who rests finds it in the past and has the whole allowance again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel import clock
from marketplace.kernel.db import Base, db, transaction
from marketplace.kernel.jobs import job
from marketplace.kernel.types import Moment, UTCDateTime

_MINUTE = timedelta(minutes=1)


class CallAllowance(Base):
    """Until when a caller's calls use up its allowance. Unlogged: a crash forgets a minute's calls and nothing else."""

    __tablename__ = "call_allowance"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012

    caller: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_until: Mapped[Moment]


@dataclass(frozen=True)
class Allowance:
    """What a caller has left: ``retry_after_s`` is 0 when the call may go on."""

    per_minute: int
    left: int
    full_again_s: int
    retry_after_s: int = 0


def take_call(caller: str, per_minute: int, *, now: datetime) -> Allowance:
    """Count one call, if it is allowed; one that is refused counts for nothing.

    Works on a connection of its own and commits at once, because the count outlives whatever becomes of the call.

    Parameters
    ----------
    caller : str
        Who calls, at most 64 characters.
    per_minute : int
        How many calls are allowed in a minute, all of which may come at once.
    """
    pace = _MINUTE / per_minute
    room = pace * (per_minute - 1)
    at = literal(now, UTCDateTime)
    counted = (
        insert(CallAllowance)
        .values(caller=caller, used_until=now + pace)
        .on_conflict_do_update(
            index_elements=["caller"],
            set_={"used_until": func.greatest(CallAllowance.used_until, at) + pace},
            where=CallAllowance.used_until <= now + room,
        )
        .returning(CallAllowance.used_until)
    )
    with db.engine.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        used_until = connection.scalar(counted)
        if used_until is not None:
            used = used_until - now
            return Allowance(per_minute, max(0, int((_MINUTE - used) / pace)), _whole_s(used))
        used_until = connection.scalar(select(CallAllowance.used_until).filter_by(caller=caller)) or now
    return Allowance(per_minute, 0, _whole_s(used_until - now), max(1, _whole_s(used_until - now - room)))


def _whole_s(span: timedelta) -> int:
    """Whole seconds, rounded up.

    >>> _whole_s(timedelta(seconds=1, microseconds=1)), _whole_s(timedelta(seconds=-3))
    (2, 0)
    """
    return max(0, -(-span // timedelta(seconds=1)))


@job("limits.forget_callers", every="20 17 * * *", lock="limits.forget_callers")
def forget_callers(timestamp: int) -> None:
    """Each night, forget those whose allowance is whole again."""
    with transaction():
        db.session.execute(delete(CallAllowance).where(CallAllowance.used_until < clock.now()))
