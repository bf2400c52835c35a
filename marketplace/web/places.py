"""How places are called on a page: in Chinese as people say them, in English in pinyin with the kind of place."""

from collections.abc import Iterable

from flask_babel import gettext as _

from marketplace.kernel.errors import N_
from marketplace.regions.names import called, own_english_name, romanised, without_peoples
from marketplace.web.languages import is_chinese

# The longer endings stand before those that they end in.
_KINDS = (
    ("街道", N_("%(name)s subdistrict")),
    ("社区", N_("%(name)s community")),
    ("地区", N_("%(name)s prefecture")),
    ("林区", N_("%(name)s district")),
    ("特区", N_("%(name)s district")),
    ("村", N_("%(name)s village")),
    ("镇", N_("%(name)s town")),
    ("乡", N_("%(name)s township")),
    ("县", N_("%(name)s county")),
    ("旗", N_("%(name)s banner")),
    ("区", N_("%(name)s district")),
    ("州", N_("%(name)s prefecture")),
    ("盟", N_("%(name)s league")),
    ("市", N_("%(name)s city")),
    ("省", N_("%(name)s province")),
)
# Levels of the register that stand for no place of their own.
_GROUPS = {
    "市辖区": N_("Districts of the city"),
    "县": N_("Counties"),
    "直辖县级行政区划": N_("Counties under the province"),
}


def place_name(name: str) -> str:
    """A place as people call it; for readers of English in pinyin.

    The official name of a village ends in the committee that runs it, that of an autonomous area in the peoples it is of.
    """
    if is_chinese():
        return called(name)
    if name in _GROUPS:
        return str(_(_GROUPS[name]))
    known = own_english_name(name)
    if known is not None:
        return known
    plain = without_peoples(called(name))
    for ending, words in _KINDS:
        stem = plain.removesuffix(ending)
        if stem and stem != plain:
            return str(_(words, name=romanised(stem)))
    return romanised(plain)


def address_line(names: Iterable[str], address: str) -> str:
    """An address on one line, given the areas from the province down: in English from the street up."""
    parts = [*(name if is_chinese() else place_name(name) for name in names), address]
    return " ".join(parts) if is_chinese() else ", ".join(reversed(parts))
