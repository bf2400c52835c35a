"""A table of household files that is checked and written, for tests that cut the writing off somewhere."""

from datetime import datetime

from sqlalchemy import select

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.registry.importing.columns import Words
from marketplace.registry.importing.jobs import run_import
from marketplace.registry.importing.running import begin_import, check_import, running_imports
from marketplace.registry.models import FileImport, Household, How, ImportState, Person
from marketplace.registry.reading import unbounded
from tests import factories

VILLAGE = "522636100777"
_HEADER = "household_code,name,relation,sex,born_on,kind,main_cause,dwelling_grade,water_source\n"
_HEAD = "{code},杨阿山,head,male,1961-03-07,general_poor,illness,b,tap\n{code},潘阿水,spouse,female,1963-05-09,,,,\n"


def _login(account_id: int) -> str:
    return f"importer-{account_id}"


def _codes(account_id: int) -> list[str]:
    return [f"{VILLAGE}{2 * (account_id % 5_000) + at:04d}" for at in range(2)]


def two_households_written(account_id: int, now: datetime) -> None:
    """Two households of two persons each, checked, and written by the worker."""
    with transaction():
        factories.area(VILLAGE)
        officer = factories.account((RoleKind.OFFICER, VILLAGE), login=_login(account_id))
        table = _HEADER + "".join(_HEAD.format(code=code) for code in _codes(account_id))
        found = check_import(table.encode(), Words(), file_name="table", by=officer, how=How.TOLD, year=now.year, now=now)
        begin_import(found, good_rows_only=False, by=officer, now=now)
        import_id = found.id
    run_import(import_id)


def carry_on_importing() -> None:
    """What the watch has the worker do."""
    for import_id in running_imports():
        run_import(import_id)


def import_faults(account_id: int) -> list[str]:
    """What is wrong with the table of this account after all; empty when each person stands on file once."""
    query = select(FileImport).join(Account, Account.id == FileImport.by_id).where(Account.login == _login(account_id))
    found = db.session.scalars(query).first()
    if found is None:
        return []
    wrong = []
    if (found.state, found.position, found.left_out) != (ImportState.DONE, 2, []):
        wrong.append(f"an import is {found.state} at {found.position} and has left out {found.left_out}")
    people = select(Household.code).join(Person, Person.household_id == Household.id)
    codes = _codes(account_id)
    on_file = db.session.scalars(unbounded(people.where(Household.code.in_(codes)), "a test")).all()
    if sorted(on_file) != sorted(2 * codes):
        wrong.append(f"persons on file: {on_file}")
    if found.counts != {"new_households": 2, "new_persons": 4, "values": 8}:
        wrong.append(f"counted {found.counts}")
    return wrong
