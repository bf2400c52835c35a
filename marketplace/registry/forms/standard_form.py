"""The provincial standard as a form: made from the fields of ``registry.standard``, so that neither drifts from the other."""

from itertools import groupby

from marketplace.kernel.errors import N_
from marketplace.registry.forms.questions import Bounds, Choice, Condition, Form, Question, Section, Type, Words
from marketplace.registry.forms.words import both
from marketplace.registry.standard import About, Field, Kind, fields_about

YES_NO = (("yes", N_("Yes")), ("no", N_("No")))
MEMBERS = "members"
PHOTOS = {"photo_house": "house", "photo_kitchen": "kitchen", "photo_water": "water"}
_SECTIONS = {
    "visit": N_("Visit"),
    "household": N_("Household and causes"),
    "contact": N_("Contact"),
    "income": N_("Income of the year"),
    "dwelling": N_("House"),
    "water": N_("Drinking water"),
    "assurance": N_("Food and clothing"),
    "land": N_("Land"),
    "plan": N_("Plan for help"),
    MEMBERS: N_("Members"),
    "photos": N_("Photos"),
}
_UNITS = {
    "yuan_a_year": N_("Yuan in the whole year"),
    "m2": N_("Square metres"),
    "litres": N_("Litres"),
    "minutes": N_("Minutes"),
    "mu": N_("Mu"),
    "months": N_("Months of the last twelve"),
}
_PHOTO_LABELS = {
    "photo_house": N_("Photo of the house"),
    "photo_kitchen": N_("Photo of the kitchen"),
    "photo_water": N_("Photo of the drinking water"),
}
# What is asked only when it can be answered.
_CONDITIONS = {
    "water_minutes": Condition("water_source", ("tap",), negated=True),
    "work_months": Condition("work_place", ("none", "farm", ""), negated=True),
}
_NEW_MEMBER = Condition("member", ("",))
_TYPES = {
    Kind.TEXT: Type.TEXT,
    Kind.CHOICE: Type.CHOICE,
    Kind.CHOICES: Type.CHOICES,
    Kind.WHOLE: Type.WHOLE,
    Kind.DECIMAL: Type.DECIMAL,
    Kind.YES_NO: Type.CHOICE,
    Kind.DAY: Type.DAY,
    Kind.ID_NUMBER: Type.TEXT,
    Kind.PHONE: Type.TEXT,
}


def standard_form() -> Form:
    """The form of the standard: who and where, the household by sections, its members, photos."""
    asked = groupby(fields_about(About.HOUSEHOLD), key=lambda field: field.section)
    by_section: dict[str, list[Question]] = {}
    for section, fields in asked:
        by_section.setdefault(section, []).extend(question for field in fields for question in _questions(field))
    sections = [Section(f"about_{name}", both(_SECTIONS[name]), tuple(questions)) for name, questions in by_section.items()]
    return Form(both(N_("Household file")), (_visit(), *sections, _members(), _photos()))


def yuan_name(name: str) -> str:
    """The question that asks in yuan for a field that is kept in fen.

    >>> yuan_name("income_wages_fen")
    'income_wages_yuan'
    """
    return name.removesuffix("_fen") + "_yuan"


def _visit() -> Section:
    yes_no = tuple(Choice(value, both(label)) for value, label in YES_NO)
    return Section(
        "visit",
        both(_SECTIONS["visit"]),
        (
            Question("household", Type.HOUSEHOLD, both(N_("Which household?")), required=True),
            Question("seen", Type.SEEN, source="household"),
            Question("place", Type.PLACE, both(N_("Where you are")), both(N_("Stand in front of the house, under open sky."))),
            Question(
                "saw_house",
                Type.CHOICE,
                both(N_("Have you seen the house yourself?")),
                both(N_("No, when all of it was only told to you.")),
                required=True,
                choices=yes_no,
            ),
        ),
    )


def _members() -> Section:
    who = Question(
        "member",
        Type.MEMBER,
        both(N_("Which member?")),
        both(N_("Leave this empty for somebody who is not on file yet.")),
        source="household",
    )
    identity = tuple(question for field in fields_about(About.PERSON) for question in _questions(field, condition=_NEW_MEMBER))
    known = tuple(question for field in fields_about(About.MEMBER) for question in _questions(field))
    return Section(MEMBERS, both(_SECTIONS[MEMBERS]), (who, *identity, *known), repeats=True)


def _photos() -> Section:
    photos = tuple(Question(name, Type.PHOTO, both(label)) for name, label in _PHOTO_LABELS.items())
    return Section("photos", both(_SECTIONS["photos"]), photos)


def _questions(field: Field, condition: Condition | None = None) -> list[Question]:
    label, hint = both(field.label), both(_UNITS[field.unit]) if field.unit else Words()
    condition = condition or _CONDITIONS.get(field.name)
    if field.kind == Kind.FEN:
        asked = yuan_name(field.name)
        bounds = Bounds(least=field.lowest // 100, greatest=field.highest // 100)
        return [
            Question(asked, Type.DECIMAL, label, hint, field.required, bounds=bounds, condition=condition),
            Question(field.name, Type.FEN, source=asked),
        ]
    choices = YES_NO if field.kind == Kind.YES_NO else field.choices
    return [
        Question(
            field.name,
            _TYPES[field.kind],
            label,
            hint,
            field.required,
            tuple(Choice(value, both(words)) for value, words in choices),
            _bounds(field),
            condition,
        )
    ]


def _bounds(field: Field) -> Bounds:
    match field.kind:
        case Kind.WHOLE | Kind.DECIMAL:
            return Bounds(least=field.lowest, greatest=field.highest)
        case Kind.TEXT:
            return Bounds(most=field.most)
        case Kind.CHOICES:
            # A cause stands once: as the main one, or among the others.
            return Bounds(most=field.most, without="main_cause" if field.name == "other_causes" else "")
        case Kind.ID_NUMBER:
            return Bounds(pattern="[0-9]{17}[0-9X]")
        case Kind.PHONE:
            return Bounds(pattern="[+]?[0-9 -]{7,20}")
        case Kind.DAY:
            return Bounds(past=True)
        case _:
            return Bounds()
