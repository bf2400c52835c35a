"""The words a title can be found by, and the words a search asks for. Pure, no database.

Chinese words mostly have two characters, which trigrams cannot see, so a title is cut into single characters and pairs; its
pinyin is kept from every syllable on, in full and as initials, and its Latin words in lower case.
"""

import re
import unicodedata

from pypinyin import Style, lazy_pinyin

_CJK_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_LATIN_WORD = re.compile(r"[a-z0-9]+")
_LONGEST_QUERY = 60
# A run longer than this is a sentence; pinyin from each of its syllables would find it by accident.
_LONGEST_PINYIN_RUN = 24


def _runs(text: str) -> tuple[list[str], list[str]]:
    """The Chinese runs and the Latin words of a text, after folding width, case and accents."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).lower()
    folded = "".join(character for character in folded if not unicodedata.combining(character))
    return _CJK_RUN.findall(folded), _LATIN_WORD.findall(folded)


def _cut(run: str) -> set[str]:
    """The single characters and pairs of a run.

    >>> sorted(_cut("甜苹果"))
    ['果', '甜', '甜苹', '苹', '苹果']
    """
    return set(run) | {run[at : at + 2] for at in range(len(run) - 1)}


def index_terms(*texts: str) -> list[str]:
    """Everything that texts can be found by, without repeats.

    >>> [term for term in index_terms("苹果", "Gala Apple") if term.isascii()]
    ['apple', 'g', 'gala', 'guo', 'pg', 'pingguo']
    """
    terms: set[str] = set()
    for text in texts:
        chinese, latin = _runs(text)
        terms.update(latin)
        for run in chinese:
            terms |= _cut(run)
            syllables = lazy_pinyin(run[:_LONGEST_PINYIN_RUN], style=Style.NORMAL)
            for at in range(len(syllables)):
                terms.add("".join(syllables[at:]))
                terms.add("".join(syllable[0] for syllable in syllables[at:]))
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
    chinese, latin = _runs(text[:_LONGEST_QUERY])
    wanted: list[str] = []
    for run in chinese:
        pieces = [run[at : at + 2] for at in range(len(run) - 1)] or [run]
        wanted += [f"'{piece}'" for piece in pieces]
    wanted += [f"'{word}':*" for word in latin]
    return " & ".join(dict.fromkeys(wanted)) or None


def begins_name(text: str, *names: str) -> bool:
    """Whether a word of a name begins with what was typed, in characters, pinyin, initials or Latin letters.

    >>> begins_name("ping", "苹果", "Apple"), begins_name("app", "苹果", "Apple"), begins_name("ping", "沙拉酱", "Dressing")
    (True, True, False)
    """
    typed = unicodedata.normalize("NFKC", text).strip().lower()
    for name in names:
        chinese, latin = _runs(name)
        if any(word.startswith(typed) for word in latin) or typed in name.lower():
            return True
        for run in chinese:
            syllables = lazy_pinyin(run[:_LONGEST_PINYIN_RUN], style=Style.NORMAL)
            for at in range(len(syllables)):
                if "".join(syllables[at:]).startswith(typed) or "".join(part[0] for part in syllables[at:]).startswith(typed):
                    return True
    return False
