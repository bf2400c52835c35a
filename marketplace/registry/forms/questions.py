"""A form as data: questions, sections, and the few kinds of bounds and conditions that every reader of a form understands."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


class Type(enum.StrEnum):
    """How a question is answered. ``yuan`` asks for yuan where the file keeps fen; ``seen`` is filled in by the form itself."""

    TEXT = "text"
    WHOLE = "whole"
    DECIMAL = "decimal"
    CHOICE = "choice"
    CHOICES = "choices"
    DAY = "day"
    PLACE = "place"
    PHOTO = "photo"
    NOTE = "note"
    HOUSEHOLD = "household"
    MEMBER = "member"
    FEN = "fen"
    SEEN = "seen"


# What a lower level may ask beside the standard.
ADDABLE = (Type.TEXT, Type.WHOLE, Type.DECIMAL, Type.CHOICE, Type.CHOICES, Type.DAY, Type.NOTE, Type.PHOTO)


@dataclass(frozen=True)
class Words:
    """A text in both languages."""

    zh: str = ""
    en: str = ""


@dataclass(frozen=True)
class Choice:
    """One of the answers to choose from."""

    value: str
    label: Words


@dataclass(frozen=True)
class Condition:
    """A question is asked when the answer to ``name`` is one of ``values``; with ``negated``, when it is none of them.

    The empty text among the values stands for a question that was left empty.
    """

    name: str
    values: tuple[str, ...]
    negated: bool = False

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Whether the question is asked, given the answers of the form and, in a repeated section, of its turn.

        >>> Condition("water_source", ("tap",), negated=True).holds({"water_source": "well"})
        True
        """
        return (str(answers.get(self.name) or "") in self.values) != self.negated


@dataclass(frozen=True)
class Bounds:
    """What an answer must keep to, as far as it is given.

    ``most`` counts the characters of a text or the choices of a list; ``pattern`` is a regular expression for the whole text;
    ``without`` names a question whose answer may not be among these choices; ``past`` forbids days after today.
    """

    least: int | None = None
    greatest: int | None = None
    most: int | None = None
    pattern: str = ""
    without: str = ""
    past: bool = False


@dataclass(frozen=True)
class Question:
    """One question. ``source`` names the question that a filled-in one is taken from."""

    name: str
    type: Type
    label: Words = Words()
    hint: Words = Words()
    required: bool = False
    choices: tuple[Choice, ...] = ()
    bounds: Bounds = Bounds()
    condition: Condition | None = None
    source: str = ""


@dataclass(frozen=True)
class Section:
    """Questions under one heading; a ``repeats`` one is answered once for each member of the household."""

    name: str
    label: Words
    questions: tuple[Question, ...]
    repeats: bool = False


@dataclass(frozen=True)
class Form:
    """A form: its title, and its questions in sections."""

    title: Words
    sections: tuple[Section, ...] = field(default=())

    def questions(self) -> Iterator[tuple[Section, Question]]:
        """Every question with its section, in order."""
        for section in self.sections:
            for question in section.questions:
                yield section, question

    def names(self) -> set[str]:
        """The names of all questions."""
        return {question.name for _, question in self.questions()}


def as_data(form: Form) -> dict[str, Any]:
    """The form in JSON, as a web page and a program read it; what is empty is left out."""
    return {
        "title": _words(form.title),
        "sections": [
            {
                "name": section.name,
                "label": _words(section.label),
                "repeats": section.repeats,
                "questions": [_question(question) for question in section.questions],
            }
            for section in form.sections
        ],
    }


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _question(question: Question) -> dict[str, Any]:
    data: dict[str, Any] = {"name": question.name, "type": question.type.value, "required": question.required}
    if question.label != Words():
        data["label"] = _words(question.label)
    if question.hint != Words():
        data["hint"] = _words(question.hint)
    if question.choices:
        data["choices"] = [{"value": choice.value, "label": _words(choice.label)} for choice in question.choices]
    bounds = {name: value for name, value in vars(question.bounds).items() if value != getattr(Bounds(), name)}
    if bounds:
        data["bounds"] = bounds
    if question.condition is not None:
        kind = "none_of" if question.condition.negated else "one_of"
        data["condition"] = {"name": question.condition.name, kind: list(question.condition.values)}
    if question.source:
        data["source"] = question.source
    return data


def from_data(data: Mapping[str, Any]) -> Form:
    """The form that ``as_data`` wrote."""
    sections = tuple(
        Section(
            section["name"],
            Words(**section["label"]),
            tuple(_read_question(question) for question in section["questions"]),
            section["repeats"],
        )
        for section in data["sections"]
    )
    return Form(Words(**data["title"]), sections)


def _read_question(data: Mapping[str, Any]) -> Question:
    condition = data.get("condition")
    return Question(
        data["name"],
        Type(data["type"]),
        Words(**data.get("label", {})),
        Words(**data.get("hint", {})),
        data["required"],
        tuple(Choice(choice["value"], Words(**choice["label"])) for choice in data.get("choices", ())),
        Bounds(**data.get("bounds", {})),
        None
        if condition is None
        else Condition(condition["name"], tuple(condition.get("one_of", condition.get("none_of"))), "none_of" in condition),
        data.get("source", ""),
    )
