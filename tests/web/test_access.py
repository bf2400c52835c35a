"""Who may enter where, as a table kept beside this file: a change of rights is a visible change of ``access_table.csv``.

To renew the table on purpose::

    .venv/bin/python -m tests.web.test_access
"""

import csv
import tempfile
from pathlib import Path

import pytest
from flask import Flask, g, request
from werkzeug.routing import AnyConverter, BaseConverter, IntegerConverter, Rule

from marketplace.config import Settings
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel.errors import DomainError
from marketplace.web.access import LIBRARY_ENDPOINTS
from marketplace.web.application import create_app
from marketplace.web.session import SessionUser

TABLE = Path(__file__).with_name("access_table.csv")
PEOPLE = ("visitor", *RoleKind)
_ANSWERS = {"sign_in_needed": "sign in", "role_needed": "no", "no_access_rule": "closed"}
_OWN_METHODS = {"HEAD", "OPTIONS"}
# A name that a public id can have, so that every rule takes it.
A_NAME = "23456789abcdef"
# Where somebody says for which household they act; it shows no more than their own mandates.
CHOOSING = {"producer.mandates.choose", "producer.mandates.choice"}

Row = tuple[str, ...]


def application(folder: Path) -> Flask:
    """The application without a database: who may enter is decided before any is asked."""
    settings = Settings(database_url="postgresql+psycopg://nobody@127.0.0.1/none", data_dir=folder, secret_key="test")
    app = create_app(settings, testing=True)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def address(app: Flask, rule: Rule) -> str:
    """A path that the rule answers to."""
    values = {name: a_value(kind) for name, kind in rule._converters.items()}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values, method=_method(rule)))


def a_value(kind: BaseConverter) -> object:
    """Something that a part of an address can be."""
    if isinstance(kind, AnyConverter):
        return min(kind.items)
    return 1 if isinstance(kind, IntegerConverter) else A_NAME


def _method(rule: Rule) -> str:
    return min(method for method in rule.methods or set() if method not in _OWN_METHODS)


def may_enter(app: Flask, endpoint: str, path: str, method: str, person: str) -> str:
    """What somebody is answered before the view runs: ``yes``, ``no``, ``sign in`` or ``closed``."""
    with app.test_request_context(path, method=method):
        assert request.endpoint == endpoint, f"{path} leads to {request.endpoint} and not to {endpoint}"
        if person != "visitor":
            account = Account(id=1, display_name=person, session_epoch=0, roles=[Role(kind=person, scope_code="52")])
            g._login_user = SessionUser(account)
        try:
            app.preprocess_request()
        except DomainError as error:
            return _ANSWERS[error.code]
    return "yes"


def access_table(app: Flask) -> list[Row]:
    """A row for each endpoint and method: endpoint, method, and what each kind of person is answered."""
    rows = {
        (rule.endpoint, method, *(may_enter(app, rule.endpoint, address(app, rule), method, person) for person in PEOPLE))
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in LIBRARY_ENDPOINTS
        for method in sorted((rule.methods or set()) - _OWN_METHODS)
    }
    return sorted(rows)


def kept_table() -> list[Row]:
    """The table as it was agreed."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return application(tmp_path_factory.mktemp("gate"))


def test_every_view_says_who_may_enter(gate: Flask) -> None:
    silent = {name for name, view in gate.view_functions.items() if not hasattr(view, "access")}
    assert silent <= LIBRARY_ENDPOINTS


def test_a_view_that_does_not_say_so_is_closed_to_everybody(tmp_path: Path) -> None:
    app = application(tmp_path)
    app.add_url_rule("/forgotten", "forgotten", lambda: "in")
    assert {may_enter(app, "forgotten", "/forgotten", "GET", person) for person in PEOPLE} == {"closed"}


def test_who_may_enter_is_what_the_table_says(gate: Flask) -> None:
    assert access_table(gate) == kept_table()


def test_the_desks_are_for_their_own_people_alone(gate: Flask) -> None:
    own = {
        "producer": RoleKind.FARMER,
        "buyer": RoleKind.ENTERPRISE,
        "officer": RoleKind.OFFICER,
        "operator": RoleKind.OPERATOR,
    }
    seen = set()
    for endpoint, _method_name, visitor, *others in access_table(gate):
        portal = endpoint.partition(".")[0]
        if portal in own:
            seen.add(portal)
            assert visitor == "sign in"
            entering = [kind for kind, answer in zip(RoleKind, others, strict=True) if answer == "yes"]
            # Officers come to a farm's pages by a mandate, whose scopes the view names and checks.
            by_mandate = hasattr(gate.view_functions[endpoint], "scopes") or endpoint in CHOOSING
            assert entering == [own[portal], *([RoleKind.OFFICER] if by_mandate else [])]
    assert seen == set(own)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["endpoint", "method", *PEOPLE])
        writer.writerows(access_table(application(Path(folder))))
