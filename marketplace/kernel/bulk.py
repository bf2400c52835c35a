"""Many rows at once: written by COPY, under the same constraints and triggers as single rows, or read as plain numbers."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, LargeBinary, Select, TextualSelect, cast, func, literal, select, text

from marketplace.kernel.db import Base, db

# From so many rows on it matters which way they are looked up.
_MANY = 10_000


def copy_rows(model: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Add rows to a model's table in the open transaction; answers how many.

    Parameters
    ----------
    columns : sequence of str
        Names of columns, in the order of the values in each row. Columns not named take the database's default, not the
        model's. A dict is written as JSON.
    """
    table = sql.Identifier(model.__tablename__)
    cursor = db.session.connection().connection.driver_connection.cursor()  # type: ignore[union-attr]
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(table, sql.SQL(", ").join(map(sql.Identifier, columns)))
    count = 0
    with cursor.copy(command) as copy:
        for row in rows:
            copy.write_row([Jsonb(value) if isinstance(value, dict) else value for value in row])
            count += 1
    if count >= _MANY:
        # Nobody else sees these rows yet, so the server's own analysis would find a table that an earlier attempt left behind
        # empty, and every join until the end of the transaction would read it whole.
        cursor.execute(sql.SQL("ANALYZE {}").format(table))
    return count


def read_numbers(query: Select[Any] | TextualSelect) -> NDArray[np.int64]:
    """What a query answers whose columns are whole numbers, none of them null: one row of the array for each column.

    Raises
    ------
    ValueError
        When a value is null.
    """
    asked = query.subquery()
    # A column is one value of eight bytes a row: a driver that goes from row to row takes ten times as long.
    packed = (func.string_agg(func.int8send(cast(column, BigInteger)), cast(literal(b""), LargeBinary)) for column in asked.c)
    rows, *columns = db.session.execute(select(func.count(), *packed).select_from(asked)).one()
    found = [np.frombuffer(numbers or b"", ">i8").astype(np.int64) for numbers in columns]
    if any(len(numbers) != rows for numbers in found):
        raise ValueError("a number is null")
    return np.array(found)


def next_id(model: type[Base]) -> int:
    """The first id that no row has, for rows that name one another before they are written; see ``settle_ids``."""
    column: Any = model.id  # type: ignore[attr-defined]
    return int(db.session.scalar(select(func.coalesce(func.max(column), 0))) or 0) + 1


def settle_ids(*models: type[Base]) -> None:
    """Let the tables' own counting go on behind the ids that were given by hand."""
    for model in models:
        table = f'"{model.__tablename__}"'
        db.session.execute(
            text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest((SELECT max(id) FROM {table}), 1))")
        )
