"""What public money may be for: the codes of the dated standard, as documents name them.

A purpose that has ended can still be paid out of what was earmarked for it before; nothing new is earmarked for it. The special
funds for poverty alleviation became subsidies for linking up with rural revitalisation on 2021-03-26.
"""

from dataclasses import dataclass
from datetime import date

from marketplace.kernel.errors import N_, Invalid

_SPECIAL = "Measures on special funds for poverty alleviation, Cai Nong 2011 No. 412, then Cai Nong 2017 No. 8"
_LINKING = "Measures on subsidy funds for linking up with rural revitalisation, Cai Nong 2021 No. 19"
_MOVING = "Thirteenth five-year plan for relocation out of poverty, National Development and Reform Commission, 2016 No. 2022"
_EDUCATION = "Opinions on the Yulu plan for vocational schooling, State Council Leading Group Office, 2015 No. 19"
_HOUSING = "Guiding opinions on renovating dangerous houses, Ministry of Housing, 2016 No. 251"
_HEALTH = "Guiding opinions on the health project against poverty, National Health Commission, 2016 No. 26"
_RELIEF = "Interim measures for social assistance, State Council Order No. 649"
_SPECIAL_DAY, _LINKING_DAY = date(2012, 1, 1), date(2021, 3, 26)


@dataclass(frozen=True)
class Purpose:
    """One purpose: its code, its name, the days on which money may be earmarked for it, and the document."""

    code: str
    name: str
    begins_on: date
    ends_on: date | None
    source: str


STANDARD = (
    Purpose("industry", N_("Growing and processing for sale"), _SPECIAL_DAY, None, _SPECIAL),
    Purpose("roads", N_("Small public works: roads, water, power"), _SPECIAL_DAY, None, _SPECIAL),
    Purpose("training", N_("Training for work"), _SPECIAL_DAY, None, _SPECIAL),
    Purpose("credit", N_("Interest on small loans"), _SPECIAL_DAY, None, _SPECIAL),
    Purpose("relocation", N_("Moving to a better place"), date(2016, 9, 20), date(2020, 12, 31), _MOVING),
    Purpose("settled", N_("Support after moving"), _LINKING_DAY, None, _LINKING),
    Purpose("employment", N_("Public jobs near home"), _LINKING_DAY, None, _LINKING),
    Purpose("education", N_("Help with schooling"), date(2015, 6, 2), None, _EDUCATION),
    Purpose("housing", N_("Safe houses"), date(2016, 11, 3), None, _HOUSING),
    Purpose("health", N_("Medical assistance"), date(2016, 6, 20), None, _HEALTH),
    Purpose("relief", N_("Temporary relief"), date(2014, 5, 1), None, _RELIEF),
)
_BY_CODE = {purpose.code: purpose for purpose in STANDARD}
NAMES = {purpose.code: purpose.name for purpose in STANDARD}


def check_purpose(code: str) -> Purpose:
    """The purpose of a code, or ``Invalid``."""
    found = _BY_CODE.get(code)
    if found is None:
        raise Invalid("fund_purpose_unknown", N_("The standard has no purpose %(code)s."), code=code[:20])
    return found


def purposes_on(day: date) -> list[Purpose]:
    """The purposes for which money can be earmarked on a day.

    >>> [purpose.code for purpose in purposes_on(date(2020, 6, 1)) if purpose.code in ("relocation", "settled")]
    ['relocation']
    """
    return [each for each in STANDARD if each.begins_on <= day and (each.ends_on is None or day <= each.ends_on)]
