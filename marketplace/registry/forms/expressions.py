"""Bounds and conditions written as XPath for a phone, and read back from a spreadsheet.

Only what can be written here can be read here: an expression of another kind is refused by name, because neither the web form
nor a check on the server would follow it.
"""

import re

from marketplace.registry.forms.questions import Bounds, Condition

_NAME = r"\$\{(?P<name>[a-z][a-z0-9_]{0,39})\}"
_PARTS = {
    "least": re.compile(r"\. ?>= ?(?P<value>-?[0-9]{1,10})"),
    "greatest": re.compile(r"\. ?<= ?(?P<value>-?[0-9]{1,10})"),
    "most": re.compile(r"(?:string-length|count-selected)\(\.\) ?<= ?(?P<value>[0-9]{1,4})"),
    "pattern": re.compile(r"regex\(\., ?'\^(?P<value>[^']{1,80})\$'\)"),
    "without": re.compile(r"not\(selected\(\., ?" + _NAME + r"\)\)"),
    "past": re.compile(r"\. ?<= ?today\(\)"),
}
_SIMPLE = re.compile(r"(?:(?:\[[A-Za-z0-9+ .-]+\]|[A-Za-z0-9])(?:\?|\{[0-9]{1,3}(?:,[0-9]{1,3})?\})?){1,12}")
_EQUAL = re.compile(_NAME + r" ?(?P<sign>!?=) ?'(?P<value>[A-Za-z0-9_-]{0,40})'")


def write_bounds(bounds: Bounds, *, chosen: bool) -> str:
    """The XForms constraint; ``chosen`` for a list of choices, whose ``most`` counts choices and not characters.

    >>> write_bounds(Bounds(least=0, greatest=12), chosen=False)
    '. >= 0 and . <= 12'
    """
    parts = []
    if bounds.least is not None:
        parts.append(f". >= {bounds.least}")
    if bounds.greatest is not None:
        parts.append(f". <= {bounds.greatest}")
    if bounds.most is not None:
        parts.append(f"{'count-selected' if chosen else 'string-length'}(.) <= {bounds.most}")
    if bounds.pattern:
        parts.append(f"regex(., '^{bounds.pattern}$')")
    if bounds.without:
        parts.append(f"not(selected(., ${{{bounds.without}}}))")
    if bounds.past:
        parts.append(". <= today()")
    return " and ".join(parts)


def read_bounds(text: str) -> Bounds | None:
    """The bounds that a constraint states; None for one of another kind."""
    found: dict[str, str | int | bool] = {}
    for part in re.split(r" and ", text.strip()) if text.strip() else ():
        for kind, shape in _PARTS.items():
            match = shape.fullmatch(part.strip())
            if match is not None and kind not in found:
                found[kind] = _bound(kind, match)
                break
        else:
            return None
    pattern = found.get("pattern")
    if isinstance(pattern, str) and not _simple_pattern(pattern):
        return None
    return Bounds(**found)  # type: ignore[arg-type]


def _bound(kind: str, match: re.Match[str]) -> str | int | bool:
    if kind == "past":
        return True
    if kind == "without":
        return match["name"]
    return match["value"] if kind == "pattern" else int(match["value"])


def _simple_pattern(pattern: str) -> bool:
    """Sets of characters with a number each, one after the other: no pattern whose matching could take for ever."""
    return (
        re.fullmatch(r"(?:(?:\[[A-Za-z0-9+ .-]+\]|[A-Za-z0-9])(?:\?|\{[0-9]{1,3}(?:,[0-9]{1,3})?\})?){1,12}", pattern)
        is not None
    )


def write_condition(condition: Condition | None) -> str:
    """The XForms relevance.

    >>> write_condition(Condition("water_source", ("tap",), negated=True))
    "${water_source} != 'tap'"
    """
    if condition is None:
        return ""
    sign, joint = ("!=", " and ") if condition.negated else ("=", " or ")
    return joint.join(f"${{{condition.name}}} {sign} '{value}'" for value in condition.values)


def read_condition(text: str) -> Condition | None:
    """The condition that a relevance states.

    Raises
    ------
    ValueError
        For one of another kind.
    """
    if not text.strip():
        return None
    negated = "!=" in text
    parts = [_EQUAL.fullmatch(part.strip()) for part in text.strip().split(" and " if negated else " or ")]
    if any(part is None or (part["sign"] == "!=") != negated for part in parts):
        raise ValueError(text)
    names = {part["name"] for part in parts if part is not None}
    if len(names) != 1:
        raise ValueError(text)
    return Condition(names.pop(), tuple(part["value"] for part in parts if part is not None), negated)
