"""Reading one filled-in form as a device sends it: XML in the OpenRosa way, or JSON. Pure, and distrustful of every byte."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.forms.standard_form import MEMBERS

LARGEST_BYTES = 512 * 1024
_DEEPEST, _MOST_ELEMENTS, _MOST_MEMBERS, _LONGEST = 8, 4_000, 40, 5_000
_INSTANCE = re.compile(r"[A-Za-z0-9:._-]{8,80}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}")
_META = {"instanceID", "instanceName", "deprecatedID"}

Answers = dict[str, str]


@dataclass(frozen=True)
class Instance:
    """A filled-in form: which one, when by the device's clock, and every answer as text; empty answers are left out."""

    instance_id: str
    form_id: str
    version: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    answers: Answers = field(default_factory=dict)
    members: tuple[Answers, ...] = ()


def unreadable(why: str) -> Invalid:
    """What is said of bytes that are no submission."""
    return Invalid("submission_unreadable", N_("The submission could not be read: %(why)s"), why=why)


def read_instance(raw: bytes, form: str) -> Instance:
    """A submission, sent as ``xml`` or ``json``.

    Raises
    ------
    Invalid
        ``submission_unreadable``: too large, not well-formed, with a document type, too deep, or without what names it.
    """
    if len(raw) > LARGEST_BYTES:
        raise unreadable("too large")
    return _from_json(raw) if form == "json" else _from_xml(raw)


def _from_xml(raw: bytes) -> Instance:
    root = _tree(raw)
    answers: Answers = {}
    members: list[Answers] = []
    instance_id = ""
    for child in root:
        name = _local(child.tag)
        if name == "meta":
            named = [part for part in child if _local(part.tag) == "instanceID"]
            instance_id = (named[0].text or "").strip() if named else ""
        elif name == MEMBERS:
            members.append(_leaves(child))
        else:
            answers |= _leaves(child) if len(child) else _leaf(child)
    return _checked(
        instance_id,
        root.get("id", ""),
        root.get("version", ""),
        answers.pop("start", ""),
        answers.pop("end", ""),
        answers,
        members,
    )


def _tree(raw: bytes) -> Element:
    depth = elements = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(raw), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            elements += event == "start"
            if depth > _DEEPEST or elements > _MOST_ELEMENTS:
                raise unreadable("too deep or too many elements")
            root = element if root is None else root
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise unreadable("not well-formed XML") from error
    if root is None:
        raise unreadable("empty")
    return root


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _leaf(element: Element) -> Answers:
    text = (element.text or "").strip()
    return {_local(element.tag): text} if text else {}


def _leaves(element: Element) -> Answers:
    """The answers below an element, however they are grouped: a question's name stands once in a form."""
    found: Answers = {}
    for child in element.iter():
        if not len(child):
            found |= _leaf(child)
    return found


def _from_json(raw: bytes) -> Instance:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise unreadable("not JSON") from error
    if not isinstance(data, dict):
        raise unreadable("not an object")
    members = data.get("members", [])
    if not isinstance(members, list):
        raise unreadable("members are a list")
    texts = {name: data.get(name, "") for name in ("instance_id", "form_id", "version", "began_at", "ended_at")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise unreadable("instance_id, form_id, version and moments are texts")
    return _checked(
        *texts.values(),
        _texts(data.get("answers", {})),
        [_texts(member) for member in members],  # type: ignore[arg-type]
    )


def _texts(answers: Any) -> Answers:
    """Answers of a web form as the text that a phone would have sent."""
    if not isinstance(answers, Mapping):
        raise unreadable("answers are an object")
    found = {}
    for name, value in answers.items():
        if isinstance(value, bool):
            text = "yes" if value else "no"
        elif isinstance(value, int | float | str):
            text = str(value).strip()
        elif isinstance(value, list) and all(isinstance(each, str) for each in value):
            text = " ".join(value)
        elif value is None:
            text = ""
        else:
            raise unreadable("an answer is a text, a number, yes or no, or a list of choices")
        if text:
            found[str(name)] = text
    return found


def _checked(
    instance_id: str, form_id: str, version: str, began: str, ended: str, answers: Answers, members: list[Answers]
) -> Instance:
    if not _INSTANCE.fullmatch(instance_id):
        raise unreadable("no instanceID")
    if not _NAME.fullmatch(form_id) or not re.fullmatch(r"[0-9A-Za-z._-]{1,20}", version):
        raise unreadable("no form or version")
    if len(members) > _MOST_MEMBERS:
        raise unreadable("too many members")
    for each in (answers, *members):
        for name, text in each.items():
            if not _NAME.fullmatch(name) or len(text) > _LONGEST or "\x00" in text:
                raise unreadable("an answer is too long, or its question has no name")
    kept = {name: text for name, text in answers.items() if name not in _META}
    return Instance(instance_id, form_id, version, _moment(began), _moment(ended), kept, tuple(members))


def _moment(text: str) -> datetime | None:
    """A moment with its zone; without one nobody can say what was meant, and a clock is only ever shown."""
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None and 2000 < moment.year < 2100 else None
    except ValueError:
        return None
