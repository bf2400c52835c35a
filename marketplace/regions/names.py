"""How places are called. The register has their official names, in Chinese alone. Pure, no database."""

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

# The register names the committee that runs a village or a quarter; people name the place.
_COMMITTEE = re.compile(r"(村民|居民|村|居)?委(?:员)?会$")
_PLACE_OF_COMMITTEE = {"村民": "村", "村": "村", "居民": "社区", "居": "社区", None: ""}
_PEOPLES = (
    "苗|侗|布依|土家|彝|仡佬|水|壮|瑶|白|羌|毛南|满|回|藏|蒙古|维吾尔|哈萨克|柯尔克孜|傣|傈僳|拉祜|佤|纳西|景颇|哈尼|朝鲜|黎|畲|"
    "东乡|撒拉|土|保安|裕固|塔吉克|锡伯|达斡尔|鄂温克|鄂伦春|仫佬|独龙|怒|普米|布朗|德昂|阿昌|基诺|京"
)
# The longer names go without their last word.
_PEOPLE = rf"(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯)"
_AUTONOMOUS = re.compile(rf"(?<=.){_PEOPLE}*(?:各族)?自治(?=[州县旗]$)|(?<=.){_PEOPLE}+(?=[乡区]$)")
# Some are called after their people and nothing else.
_NAMED_AFTER_A_PEOPLE = re.compile(r"族(?=[县旗]$)")
# Names that English has of its own, and the first level's regions, whose names hold no word for what they are.
_IN_ENGLISH = {
    "陕西": "Shaanxi",
    "单": "Shan",
    "内蒙古自治区": "Inner Mongolia",
    "广西壮族自治区": "Guangxi",
    "西藏自治区": "Xizang",
    "宁夏回族自治区": "Ningxia",
    "新疆维吾尔自治区": "Xinjiang",
    "香港特别行政区": "Hong Kong",
    "澳门特别行政区": "Macao",
}


def called(name: str) -> str:
    """A place as people say it.

    >>> called("摆泥村村民委员会"), called("龙泉社区居委会"), called("摆拉村委会"), called("丹寨县")
    ('摆泥村', '龙泉社区', '摆拉村', '丹寨县')
    """
    found = _COMMITTEE.search(name)
    if found is None or not found.start():
        return name
    stem = name[: found.start()]
    return stem if stem.endswith(("村", "社区")) else stem + _PLACE_OF_COMMITTEE[found[1]]


def without_peoples(name: str) -> str:
    """The name of an autonomous area without the peoples it is of.

    >>> without_peoples("黔东南苗族侗族自治州"), without_peoples("长白朝鲜族自治县"), without_peoples("东乡族自治县")
    ('黔东南州', '长白县', '东乡县')
    """
    plain = _AUTONOMOUS.sub("", name)
    return _NAMED_AFTER_A_PEOPLE.sub("", plain) if plain != name else name


def own_english_name(name: str) -> str | None:
    """The name that English has for a place, if it is not its pinyin."""
    return _IN_ENGLISH.get(name)


@lru_cache(maxsize=4096)
def romanised(stem: str) -> str:
    """The pinyin of a name without its kind of place, capitalised.

    >>> romanised("摆泥"), romanised("西安"), romanised("陕西"), romanised("长青")
    ('Baini', "Xi'an", 'Shaanxi', 'Changqing')
    """
    known = _IN_ENGLISH.get(stem)
    if known is not None:
        return known
    # Two names in one are divided by a point.
    return " ".join(_word(part) for part in re.split(r"[·\s]+", stem) if part)


def _word(text: str) -> str:
    # In names of places it is read as "long" and not as "grow", but for one county.
    read = text if text.startswith("长子") else text.replace("长", "常")
    first, *others = lazy_pinyin(read, style=Style.NORMAL)
    return "".join([first, *(f"'{syllable}" if syllable[0] in "aoe" else syllable for syllable in others)]).capitalize()
