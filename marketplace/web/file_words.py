"""A household's file in words: what is known, what is not, and of each value who noted it, how they know and when."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _

from marketplace.identity.queries import account_names_by_id
from marketplace.kernel.errors import N_
from marketplace.registry.files import HouseholdFile, Member, Source
from marketplace.registry.models import How, Origin, StatusCategory
from marketplace.registry.open_questions import Sides, Wanted
from marketplace.registry.rollup import NOT_REGISTERED, UNKNOWN, By
from marketplace.registry.standard import BY_NAME, CAUSES, KINDS, About, Field, Kind, fields_about
from marketplace.web.filters import day as day_text
from marketplace.web.filters import yuan
from marketplace.web.languages import pick

# The sections of a household's year, in the order in which a visit goes through them.
SECTIONS = {
    "household": N_("Kind and causes"),
    "income": N_("Income of the year"),
    "dwelling": N_("House"),
    "water": N_("Water"),
    "assurance": N_("Food and clothing"),
    "land": N_("Land"),
    "plan": N_("Plan of help"),
    "contact": N_("Contact and account"),
}
IDENTITY, PERSON = "identity", "person"
MEMBER_SECTIONS = {IDENTITY: N_("Who it is"), PERSON: N_("Health, schooling and work")}
HOWS = {How.SEEN: N_("seen there"), How.TOLD: N_("told by the household"), How.DEPARTMENT: N_("from a department")}
ORIGINS = {
    Origin.PAGE: N_("typed on a page"),
    Origin.FORM: N_("sent from a form"),
    Origin.IMPORT: N_("read from a table"),
    Origin.DEPARTMENT: N_("sent by a department"),
    Origin.REQUEST: N_("asked for, and agreed to by a second person"),
}
STATUSES = {
    StatusCategory.POOR: (N_("Registered as poor"), "info"),
    StatusCategory.MONITORED: (N_("Under monitoring"), "wait"),
    StatusCategory.LIFTED_TRACKED: (N_("Out of poverty, followed for a year"), "good"),
}
LEAVINGS = (
    ("died", N_("Has died")),
    ("married_away", N_("Has married away")),
    ("moved", N_("Has moved away")),
    ("divided", N_("Has a household of its own now")),
    ("error", N_("Was put down by mistake")),
    ("duplicate", N_("Stood on file twice")),
)
_UNITS = {
    "m2": N_("%(number)s m²"),
    "litres": N_("%(number)s litres"),
    "minutes": N_("%(number)s minutes"),
    "mu": N_("%(number)s mu"),
    "months": N_("%(number)s months"),
}


def value_words(field: Field, value: Any) -> str:
    """A value as people read it; empty for one that nobody knows."""
    if value is None:
        return ""
    if field.kind is Kind.CHOICE:
        return str(_(field.choice_label(value)))
    if field.kind is Kind.CHOICES:
        return pick("、", ", ").join(_(field.choice_label(each)) for each in value) or _("None of them")
    if field.kind is Kind.YES_NO:
        return str(_("Yes") if value else _("No"))
    if field.kind is Kind.FEN:
        return yuan(value)
    if field.kind is Kind.DAY:
        return day_text(date.fromisoformat(value))
    return str(_(_UNITS[field.unit], number=value)) if field.unit in _UNITS else str(value)


def sections(
    values: Mapping[str, Any], sources: Mapping[str, Source], names: Mapping[int, str], disputed: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """A household's year by sections, each with its rows."""
    fields = fields_about(About.HOUSEHOLD)
    return [
        {
            "name": section,
            "label": _(label),
            "rows": [_row(field, values, sources, names, disputed) for field in fields if field.section == section],
        }
        for section, label in SECTIONS.items()
    ]


def _row(
    field: Field,
    values: Mapping[str, Any],
    sources: Mapping[str, Source],
    names: Mapping[int, str],
    disputed: Iterable[str] = (),
) -> dict[str, Any]:
    source = sources.get(field.name)
    return {
        "name": field.name,
        "label": _(field.label),
        "text": value_words(field, values.get(field.name)),
        "source": None if source is None else source_words(source.by_id, source.how, source.at, source.origin, names),
        "disputed": field.name in disputed,
    }


def source_words(by_id: int, how: str, at: Any, origin: str, names: Mapping[int, str]) -> dict[str, Any]:
    """Who noted a value, how they know, by which way it came in, and when."""
    return {"who": names.get(by_id, ""), "how": _(HOWS[How(how)]), "way": _(ORIGINS[Origin(origin)]), "at": at}


def member_words(member: Member, names: Mapping[int, str], today: date) -> dict[str, Any]:
    """A member with their rows."""
    person = member.person
    return {
        "public_id": person.public_id,
        "name": member.identity["name"],
        "head": person.relation == "head",
        "about": about_person(member.identity, today),
        "left": None if person.left_on is None else (person.left_on, _(dict(LEAVINGS).get(person.left_why or "", ""))),
        "rows": person_rows({**member.identity, **member.values}, member.sources, names),
    }


def person_rows(
    values: Mapping[str, Any], sources: Mapping[str, Source] | None = None, names: Mapping[int, str] | None = None
) -> list[dict[str, Any]]:
    """Who somebody is and what is known of them, row by row."""
    fields = [*fields_about(About.PERSON), *fields_about(About.MEMBER)]
    return [_row(field, values, sources or {}, names or {}) for field in fields]


def about_person(identity: Mapping[str, Any], today: date) -> str:
    """Relation, sex and age in one line."""
    relation, sex = (value_words(BY_NAME[name], identity.get(name)) for name in ("relation", "sex"))
    born_on = date.fromisoformat(identity["born_on"])
    age = today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
    return " · ".join(part for part in (relation, sex, _("%(age)s years old", age=age)) if part)


def names_of(file: HouseholdFile, *more: Iterable[int]) -> dict[int, str]:
    """The names of those who noted something in a file."""
    sources = [*file.sources.values(), *(source for member in file.members for source in member.sources.values())]
    return account_names_by_id({source.by_id for source in sources} | {number for ids in more for number in ids})


def conflict_words(sides: Sides, names: Mapping[int, str], person_name: str) -> dict[str, Any]:
    """Two values that stand against each other, side by side."""
    field = BY_NAME[sides.conflict.field]
    both = [
        {
            "text": value_words(field, side.value) or _("not known"),
            **source_words(side.change.by_id, side.change.how, side.change.at, side.change.origin, names),
        }
        for side in (sides.standing, sides.later)
    ]
    return {
        "public_id": sides.conflict.public_id,
        "label": _(field.label),
        "person": person_name,
        "year": sides.later.change.year,
        "standing": both[0],
        "later": both[1],
    }


def request_words(wanted: Wanted, names: Mapping[int, str], person_name: str, me: int) -> dict[str, Any]:
    """A change that waits for a second person: from what to what, and why."""
    request = wanted.request
    return {
        "public_id": request.public_id,
        "person": person_name,
        "year": request.year,
        "who": names.get(request.proposed_by_id, ""),
        "at": request.proposed_at,
        "how": _(HOWS[How(request.how)]),
        "reason": request.reason,
        "mine": request.proposed_by_id == me,
        "rows": [
            {
                "label": _(BY_NAME[name].label),
                "before": value_words(BY_NAME[name], wanted.before.get(name)) or _("not known"),
                "after": value_words(BY_NAME[name], value) or _("not known"),
            }
            for name, value in wanted.after.items()
        ],
    }


def category_words(by: By, category: str) -> str:
    """A category as people call it; a band of income by its bound."""
    if category == UNKNOWN:
        return str(_("not known"))
    if category == NOT_REGISTERED:
        return str(_("not registered"))
    if by is By.STATUS:
        return str(_(STATUSES[StatusCategory(category)][0]))
    if by is By.INCOME:
        return str(_("more")) if category == "more" else str(_("below %(amount)s", amount=yuan(int(category))))
    return str(_(dict(KINDS if by is By.KIND else CAUSES)[category]))
