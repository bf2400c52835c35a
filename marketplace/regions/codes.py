"""The arithmetic of area codes: parents, ancestors, containment. Pure, no database."""

from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.models import Level

_LENGTHS = tuple(int(level) for level in Level)


def check_code(code: str) -> str:
    """Return ``code``, or raise ``Invalid`` when no area can have it."""
    if len(code) not in _LENGTHS or not (code.isascii() and code.isdigit()):
        raise Invalid("area_code_invalid", N_("%(code)s is not an area code."), code=code[:20])
    return code


def parent_code(code: str) -> str | None:
    """The code of the area that contains this one, None for a province.

    >>> parent_code("522636100001"), parent_code("522636"), parent_code("52")
    ('522636100', '5226', None)
    """
    shorter = [length for length in _LENGTHS if length < len(code)]
    return code[: shorter[-1]] if shorter else None


def ancestor_codes(code: str) -> list[str]:
    """The codes from the province down to this one.

    >>> ancestor_codes("522636100")
    ['52', '5226', '522636', '522636100']
    """
    return [code[:length] for length in _LENGTHS if length <= len(code)]


def child_length(code: str) -> int | None:
    """How long the codes one level below are; None below a village."""
    longer = [length for length in _LENGTHS if length > len(code)]
    return longer[0] if longer else None


def contains(scope_code: str, code: str) -> bool:
    """Whether ``code`` lies in the area ``scope_code`` or is it. The empty scope is the nation."""
    return code.startswith(scope_code)
