"""The words a title can be found by, and the words a search asks for. Pure, no database.

Chinese words mostly have two characters, which trigrams cannot see, so a title is cut into single characters and pairs; its
pinyin is kept from every syllable on, in full and as initials, and its Latin words in lower case.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice, product

from pypinyin import Style, lazy_pinyin

_CJK_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_LATIN_WORD = re.compile(r"[a-z0-9]+")
# One syllable of pinyin. English words that look like one are few and short: "long", "pan".
_SYLLABLE = re.compile(
    "(?:[bpmfdtnlgkhjqxrzcsyw]|[zcs]h)?(?:[aeo]|ai|ei|ao|ou|an|en|ang|eng|er|ong|i|ia|ie|iao|iu|ian|in|iang|ing|iong"
    "|u|ua|uo|uai|ui|uan|un|uang|ue|v|ve)"
)
_LONGEST_QUERY = 60
# A run longer than this is a sentence; pinyin from each of its syllables would find it by accident.
_LONGEST_PINYIN_RUN = 24
# Characters of food and places that are read in two ways: pinyin finds them by either, whichever the dictionary thinks right.
_READ_IN_TWO_WAYS = {
    "长": ("chang", "zhang"),
    "重": ("chong", "zhong"),
    "乐": ("le", "yue"),
    "行": ("hang", "xing"),
    "朝": ("chao", "zhao"),
    "藏": ("cang", "zang"),
    "薄": ("bao", "bo"),
    "都": ("dou", "du"),
    "番": ("fan", "pan"),
    "茄": ("jia", "qie"),
    "荠": ("ji", "qi"),
    "蔓": ("man", "wan"),
    "芥": ("gai", "jie"),
    "莞": ("guan", "wan"),
    "盛": ("cheng", "sheng"),
    "曾": ("ceng", "zeng"),
    "单": ("dan", "shan"),
    "石": ("dan", "shi"),
    "六": ("liu", "lu"),
    "柏": ("bai", "bo"),
    "蚌": ("bang", "beng"),
    "厦": ("sha", "xia"),
    "会": ("hui", "kuai"),
    "血": ("xie", "xue"),
    "露": ("lou", "lu"),
    "熟": ("shou", "shu"),
}
# So many readings of one run are kept; a name rarely has two such characters.
_MOST_READINGS = 8


def runs(text: str) -> tuple[list[str], list[str]]:
    """The Chinese runs and the Latin words of a text, after folding width, case and accents.

    >>> runs("ＤＡＮＺＨＡＩ 辣椒，Café")
    (['辣椒'], ['danzhai', 'cafe'])
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).lower()
    folded = "".join(character for character in folded if not unicodedata.combining(character))
    return _CJK_RUN.findall(folded), _LATIN_WORD.findall(folded)


def _cut(run: str) -> set[str]:
    """The single characters and pairs of a run.

    >>> sorted(_cut("甜苹果"))
    ['果', '甜', '甜苹', '苹', '苹果']
    """
    return set(run) | {run[at : at + 2] for at in range(len(run) - 1)}


def syllables(run: str) -> list[str]:
    """The pinyin of a Chinese run, one syllable a character, as the dictionary of phrases reads it.

    >>> syllables("重庆小面")
    ['chong', 'qing', 'xiao', 'mian']
    """
    read = lazy_pinyin(run[:_LONGEST_PINYIN_RUN], style=Style.NORMAL)
    if len(read) == len(run[:_LONGEST_PINYIN_RUN]):
        return read
    # Characters that nobody can read come back in one piece; alone each stands for itself.
    return [lazy_pinyin(character, style=Style.NORMAL)[0] for character in run[:_LONGEST_PINYIN_RUN]]


def readings(run: str) -> Iterator[list[str]]:
    """Every way in which a run may be typed in pinyin, the most likely first; u stands for ü as well as v does.

    >>> ["".join(read) for read in readings("绿茶")]
    ['lvcha', 'lucha']
    """
    choices = []
    for character, read in zip(run, syllables(run), strict=False):
        also = [*_READ_IN_TWO_WAYS.get(character, ()), *([read.replace("v", "u")] if "v" in read else [])]
        choices.append([read, *(other for other in also if other != read)])
    for read_as in islice(product(*choices), _MOST_READINGS):
        yield list(read_as)


def pinyin_terms(run: str) -> set[str]:
    """The pinyin of a run from each of its syllables on, in full and as initials.

    >>> sorted(pinyin_terms("核桃"))
    ['hetao', 'ht', 't', 'tao']
    """
    terms = set()
    for read in readings(run):
        for at in range(len(read)):
            terms.add("".join(read[at:]))
            terms.add("".join(syllable[0] for syllable in read[at:]))
    return terms


def index_terms(*texts: str) -> list[str]:
    """Everything that texts can be found by, without repeats.

    >>> [term for term in index_terms("苹果", "Gala Apple") if term.isascii()]
    ['apple', 'g', 'gala', 'guo', 'pg', 'pingguo']
    """
    terms: set[str] = set()
    for text in texts:
        chinese, latin = runs(text)
        terms.update(latin)
        for run in chinese:
            terms |= _cut(run)
            terms |= pinyin_terms(run)
    return sorted(terms)


def tsquery(text: str) -> str | None:
    """What a person typed as a PostgreSQL ``tsquery``; None when nothing in it can be searched for.

    Chinese runs become the AND of their pairs, a lone character stands for itself, and a Latin word also finds what begins
    with it, so that half a word and unfinished pinyin already answer.

    >>> tsquery("甜苹果 gal")
    "'甜苹' & '苹果' & 'gal':*"
    >>> tsquery("' & !!") is None
    True
    """
    chinese, latin = runs(text[:_LONGEST_QUERY])
    wanted: list[str] = []
    for run in chinese:
        pieces = [run[at : at + 2] for at in range(len(run) - 1)] or [run]
        wanted += [f"'{piece}'" for piece in pieces]
    wanted += [f"'{word}':*" for word in latin]
    return " & ".join(dict.fromkeys(wanted)) or None


def tsquery_of_syllables(text: str) -> str | None:
    """Pinyin that was typed syllable by syllable, as one word; None where it is anything else.

    >>> tsquery_of_syllables("xi hong shi"), tsquery_of_syllables("vine tomatoes")
    ("'xihongshi':*", None)
    """
    chinese, latin = runs(text[:_LONGEST_QUERY])
    if chinese or len(latin) < 2 or not all(_SYLLABLE.fullmatch(word) for word in latin):
        return None
    return f"'{''.join(latin)}':*"


def tsquery_by_sound(text: str) -> str | None:
    """The same with every Chinese run as it sounds, for older characters and those of the same sound; None without Chinese.

    >>> tsquery_by_sound("紅蘋果 gal")
    "'hongpingguo':* & 'gal':*"
    >>> tsquery_by_sound("gala") is None
    True
    """
    chinese, latin = runs(text[:_LONGEST_QUERY])
    sounds = ["".join(syllables(run)) for run in chinese]
    if not sounds or not all(sound.isascii() for sound in sounds):
        return None
    return " & ".join(dict.fromkeys(f"'{word}':*" for word in [*sounds, *latin]))
