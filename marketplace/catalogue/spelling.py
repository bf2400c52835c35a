"""The word that was meant where one letter slipped. Pure, no database."""

from collections.abc import Iterable

# In a shorter word one letter more or less makes another word: "pea" is no slip of "pear".
_SHORTEST_LATIN = 4
_SHORTEST_CHINESE = 3


def is_one_slip(typed: str, meant: str) -> bool:
    """Whether one letter too many, too few, wrong, or exchanged with its neighbour makes the one of the other.

    >>> is_one_slip("pinguo", "pingguo"), is_one_slip("tmoato", "tomato"), is_one_slip("potato", "tomato")
    (True, True, False)
    """
    if abs(len(typed) - len(meant)) > 1 or typed == meant:
        return False
    at = 0
    while at < min(len(typed), len(meant)) and typed[at] == meant[at]:
        at += 1
    rest, other = typed[at:], meant[at:]
    if len(rest) == len(other):
        swapped = len(rest) > 1 and rest[0] == other[1] and rest[1] == other[0] and rest[2:] == other[2:]
        return swapped or rest[1:] == other[1:]
    return rest[1:] == other if len(rest) > len(other) else rest == other[1:]


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """The first of the known words that is one slip away from what was typed; None for a word that is known, or too short.

    >>> nearest("pinguo", ["pingguo", "pinggu"]), nearest("西洪柿", ["西红柿"]), nearest("pea", ["pear"])
    ('pingguo', '西红柿', None)
    """
    if len(typed) < (_SHORTEST_LATIN if typed.isascii() else _SHORTEST_CHINESE):
        return None
    found = None
    for word in known:
        if word == typed:
            return None
        if found is None and is_one_slip(typed, word):
            found = word
    return found
