"""Until when something is kept: rules in words, and where one is a period, the period with its source and its first day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from marketplace.kernel import clock
from marketplace.kernel.errors import N_


@dataclass(frozen=True)
class Period:
    """How long, from which day on, and who says so."""

    begins_on: date
    days: int
    source: str


@dataclass(frozen=True)
class Rule:
    """When something is forgotten. ``words`` says it to people; a rule of periods has the ``span`` in it."""

    words: str
    periods: tuple[Period, ...] = ()

    def days_on(self, day: date) -> int:
        """The period in force on a day."""
        return max((period for period in self.periods if period.begins_on <= day), key=lambda period: period.begins_on).days

    def before(self, now: datetime) -> datetime:
        """What ended before this moment is past its time."""
        return now - timedelta(days=self.days_on(clock.local_day(now)))


_BEGINNING = date(2020, 1, 1)
_SHORTEST = "PIPL (2021), article 19: no longer than the purpose needs"
_YEARS_3 = "Civil Code (2020), article 188: claims lapse three years after one could know of them"

RULES = {
    "market": Rule(N_("as long as the market is there")),
    "account": Rule(N_("as long as you have an account or sell here")),
    "registry": Rule(N_("as long as the government’s register has to be kept")),
    "by_own_job": Rule(N_("a few days at the most")),
    "accounting": Rule(N_("as long as the law has the books kept: thirty years")),
    "sign_in_attempt": Rule(N_("%(span)s after the attempt"), (Period(_BEGINNING, 1, _SHORTEST),)),
    "token": Rule(N_("%(span)s after it has ended"), (Period(_BEGINNING, 30, _SHORTEST),)),
    "answer_code": Rule(N_("%(span)s after it was used or has lapsed"), (Period(_BEGINNING, 30, _SHORTEST),)),
    "basket": Rule(
        N_("%(span)s without a change, if you are not signed in; else until you empty it"),
        (Period(_BEGINNING, 90, _SHORTEST),),
    ),
    "message": Rule(
        N_("%(span)s after it was sent"),
        (
            Period(
                _BEGINNING, 365, "Cybersecurity Law (2016), article 21: logs six months at least; a year, to answer questions"
            ),
        ),
    ),
    "history": Rule(N_("%(span)s, or until you delete it"), (Period(_BEGINNING, 730, _SHORTEST),)),
    "trade": Rule(
        N_("%(span)s after the purchase"),
        (Period(_BEGINNING, 1461, "E-Commerce Law (2018), article 31: three years from the completion of a trade at least"),),
    ),
    "mandate": Rule(N_("the paper or thumbprint: %(span)s after the mandate has ended"), (Period(_BEGINNING, 1096, _YEARS_3),)),
    "consent": Rule(N_("%(span)s after you took it back"), (Period(_BEGINNING, 1096, _YEARS_3),)),
}
