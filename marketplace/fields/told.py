"""What the register says of each kind of person, gathered for a page: nothing is written by hand that could come to differ."""

from dataclasses import dataclass
from datetime import date

from marketplace.fields.keeping import RULES
from marketplace.fields.register import Entry, entries
from marketplace.fields.words import BASES, GROUPS, PEOPLE, READERS


@dataclass(frozen=True)
class KeepWords:
    """A keep rule in words; where it is a period, they have a place ``span`` for its days."""

    words: str
    days: int | None


@dataclass(frozen=True)
class ToldGroup:
    """One group of data as its person is told of it. All words are message keys, yet to be translated."""

    key: str
    name: str
    what: str
    bases: tuple[str, ...]
    readers: tuple[str, ...]
    keeps: tuple[KeepWords, ...]
    # How many fields it is made of, and how many of them are sealed or otherwise sensitive.
    fields: int
    sensitive: int


def told_of(person: str, *, today: date) -> list[ToldGroup]:
    """The groups of data about a kind of person, with the rules in force on a day."""
    return [_told(key, today) for key, group in GROUPS.items() if group.person == person]


def people() -> dict[str, str]:
    """The kinds of people, in the order of the page."""
    return PEOPLE


def _told(key: str, today: date) -> ToldGroup:
    own = [entry for entry in entries() if entry.group == key and entry.data_class != "none"]
    return ToldGroup(
        key=key,
        name=GROUPS[key].name,
        what=GROUPS[key].what,
        bases=tuple(words for name, words in BASES.items() if any(entry.basis == name for entry in own)),
        readers=tuple(words for name, words in READERS.items() if _read_by(name, own)),
        keeps=tuple(_keep_words(name, today) for name in RULES if any(entry.keep == name for entry in own)),
        fields=len(own),
        sensitive=sum(entry.data_class == "sensitive" for entry in own),
    )


def _read_by(reader: str, own: list[Entry]) -> bool:
    """``nobody`` is said only where it is so of all of it."""
    if reader == "nobody":
        return all(entry.readers == ("nobody",) for entry in own)
    return any(reader in entry.readers for entry in own)


def _keep_words(name: str, today: date) -> KeepWords:
    rule = RULES[name]
    return KeepWords(rule.words, rule.days_on(today) if rule.periods else None)
