"""How far a question about people on file may reach: no further than the areas of whoever asks.

Tables of the file are marked ``SCOPED``. A statement that reads one without a *reach* is refused before it is sent, whoever
wrote it and in whatever form, so a forgotten condition is an error and not a leak. A reach is made from an officer's areas, or
names the reason why it is not one person who asks: a nightly count, a household that reads its own file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, Select, event
from sqlalchemy.engine import Connection, ExecutionContext
from sqlalchemy.orm import InstrumentedAttribute, ORMExecuteState, Session

from marketplace.kernel.db import Base
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.privacy import SEALED_BYTES_ONLY
from marketplace.regions.codes import contains
from marketplace.regions.queries import within_any

SCOPED = "scoped"
_OPTION = "registry_reach"
# Many rows that are inserted at once are written as a SELECT from their values.
_MANY_ROWS = re.compile(r"INSERT INTO \w+ \([^()]*\) SELECT [^()]* FROM \(VALUES ")


class UnscopedReading(RuntimeError):
    """A statement reads people's files without saying for whom: a fault of the program, never of a person."""


@dataclass(frozen=True)
class Reach:
    """The areas that a question may reach, as codes whose own areas are below them; ``why`` names who or what asks."""

    areas: tuple[str, ...]
    why: str

    @classmethod
    def of(cls, areas: Iterable[str], why: str) -> "Reach":
        """A reach over some areas; over none it finds nothing."""
        return cls(tuple(areas), why)

    @classmethod
    def everywhere(cls, why: str) -> "Reach":
        """A reach without bounds, for work that no single person asks for."""
        return cls(("",), why)

    def holds(self, village_code: str) -> bool:
        """Whether a village lies within."""
        return any(contains(area, village_code) for area in self.areas)

    def check(self, area_code: str) -> str:
        """The code of an area within, or ``NotFound`` as for one that does not exist."""
        if not self.holds(area_code):
            raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=area_code[:20])
        return area_code

    def narrowed(self, area_code: str) -> "Reach":
        """The same, but within one of its areas; ``NotFound`` when that lies outside."""
        return Reach((self.check(area_code),), self.why)

    def over(self, statement: Select[Any], village_code: InstrumentedAttribute[str]) -> Select[Any]:
        """The statement held to these areas by its column of village codes, and marked so that it may be sent."""
        if "" not in self.areas:
            statement = statement.where(within_any(village_code, self.areas))
        return statement.execution_options(**{_OPTION: self})


def unbounded(statement: Any, why: str) -> Any:
    """A statement that was held to somebody's area in another way, such as by a row already read; ``why`` says how."""
    return statement.execution_options(**{_OPTION: Reach.everywhere(why)})


@lru_cache(maxsize=1)
def _scoped_names() -> re.Pattern[str]:
    names = sorted(table.name for table in Base.metadata.tables.values() if table.info.get(SCOPED))
    # A name before a point is a column's; a table is named behind one of these words, or behind a comma between tables.
    return re.compile(rf"(?:\b(?:FROM|JOIN|UPDATE)|,)\s+(?:ONLY\s+)?\"?(?:{'|'.join(names)})\b(?!\"?\.)", re.IGNORECASE)


@lru_cache(maxsize=8192)
def _reads_files(sql: str) -> bool:
    # A row that is inserted, or changed by its id after it was read, asks nothing.
    if not re.search(r"\bSELECT\b", sql, re.IGNORECASE):
        return False
    if _MANY_ROWS.match(sql):
        # Of the rows that it adds, only those are answered.
        sql = sql[: sql.rfind(" RETURNING ")] if " RETURNING " in sql else sql
    return _scoped_names().search(sql) is not None


def guard(engine: Engine) -> None:
    """Refuse every statement on this engine that reads files without a reach."""

    @event.listens_for(engine, "before_cursor_execute")
    def check(
        connection: Connection, cursor: Any, statement: str, parameters: Any, context: ExecutionContext | None, many: bool
    ) -> None:
        if not _reads_files(statement):
            return
        options = context.execution_options if context is not None else connection.get_execution_options()
        if not isinstance(options.get(_OPTION), Reach) and not options.get(SEALED_BYTES_ONLY):
            raise UnscopedReading(f"reads people's files without a reach: {statement[:200]}")


@event.listens_for(Session, "do_orm_execute")
def _follow_rows(state: ORMExecuteState) -> None:
    """What hangs on a row that was read with a reach, or is its own column, may be read on."""
    if state.is_column_load or state.is_relationship_load:
        state.update_execution_options(**{_OPTION: Reach.everywhere("a row that was read already")})
