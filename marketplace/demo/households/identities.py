"""What people are called, and the numbers of their cards, phones and accounts. Pure, numpy."""

from itertools import product

import numpy as np

from marketplace.demo.households.families import Families, Ints

# No county has a code that begins with 00, so no card has such a number; 2636 is for Danzhai, whose code is 522636.
FIRST_REGISTRATION = "002636"
# No phone in the world is reached by a number that begins with 000.
NOBODYS_PHONE = "000"
# No issuer of cards has a number that begins with 0000.
NOBODYS_ACCOUNT = "0000522636"
SURNAMES = "杨王吴李潘张陆韦罗龙莫余陈刘石白蒙唐文金平廖高顾"
_SURNAME_WEIGHTS = np.array([14, 9, 9, 8, 8, 7, 6, 5, 5, 5, 4, 4, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1], float)
# Given names of men and of women, of those born before 1985 and after.
_OLD_MEN = ("", "昌", "光", "国", "正", "文", "老", "胜", "德", "永"), tuple("福贵林明华忠祥富荣军兴武才金生海")
_OLD_WOMEN = ("", "秀", "桂", "玉", "阿", "正", "春", "开", "兰", "光"), tuple("英珍芬花妹香芝莲梅兰凤仙秀美琴菊")
_YOUNG_MEN = ("", "俊", "浩", "子", "志", "宇", "文", "家", "天", "小"), tuple("杰豪轩鑫涛伟鹏辉龙强宏航毅凯成阳")
_YOUNG_WOMEN = ("", "雨", "欣", "思", "佳", "梦", "小", "诗", "丽", "晓"), tuple("婷涵怡琪瑶悦妍萍菲雪玲彤燕娟慧洁")
GIVEN_NAMES = tuple("".join(pair) for parts in (_OLD_MEN, _YOUNG_MEN, _OLD_WOMEN, _YOUNG_WOMEN) for pair in product(*parts))
_NAMES_OF_A_KIND = len(GIVEN_NAMES) // 4
ETHNIC_GROUPS = ("苗族", "水族", "汉族", "布依族", "侗族")
ETHNIC_SHARES = (0.80, 0.07, 0.07, 0.04, 0.02)


def surnames(families: Families, rng: np.random.Generator) -> Ints:
    """Numbers in ``SURNAMES``: one for the line of the father, one of their own for who has married into it."""
    weights = _SURNAME_WEIGHTS / _SURNAME_WEIGHTS.sum()
    lines = rng.choice(len(SURNAMES), size=len(families.sizes), p=weights)
    own = rng.choice(len(SURNAMES), size=len(families.household), p=weights)
    line_of_head = families.is_relation("head") | families.is_relation("child") | families.is_relation("grandchild")
    father_of_head = families.is_relation("parent") & families.male
    # A woman at the head who has a husband bears her own name, and the children his.
    heads = families.heads
    married = families.per_household(families.is_relation("spouse")) > 0
    found = np.where(line_of_head | father_of_head, lines[families.household], own)
    wives_lead = married & ~families.male[heads]
    husbands = families.is_relation("spouse") & wives_lead[families.household]
    found[husbands] = lines[families.household[husbands]]
    own_line = wives_lead[families.household] & (families.is_relation("head") | father_of_head)
    found[own_line] = own[heads][families.household[own_line]]
    return found


def given_names(families: Families, last_year: int, rng: np.random.Generator) -> Ints:
    """Numbers in ``GIVEN_NAMES``, by sex and by whether born before 1985."""
    young = last_year - families.years >= 1985
    first = (young + 2 * ~families.male) * _NAMES_OF_A_KIND
    return first + rng.integers(0, _NAMES_OF_A_KIND, len(first))


def ethnic_groups(families: Families, rng: np.random.Generator) -> Ints:
    """Numbers in ``ETHNIC_GROUPS``: one for a household, another now and then for who has married into it."""
    of_household = rng.choice(len(ETHNIC_GROUPS), size=len(families.sizes), p=ETHNIC_SHARES)
    own = rng.choice(len(ETHNIC_GROUPS), size=len(families.household), p=ETHNIC_SHARES)
    married_in = families.is_relation("spouse") | families.is_relation("child_in_law")
    return np.where(married_in, own, of_household[families.household])


def id_numbers(born: np.ndarray, male: np.ndarray) -> list[str]:
    """A number for each person by birthday (``datetime64[D]``) and sex, none twice, each with its right last character.

    Raises
    ------
    ValueError
        When more than 500 of one sex were born on one day: the serial has no more.

    Examples
    --------
    >>> id_numbers(np.array(["1970-03-07"], "datetime64[D]"), np.array([True]))
    ['002636197003070016']
    """
    key = born.astype(np.int64) * 2 + male
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    nth = np.empty(len(key), np.int64)
    nth[order] = np.arange(len(key)) - np.repeat(begins, np.diff(np.r_[begins, len(key)]))
    if len(nth) and nth.max() >= 499:
        raise ValueError("more persons of one birthday and sex than serial numbers")
    months = born.astype("datetime64[M]").astype(np.int64)
    day = (born - born.astype("datetime64[M]")).astype(np.int64) + 1
    digits = ((1970 + months // 12) * 10_000 + (months % 12 + 1) * 100 + day) * 1000 + 2 * nth + np.where(male, 1, 2)
    digits += int(FIRST_REGISTRATION) * 10**11
    total, rest = np.zeros(len(key), np.int64), digits.copy()
    for place in range(1, 18):
        total += rest % 10 * pow(2, place, 11)
        rest //= 10
    checks = total % 11
    return [f"{number:017d}{'10X98765432'[check]}" for number, check in zip(digits.tolist(), checks.tolist(), strict=True)]
