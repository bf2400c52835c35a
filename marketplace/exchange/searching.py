"""Answering what a department searches for, within its officer's areas and for a purpose that it was allowed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select

from marketplace.exchange.codes import Reason, RequestRejected
from marketplace.exchange.criteria import Both, ById, Condition, Not, Query, Test, read_query
from marketplace.exchange.envelope import VERSION, read_moment, stamp
from marketplace.exchange.models import ExchangePartner
from marketplace.exchange.sharing import agreed_households
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import DomainError
from marketplace.regions.queries import area_names, within_any
from marketplace.registry.id_numbers import read_id_number
from marketplace.registry.models import Household, HouseholdStatus, Person, RegistryRevision
from marketplace.registry.reading import Reach
from marketplace.registry.reading_log import API, note_readings
from marketplace.registry.sealing import id_number_index

REG_TYPE = "ns:nongqiao:RegistryType:Social"
RECORD_TYPE = "Group"
CONTEXT = "https://schema.spdci.org/extensions/social/v1/"
LARGEST_PAGE = 200
_OLDEST = timedelta(days=1)
_AHEAD = timedelta(minutes=5)
_SORTS = {"group_identifier": Household.code, "registration_date": func.lower(HouseholdStatus.days)}


def answer_requests(
    requests: Sequence[Mapping[str, Any]], partner: ExchangePartner, by: Account, reach: Reach, *, now: datetime
) -> list[dict[str, Any]]:
    """The response to each request, in their order; one that is rejected does not hold up the others."""
    seen: set[str] = set()
    found = []
    for request in requests:
        answer: dict[str, Any] = {"reference_id": request["reference_id"], "timestamp": stamp(now), "locale": "zho"}
        try:
            check_reference(request, seen, now=now)
            records, pagination = _search(request["search_criteria"], partner, by, reach, now=now)
            answer |= {"status": "succ", "data": registry_data(records), "pagination": pagination}
        except RequestRejected as error:
            answer |= {"status": "rjct", "status_reason_code": error.code.value, "status_reason_message": error.words}
        found.append(answer)
    return found


def check_reference(request: Mapping[str, Any], seen: set[str], *, now: datetime) -> None:
    """Refuse a reference that came before in the same message, and a request from another time."""
    if request["reference_id"] in seen:
        raise RequestRejected(Reason.REFERENCE_DUPLICATE, "each request of a message has a reference of its own")
    seen.add(request["reference_id"])
    moment = read_moment(request["timestamp"])
    if moment is None or not now - _OLDEST <= moment <= now + _AHEAD:
        raise RequestRejected(Reason.TIME, "the timestamp must have a zone and be of the last day")


def check_purpose(criteria: Mapping[str, Any], partner: ExchangePartner, wrong: Reason) -> str:
    """The code of the purpose for which it is asked, when the partner was allowed it."""
    given = criteria.get("authorize") or criteria.get("consent") or {}
    purpose = given.get("purpose") if isinstance(given, Mapping) else None
    code = purpose.get("code") if isinstance(purpose, Mapping) else None
    if code not in partner.purposes:
        raise RequestRejected(wrong, f"authorize.purpose.code must be one of {', '.join(partner.purposes) or 'none'}")
    return str(code)


def registry_data(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Records as the standard wraps them."""
    return {"version": VERSION, "reg_type": REG_TYPE, "reg_record_type": RECORD_TYPE, "reg_records": records}


def _search(
    criteria: Mapping[str, Any], partner: ExchangePartner, by: Account, reach: Reach, *, now: datetime
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    check_purpose(criteria, partner, Reason.CRITERIA)
    if criteria.get("reg_record_type", RECORD_TYPE) != RECORD_TYPE or criteria.get("response_entity", "Group") != "Group":
        raise RequestRejected(Reason.CRITERIA, "records are of the type Group")
    query = _matching(read_query(criteria["query_type"], criteria["query"]), reach, now=now)
    if not criteria.get("authorize"):
        # Asked in the name of a consent: only of those who have given it and not taken it back.
        query = query.where(Household.public_id.in_(agreed_households()))
    size, page, asked = _page(criteria.get("pagination"))
    total = db.session.scalar(_counted(query, reach)) or 0
    if not asked and total > size:
        raise RequestRejected(Reason.TOO_MANY, f"{total} households are found; ask for pages of at most {LARGEST_PAGE}")
    ordered = _ordered(query, criteria.get("sort")).limit(size).offset(size * (page - 1))
    records = _records(reach.over(ordered, Household.village_code), by, now=now)
    return records, {"page_size": size, "page_number": page, "total_count": total}


def _counted(query: Select[Any], reach: Reach) -> Select[Any]:
    within_reach = reach.over(query, Household.village_code)
    return select(func.count()).select_from(within_reach.subquery()).execution_options(**within_reach.get_execution_options())


def _members() -> Any:
    """How many live in a household."""
    living = and_(Person.household_id == Household.id, Person.left_on.is_(None))
    return select(func.count()).select_from(Person).where(living).correlate(Household).scalar_subquery()


def households_with_status(*, now: datetime) -> Select[Any]:
    """Households that have a status today, with it: who has none is on no register."""
    return (
        select(
            Household.id,
            Household.code,
            Household.village_code,
            HouseholdStatus.category,
            func.lower(HouseholdStatus.days).label("since"),
            RegistryRevision.at.label("changed_at"),
            _members().label("members"),
        )
        .join(HouseholdStatus, HouseholdStatus.household_id == Household.id)
        .join(RegistryRevision, RegistryRevision.id == HouseholdStatus.revision_id)
        .where(HouseholdStatus.days.contains(local_day(now)))
    )


def _matching(query: Query, reach: Reach, *, now: datetime) -> Select[Any]:
    found = households_with_status(now=now)
    if not isinstance(query, ById):
        return found.where(_where(query))
    if query.kind == "HOUSEHOLD_CODE":
        return found.where(Household.code == query.value)
    try:
        number = read_id_number(query.value)
    except DomainError as error:
        raise RequestRejected(Reason.CRITERIA, "no identity card has this number") from error
    bearer = select(Person.household_id).where(Person.id_number_index == id_number_index(number.text), Person.left_on.is_(None))
    return found.where(Household.id.in_(bearer))


def _where(condition: Condition) -> ColumnElement[bool]:
    if isinstance(condition, Not):
        return not_(_where(condition.part))
    if isinstance(condition, Both):
        return (or_ if condition.any else and_)(*(_where(part) for part in condition.parts))
    return _held(condition)


def _held(test: Test) -> ColumnElement[bool]:
    values: tuple[Any, ...] = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.attribute == "area_code":
        if test.operator not in ("eq", "in") or not all(str(value).isdigit() for value in values):
            raise RequestRejected(Reason.CRITERIA, "area_code is held by eq or in against codes")
        return within_any(Household.village_code, map(str, values))
    column: Any = {"status": HouseholdStatus.category, "group_identifier": Household.code, "group_size": _members()}.get(
        test.attribute, func.lower(HouseholdStatus.days)
    )
    if test.attribute == "registration_date":
        values = tuple(_day(str(value)) for value in values)
    if test.operator == "in":
        return column.in_(values)  # type: ignore[no-any-return]
    held: dict[str, ColumnElement[bool]] = {
        "eq": column == values[0],
        "gt": column > values[0],
        "lt": column < values[0],
        "ge": column >= values[0],
        "le": column <= values[0],
    }
    return held[test.operator]


def _day(text: str) -> Any:
    moment = read_moment(f"{text}T00:00:00Z")
    if moment is None:
        raise RequestRejected(Reason.CRITERIA, "registration_date is held against days such as 2026-05-01")
    return moment.date()


def _page(given: Any) -> tuple[int, int, bool]:
    if given is None:
        return LARGEST_PAGE, 1, False
    size, page = given.get("page_size"), given.get("page_number", 1)
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (size, page))
    if not whole or not 1 <= size <= LARGEST_PAGE or not 1 <= page <= 1_000_000:
        raise RequestRejected(Reason.PAGINATION, f"page_size is 1 to {LARGEST_PAGE}, page_number from 1")
    return size, page, True


def _ordered(query: Select[Any], given: Any) -> Select[Any]:
    for part in given or []:
        column = _SORTS.get(part.get("attribute_name")) if isinstance(part, Mapping) else None
        order = part.get("sort_order", "asc") if isinstance(part, Mapping) else None
        if column is None or order not in ("asc", "desc"):
            raise RequestRejected(Reason.SORT, f"sort by {' or '.join(_SORTS)}, asc or desc")
        query = query.order_by(column.desc() if order == "desc" else column.asc())  # type: ignore[attr-defined]
    # Whatever is asked for, pages do not overlap.
    return query.order_by(Household.id)


def _records(query: Select[Any], by: Account, *, now: datetime) -> list[dict[str, Any]]:
    """Records of the households found; that they were given is written down for each."""
    rows = db.session.execute(query).all()
    note_readings([(row.id, row.village_code) for row in rows], by, API, now=now)
    names = area_names({row.village_code for row in rows})
    return [group_record(row, names.get(row.village_code, "")) for row in rows]


def group_record(row: Any, village: str) -> dict[str, Any]:
    """A household as the standard describes a group; nobody in it is named or numbered."""
    return {
        "@context": {"spdci": CONTEXT},
        "@type": "spdci:Group",
        "group_identifier": [
            {"@type": "Identifier", "identifier_type": "HOUSEHOLD_CODE", "identifier_value": row.code},
        ],
        "group_type": "family",
        "place": {"@type": "Place", "address": village, "identifier": row.village_code},
        "group_size": row.members,
        "registration_date": row.since.isoformat(),
        "last_updated": stamp(row.changed_at),
        "additional_attributes": [{"status": row.category}],
    }
