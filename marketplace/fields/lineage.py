"""The data catalogue: every table with what it is for, where its rows come from, and what is made from them.

What a table holds and who reads it is read from the register of fields; what it refers to, from its foreign keys; where its
rows come from, from ``lineage.toml``. A test fails for a table without a source. Sources lie in three spaces: what government
knows, what happens on the spot, and what happens on the network. A source that is missing is listed too, so that nobody takes
what was not measured for what is not there.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text

from marketplace.fields.register import FOLDER, entries
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_

_FILE = Path(__file__).with_name("lineage.toml")

SPACES = {
    "government": N_("What government knows"),
    "physical": N_("What happens on the spot"),
    "network": N_("What happens on the network"),
}


@dataclass(frozen=True)
class Source:
    """Where rows come from; ``there`` is False for one that should be and is not."""

    space: str
    words: str
    there: bool = True


SOURCES = {
    "files": Source("government", N_("Files of households, kept by village, township and county")),
    "departments": Source("government", N_("Lists of other departments: vehicles, houses, businesses, payrolls")),
    "offices": Source("government", N_("Other offices’ systems, above, below and beside")),
    "areas": Source("government", N_("Areas by their statistical codes")),
    "policies": Source("government", N_("Rules, documents, projects and public money, as offices enter them")),
    "seen": Source("physical", N_("What people see, weigh and photograph: visits, harvests, goods, inspections")),
    "sensors": Source(
        "physical", N_("Sensors: soil, weather, cold chain, scales that report by themselves, satellite pictures"), there=False
    ),
    "shop": Source("network", N_("What buyers, sellers and offices do here")),
    "prices": Source("network", N_("Prices of wholesale markets")),
    "providers": Source("network", N_("Banks and payment providers, and the books")),
    "programs": Source("network", N_("Programs of others, and our own machines")),
}

DOMAINS = {
    "advisory": N_("Rules and questions"),
    "assistance": N_("Help and safety net"),
    "audits": N_("Audits from outside"),
    "backups": N_("Copies and drills"),
    "catalogue": N_("Goods, lots and stock"),
    "complaints": N_("Complaints and inspections"),
    "dashboard": N_("Figures of the day"),
    "delivery": N_("Ways of delivery"),
    "equity": N_("Shares and dividends"),
    "exchange": N_("Exchange with offices"),
    "forecasts": N_("Forecasts"),
    "funds": N_("Public money"),
    "identity": N_("Accounts and mandates"),
    "kernel": N_("Deeds and messages"),
    "ledger": N_("Books"),
    "orders": N_("Orders and invoices"),
    "payments": N_("Payments and payouts"),
    "projects": N_("Assistance projects"),
    "recommendations": N_("Recommendations and tilt"),
    "regions": N_("Areas"),
    "registry": N_("Register of households"),
    "sourcing": N_("Demands and contracts"),
    "transparency": N_("The public log"),
    "webhooks": N_("Programs that are told"),
}


@dataclass(frozen=True)
class DataTable:
    """One table of the catalogue; ``rows`` is the server's own estimate, None before it has made one."""

    name: str
    domain: str
    source: str
    purpose: str
    columns: int
    personal: int
    sensitive: int
    readers: tuple[str, ...]
    keep: str
    refers_to: tuple[str, ...]
    made_from: tuple[str, ...] = ()
    made_by: str = ""
    rows: int | None = None


@dataclass
class DataSet:
    """The tables of one domain that come from one source."""

    domain: str
    tables: list[DataTable] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Of all its tables together."""
        return sum(table.rows or 0 for table in self.tables)

    @property
    def personal(self) -> int:
        """Columns that say something of a person, sensitive ones among them."""
        return sum(table.personal + table.sensitive for table in self.tables)


def catalogue() -> list[DataTable]:
    """Every table, by name."""
    said, rows, refers = _lineage(), _rows(), _references()
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    first = {}
    for entry in entries():
        counted[entry.table][entry.data_class] += 1
        first.setdefault(entry.table, entry)
    found = []
    for name, entry in sorted(first.items()):
        domain, made = _domain_of()[name], said["derived"].get(name, {})
        found.append(
            DataTable(
                name=name,
                domain=domain,
                source=said["table"].get(name, said["domain"][domain]),
                purpose=entry.purpose,
                columns=counted[name].total(),
                personal=counted[name]["personal"],
                sensitive=counted[name]["sensitive"],
                readers=entry.readers,
                keep=entry.keep,
                refers_to=refers.get(name, ()),
                made_from=tuple(made.get("from", ())),
                made_by=made.get("by", ""),
                rows=rows.get(name),
            )
        )
    return found


def by_source(tables: Sequence[DataTable]) -> dict[str, list[DataSet]]:
    """The data sets of each source, also of one that gives none."""
    found: dict[str, dict[str, DataSet]] = {key: {} for key in SOURCES}
    for table in tables:
        found[table.source].setdefault(table.domain, DataSet(table.domain)).tables.append(table)
    return {key: sorted(sets.values(), key=lambda one: one.domain) for key, sets in found.items()}


def faults() -> list[str]:
    """Where ``lineage.toml`` and the register do not agree; nothing when they do."""
    said, domains = _lineage(), _domain_of()
    wrong = [f"domain {name} has no source" for name in set(domains.values()) - said["domain"].keys()]
    wrong += [f"nothing is called {name}" for name in said["domain"].keys() - set(domains.values())]
    wrong += [f"domain {name} has no words" for name in set(domains.values()) ^ DOMAINS.keys()]
    for table, source in [*said["table"].items(), *((f"domain {name}", key) for name, key in said["domain"].items())]:
        if source not in SOURCES or not SOURCES[source].there:
            wrong.append(f"{table} comes from {source}, which gives nothing")
    for table, made in said["derived"].items():
        wrong += [f"{name} is no table" for name in (table, *made["from"]) if name not in domains]
    return sorted(wrong + [f"{name} is no table" for name in said["table"].keys() - domains.keys()])


@cache
def _lineage() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _domain_of() -> Mapping[str, str]:
    return {
        table: path.stem for path in sorted(FOLDER.glob("*.toml")) for table in tomllib.loads(path.read_text(encoding="utf-8"))
    }


def _references() -> dict[str, tuple[str, ...]]:
    return {
        table.name: tuple(sorted({key.column.table.name for key in table.foreign_keys} - {table.name}))
        for table in db.metadata.sorted_tables
    }


def _rows() -> dict[str, int]:
    """Estimates of the server, of a table in parts those of its parts together; -1 stands for none yet."""
    query = text("""
        SELECT coalesce(parent.relname, class.relname) AS name, sum(class.reltuples) AS rows
        FROM pg_class class LEFT JOIN pg_inherits part ON part.inhrelid = class.oid
        LEFT JOIN pg_class parent ON parent.oid = part.inhparent
        WHERE class.relkind = 'r' AND class.relnamespace = 'public'::regnamespace AND class.reltuples >= 0
        GROUP BY 1
    """)
    return {name: int(rows) for name, rows in db.session.execute(query)}
