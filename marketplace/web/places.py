"""How places are called in the shop. The register has their official names, in Chinese alone."""

import re
from functools import lru_cache

from flask_babel import gettext as _
from pypinyin import Style, lazy_pinyin

from marketplace.kernel.errors import N_
from marketplace.web.languages import is_chinese

# The register names the committee that runs a village or a quarter; people name the place.
_COMMITTEE = re.compile(r"(?:村民|居民)?委员会$|[村居]委会$")
_PEOPLES = (
    "苗|侗|布依|土家|彝|仡佬|水|壮|瑶|白|羌|毛南|满|回|藏|蒙古|维吾尔|哈萨克|柯尔克孜|傣|傈僳|拉祜|佤|纳西|景颇|哈尼|朝鲜|黎|畲|"
    "东乡|撒拉|土|保安|裕固|塔吉克|锡伯|达斡尔|鄂温克|鄂伦春|仫佬|独龙|怒|普米|布朗"
)
_AUTONOMOUS = re.compile(rf"(?:(?:{_PEOPLES})族?)*(?:各族)?自治(?=[州县旗区]$)")
_KINDS = (
    ("街道", N_("%(name)s subdistrict")),
    ("社区", N_("%(name)s community")),
    ("村", N_("%(name)s village")),
    ("镇", N_("%(name)s town")),
    ("乡", N_("%(name)s township")),
    ("县", N_("%(name)s county")),
    ("区", N_("%(name)s district")),
    ("州", N_("%(name)s prefecture")),
    ("市", N_("%(name)s city")),
    ("省", N_("%(name)s province")),
)


def place_name(name: str) -> str:
    """A place as people call it; for readers of English in pinyin.

    The official name of a village ends in the committee that runs it, that of an autonomous area in the peoples it is of.
    """
    called = _COMMITTEE.sub("", name) or name
    if is_chinese():
        return called
    return _in_english(called)


def _in_english(called: str) -> str:
    plain = _AUTONOMOUS.sub("", called)
    for ending, words in _KINDS:
        stem = plain.removesuffix(ending)
        if stem and stem != plain:
            return str(_(words, name=_pinyin(stem)))
    return _pinyin(plain)


@lru_cache(maxsize=4096)
def _pinyin(text: str) -> str:
    return "".join(lazy_pinyin(text, style=Style.NORMAL)).capitalize()
