"""What a search asks for: the three forms of query of the standard, brought to one tree of conditions. Pure.

``idtype-value`` finds one household by its code, or by the number of a member's identity card. ``predicate`` and ``expression``
describe households by attributes; no attribute names a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.exchange.codes import Reason, RequestRejected
from marketplace.exchange.envelope import is_text

ID_TYPES = ("HOUSEHOLD_CODE", "NATIONAL_ID")
ATTRIBUTES = ("area_code", "status", "registration_date", "group_size", "group_identifier")
OPERATORS = ("eq", "in", "gt", "lt", "ge", "le")
_EXPRESSION_OPERATORS = {"$eq": "eq", "$in": "in", "$gt": "gt", "$lt": "lt", "$gte": "ge", "$lte": "le"}
# Deeper questions than anybody writes by hand.
_DEEPEST, _MOST_PARTS = 5, 50


@dataclass(frozen=True)
class ById:
    """One household, by an identifier."""

    kind: str
    value: str


@dataclass(frozen=True)
class Test:
    """An attribute held against a value, or for ``in`` against several."""

    attribute: str
    operator: str
    value: str | int | tuple[str | int, ...]


@dataclass(frozen=True)
class Both:
    """Every part holds (``any`` False), or one at least."""

    parts: tuple["Condition", ...]
    any: bool


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = Test | Both | Not
Query = ById | Condition


def read_query(query_type: str, query: Any) -> Query:
    """The tree of a query.

    Raises
    ------
    RequestRejected
        ``rjct.search_criteria.invalid``, with what was not understood.

    >>> read_query("predicate", [{"expression1": {"attribute_name": "status", "operator": "eq", "attribute_value": "poor"}}])
    Test(attribute='status', operator='eq', value='poor')
    >>> read_query("expression", {"value": {"expression": {"query": {"$and": [{"group_size": {"$lt": 5}}]}}}})
    Both(parts=(Test(attribute='group_size', operator='lt', value=5),), any=False)
    """
    if query_type == "idtype-value":
        return _by_id(query)
    if query_type == "predicate":
        return _predicates(query)
    if query_type == "expression":
        return _expression(query)
    raise _wrong("query_type must be idtype-value, predicate or expression")


def _by_id(query: Any) -> ById:
    if not isinstance(query, Mapping) or query.get("type") not in ID_TYPES or not is_text(query.get("value")):
        raise _wrong(f"query must name a type of {', '.join(ID_TYPES)} and its value as text")
    return ById(query["type"], query["value"])


def _predicates(query: Any) -> Condition:
    if not isinstance(query, list) or not 0 < len(query) <= _MOST_PARTS:
        raise _wrong("query must be a list of predicates")
    found = [_predicate(part) for part in sorted(query, key=_sequence)]
    return found[0] if len(found) == 1 else Both(tuple(found), any=False)


def _sequence(part: Any) -> float:
    number = part.get("seq_num", 0) if isinstance(part, Mapping) else 0
    if not isinstance(number, int):
        raise _wrong("seq_num must be a whole number")
    return number


def _predicate(part: Any) -> Condition:
    if not isinstance(part, Mapping):
        raise _wrong("a predicate must be an object")
    first = _comparison(part.get("expression1"))
    condition = part.get("condition")
    if condition is None:
        return first
    if condition == "not":
        return Not(first)
    if condition not in ("and", "or"):
        raise _wrong("condition must be and, or or not")
    return Both((first, _comparison(part.get("expression2"))), any=condition == "or")


def _comparison(given: Any) -> Test:
    if not isinstance(given, Mapping):
        raise _wrong("an expression must be an object")
    return _test(given.get("attribute_name"), given.get("operator"), given.get("attribute_value"))


def _expression(query: Any) -> Condition:
    value = query.get("value") if isinstance(query, Mapping) else None
    inner = value.get("expression", value) if isinstance(value, Mapping) else None
    if isinstance(inner, Mapping) and "query" in inner:
        if inner.get("collection", "Group") != "Group":
            raise _wrong("the collection must be Group")
        inner = inner["query"]
    return _tree(inner, _DEEPEST)


def _tree(given: Any, depth: int) -> Condition:
    if not isinstance(given, Mapping) or len(given) != 1 or depth == 0:
        raise _wrong("each part of an expression must be an object with one name, and not too deep")
    (name, inner), *_ = given.items()
    if name in ("$and", "$or"):
        if not isinstance(inner, list) or not 0 < len(inner) <= _MOST_PARTS:
            raise _wrong(f"{name} must have a list of parts")
        return Both(tuple(_tree(part, depth - 1) for part in inner), any=name == "$or")
    if name == "$not":
        return Not(_tree(inner, depth - 1))
    if not isinstance(inner, Mapping) or len(inner) != 1:
        raise _wrong("an attribute must be held against one operator")
    (operator, value), *_ = inner.items()
    return _test(name, _EXPRESSION_OPERATORS.get(operator), value)


def _test(attribute: Any, operator: Any, value: Any) -> Test:
    if attribute not in ATTRIBUTES:
        raise _wrong(f"attributes are {', '.join(ATTRIBUTES)}")
    if operator not in OPERATORS:
        raise _wrong(f"operators are {', '.join(OPERATORS)}")
    values = value if operator == "in" else [value]
    if not isinstance(values, list) or not 0 < len(values) <= _MOST_PARTS:
        raise _wrong("in needs a list of values")
    fits = _is_count if attribute == "group_size" else is_text
    if not all(fits(one) for one in values):
        raise _wrong(f"{attribute} is held against {'whole numbers' if fits is _is_count else 'text'}")
    return Test(attribute, operator, tuple(values) if operator == "in" else values[0])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1_000_000


def _wrong(words: str) -> RequestRejected:
    return RequestRejected(Reason.CRITERIA, words)
