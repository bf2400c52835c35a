"""What a filled-in form says, checked against the version it was made with. Pure, no database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.forms.instances import Answers, Instance
from marketplace.registry.forms.questions import Form, Question, Type
from marketplace.registry.forms.standard_form import MEMBERS, yuan_name
from marketplace.registry.standard import BY_NAME, About, Kind

_NEEDED, _IMPOSSIBLE = N_("Please fill this in."), N_("This value is not possible here.")


@dataclass(frozen=True)
class Position:
    """Where a device stood."""

    latitude: float
    longitude: float
    accuracy_m: float | None = None


@dataclass(frozen=True)
class Member:
    """What was said of one member: the person's public id, or who a new one is; and the year's values."""

    person: str
    identity: dict[str, Any]
    values: dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """A form taken apart: what goes into the file, what the standard does not know, and how it was made."""

    household: str
    seen: int
    saw_house: bool
    place: Position | None
    values: dict[str, Any]
    members: tuple[Member, ...]
    extra: dict[str, Any] = field(default_factory=dict)
    # The names of files by their question.
    photos: dict[str, str] = field(default_factory=dict)
    # Which of its choices each question with one was answered by, and how many were answered: for the checks of quality.
    choices: tuple[int, ...] = ()
    answered: int = 0


def photo_names(form: Form, instance: Instance) -> dict[str, str]:
    """The files that belong to a submission, by the question that asked for them."""
    asked = [question.name for section, question in form.questions() if question.type == Type.PHOTO and not section.repeats]
    return {name: instance.answers[name] for name in asked if name in instance.answers}


def take_apart(form: Form, instance: Instance, today: date) -> Answered:
    """Check every answer and sort it. What was left empty changes nothing; what was not to be asked is not looked at.

    Raises
    ------
    Invalid
        ``values_invalid``; ``fields`` in its data maps each question at fault to a sentence, a member's as ``members.2.name``.
    """
    faults: dict[str, str] = {}
    own: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    known = {*form.names(), "deviceid"}
    faults |= {name: N_("The form has no such question.") for name in instance.answers if name not in known}
    for section, question in form.questions():
        if not section.repeats and _is_asked(question, instance.answers):
            _take(question, instance.answers, own, extra, faults, "", today)
    asked = {question.name for _, question in form.questions() if question.type not in (Type.NOTE, Type.FEN, Type.SEEN)}
    repeated = [question for section, question in form.questions() if section.name == MEMBERS]
    members = []
    for at, answers in enumerate(instance.members):
        one: dict[str, Any] = {}
        of_member: dict[str, Any] = {}
        where = f"{MEMBERS}.{at + 1}."
        for question in repeated:
            if _is_asked(question, {**instance.answers, **answers}):
                _take(question, answers, one, of_member, faults, where, today)
        extra |= {where + name: value for name, value in of_member.items()}
        members.append(_member(one))
    if faults:
        raise Invalid("values_invalid", N_("Some values are not possible."), fields=faults)
    return Answered(
        household=str(own["household"]),
        seen=int(own.get("seen", 0)),
        saw_house=own.get("saw_house") == "yes",
        place=own.get("place"),
        values={name: value for name, value in own.items() if name in BY_NAME},
        members=tuple(members),
        extra=extra,
        photos=photo_names(form, instance),
        choices=_chosen(form, instance),
        answered=sum(len(asked & answers.keys()) for answers in (instance.answers, *instance.members)),
    )


def _chosen(form: Form, instance: Instance) -> tuple[int, ...]:
    """The places of the chosen answers, of the household's questions and of each member's."""
    asked = [(section.repeats, question) for section, question in form.questions() if question.type == Type.CHOICE]
    found = []
    for repeats, question in asked:
        places = {choice.value: place for place, choice in enumerate(question.choices)}
        answers = [member.get(question.name, "") for member in instance.members]
        given = answers if repeats else [instance.answers.get(question.name, "")]
        found += [places[value] for value in given if value in places]
    return tuple(found)


def _member(one: Mapping[str, Any]) -> Member:
    about = {About.PERSON: {}, About.MEMBER: {}, About.HOUSEHOLD: {}}  # type: dict[About, dict[str, Any]]
    for name, value in one.items():
        if name in BY_NAME:
            about[BY_NAME[name].about][name] = value
    return Member(str(one.get("member", "")), about[About.PERSON], about[About.MEMBER])


def _is_asked(question: Question, answers: Answers) -> bool:
    return question.condition is None or question.condition.holds(answers)


def _take(
    question: Question,
    answers: Answers,
    own: dict[str, Any],
    extra: dict[str, Any],
    faults: dict[str, str],
    where: str,
    today: date,
) -> None:
    if question.type in (Type.NOTE, Type.FEN, Type.PHOTO):
        return
    text = answers.get(question.name, "")
    if not text:
        if question.required:
            faults[where + question.name] = _NEEDED
        return
    try:
        value = read_answer(question, text, answers, today)
    except (ValueError, InvalidOperation, OverflowError):
        faults[where + question.name] = _IMPOSSIBLE
        return
    if fen := _fen_field(question.name):
        own[fen] = int(value * 100)
    elif question.name in BY_NAME or question.name in _FRAME:
        own[question.name] = value
    else:
        extra[question.name] = format(value, "f") if isinstance(value, Decimal) else value


_FRAME = {"household", "seen", "place", "saw_house", "member"}
_FEN = {yuan_name(name): name for name, field in BY_NAME.items() if field.kind == Kind.FEN}


def _fen_field(name: str) -> str | None:
    return _FEN.get(name)


def read_answer(question: Question, text: str, answers: Answers, today: date) -> Any:
    """An answer in its own type.

    Raises
    ------
    ValueError
        Or one of ``decimal``'s, when the text is no such answer or not within the question's bounds.
    """
    value: Any = text
    match question.type:
        case Type.WHOLE | Type.SEEN:
            number = _number(text)
            value = int(number)
            if value != number:
                raise ValueError
        case Type.DECIMAL:
            value = _number(text)
            if _fen_field(question.name) and value * 100 != int(value * 100):
                raise ValueError
        case Type.DAY:
            value = date.fromisoformat(text[:10]).isoformat()
        case Type.PLACE:
            value = _position(text)
        case Type.CHOICES:
            value = text.split()
    _check_choices(question, value)
    _check_bounds(question, value, answers, today)
    return value


def _number(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value) >= 10**15:
        # To write out a number with an exponent of millions would take minutes.
        raise ValueError
    return value


def _check_choices(question: Question, value: Any) -> None:
    chosen = value if question.type == Type.CHOICES else [value] if question.type == Type.CHOICE else []
    if set(chosen) - {choice.value for choice in question.choices}:
        raise ValueError


def _check_bounds(question: Question, value: Any, answers: Answers, today: date) -> None:
    bounds = question.bounds
    if bounds.least is not None and value < bounds.least:
        raise ValueError
    if bounds.greatest is not None and value > bounds.greatest:
        raise ValueError
    if bounds.most is not None and len(value) > bounds.most:
        raise ValueError
    if bounds.pattern and not re.fullmatch(bounds.pattern, value):
        raise ValueError
    if bounds.without and answers.get(bounds.without) in value:
        raise ValueError
    if bounds.past and value > today.isoformat():
        raise ValueError


def _position(text: str) -> Position:
    """A geopoint: latitude, longitude, altitude, accuracy, apart by spaces."""
    figures = [float(part) for part in text.split()]
    if len(figures) not in (2, 3, 4) or not (-90 <= figures[0] <= 90 and -180 <= figures[1] <= 180):
        raise ValueError
    accuracy = figures[3] if len(figures) == 4 and 0 <= figures[3] < 1e6 else None
    return Position(figures[0], figures[1], accuracy)
