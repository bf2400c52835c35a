"""Sealing everything with the newest key while the site runs, so that an older key can be deleted.

Which columns are sealed is read from the tables themselves: every ``Encrypted`` and every ``WrappedKey`` column, whatever
table it is added to. A rotation adds no key: the new one is put into the privacy keys and all processes are started again
first. It then goes through each column in the order of the primary key, in short transactions. A row is locked before its value
is read, so nobody's change is written over; one that somebody else has locked is passed by, because their change may need what
this batch holds, and is looked at again in the next round. What is done already is passed by too, so a rotation that was cut
off is simply started again.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, Table, func, select, tuple_, type_coerce, update

from marketplace.kernel.db import db, transaction
from marketplace.kernel.privacy import SEALED_BYTES_ONLY, Encrypted, WrappedKey, newest_key_number, reseal, rewrap

BATCH = 200


@dataclass(frozen=True)
class SealedColumn:
    """A column whose values are sealed, or hold a record's wrapped key, with the installation's keys."""

    column: Column[Any]

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.table.name}.{self.column.name}"

    @property
    def table(self) -> Table:
        """The table it is in."""
        return self.column.table

    @property
    def raw(self) -> Any:
        """The bytes as they are kept."""
        return type_coerce(self.column, LargeBinary)

    @property
    def key_bytes(self) -> Any:
        """The four bytes that name the key."""
        return func.substring(self.raw, 2, 4, type_=LargeBinary)

    def with_newest_key(self, kept: bytes) -> bytes:
        """The same value under the newest key."""
        kind = self.column.type
        return reseal(kept, kind.place) if isinstance(kind, Encrypted) else rewrap(kept)


def sealed_columns() -> list[SealedColumn]:
    """Every sealed column of every table."""
    return [
        SealedColumn(column)
        for table in db.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, (Encrypted, WrappedKey))
    ]


def values_by_key() -> Counter[int]:
    """How many values each key still seals. Needs no key itself."""
    counts: Counter[int] = Counter()
    for sealed in sealed_columns():
        query = select(sealed.key_bytes.label("key"), func.count()).where(sealed.column.is_not(None)).group_by("key")
        for number, count in db.session.execute(query.execution_options(**{SEALED_BYTES_ONLY: True})):
            counts[int.from_bytes(number, "big")] += count
    return counts


def rotate(*, batch: int = BATCH, say: Callable[[str], None]) -> Mapping[str, int]:
    """Bring every sealed value under the newest key; answers how many were, by column.

    Opens a transaction for each batch. Tells ``say`` of every batch that is committed.
    """
    done: dict[str, int] = {}
    for sealed in sealed_columns():
        done[sealed.name] = 0
        while changed := _go_round(sealed, batch, say):
            done[sealed.name] += changed
    return done


def _go_round(sealed: SealedColumn, batch: int, say: Callable[[str], None]) -> int:
    """Go once through a column; answers how many values were changed."""
    key = tuple_(*sealed.table.primary_key)
    newest = newest_key_number().to_bytes(4, "big")
    query = (
        select(*sealed.table.primary_key, sealed.raw)
        .where(sealed.column.is_not(None), sealed.key_bytes != newest)
        .order_by(*sealed.table.primary_key)
        .limit(batch)
        # Rows that only point to these need not wait: nobody changes an id.
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(**{SEALED_BYTES_ONLY: True})
    )
    changed, last = 0, None
    while True:
        with transaction():
            rows = db.session.execute(query if last is None else query.where(key > last)).all()
            for row in rows:
                _write(sealed, tuple(row[:-1]), sealed.with_newest_key(bytes(row[-1])))
        if not rows:
            return changed
        last = tuple(rows[-1][:-1])
        changed += len(rows)
        say(f"{sealed.name}: {len(rows):,} more")


def _write(sealed: SealedColumn, row_key: tuple[Any, ...], value: bytes) -> None:
    here = [column == part for column, part in zip(sealed.table.primary_key, row_key, strict=True)]
    # Given as bytes, which the column's type must not seal once more.
    db.session.execute(update(sealed.table).where(*here).values({sealed.column.name: type_coerce(value, LargeBinary)}))
