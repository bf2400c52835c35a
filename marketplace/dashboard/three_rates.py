"""The three rates by which an evaluation stands or falls, and satisfaction: official vetoes beside the index. Pure.

Source: the national evaluation of poverty relief (State Council Leading Group Office, from 2016): whoever was missed, whoever
left wrongly, and what is left of poverty altogether, each held against a line that differs by region and year.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Veto(enum.StrEnum):
    """A line that was crossed; each alone is enough, whatever the index says."""

    MISSED = "missed"
    WRONG_EXIT = "wrong_exit"
    INCIDENCE = "incidence"
    SATISFACTION = "satisfaction"


@dataclass(frozen=True)
class Lines:
    """The lines in force, as parts of one; dated rules of a province.

    Parameters
    ----------
    missed, wrong_exit, incidence : float
        The greatest rates that pass. ``missed`` and ``incidence`` must lie below theirs, ``wrong_exit`` may reach its own.
    satisfaction : float
        The least satisfaction that passes.
    """

    missed: float = 0.02
    wrong_exit: float = 0.02
    incidence: float = 0.03
    satisfaction: float = 0.9


@dataclass(frozen=True)
class Survey:
    """What independent auditors counted, in persons.

    Parameters
    ----------
    unregistered, missed : int
        Persons surveyed in households that are not registered, and those of them who should be.
    exited, wrongly_exited : int
        Persons surveyed in households that left, and those of them who should not have.
    asked, satisfied : int
        Persons who were asked how satisfied they are, and who said that they are.
    """

    unregistered: int
    missed: int
    exited: int
    wrongly_exited: int
    asked: int
    satisfied: int

    def __post_init__(self) -> None:
        for part, whole in (("missed", "unregistered"), ("wrongly_exited", "exited"), ("satisfied", "asked")):
            if not 0 <= getattr(self, part) <= getattr(self, whole):
                raise ValueError(f"{part} must lie between 0 and {whole}")


@dataclass(frozen=True)
class Population:
    """The whole that a survey speaks for, in persons: those outside the registry, those who left, those still in, all."""

    unregistered: int
    exited: int
    remaining: int
    rural: int

    def __post_init__(self) -> None:
        if self.rural <= 0 or min(self.unregistered, self.exited, self.remaining) < 0:
            raise ValueError("a population has somebody in it, and no part of it is negative")


@dataclass(frozen=True)
class Rates:
    """The three rates and satisfaction, as parts of one; None where nobody was surveyed."""

    missed: float | None
    wrong_exit: float | None
    incidence: float | None
    satisfaction: float | None


def rates_of(survey: Survey, population: Population) -> Rates:
    """The rates of a survey.

    ``missed = missed / unregistered surveyed``, ``wrong exit = wrongly exited / exited surveyed``,
    ``incidence = (remaining + missed * unregistered + wrong exit * exited) / rural population``.

    Examples
    --------
    >>> rates = rates_of(Survey(1000, 5, 500, 5, 400, 380), Population(80_000, 10_000, 900, 100_000))
    >>> rates.missed, rates.wrong_exit, round(rates.incidence, 6), rates.satisfaction
    (0.005, 0.01, 0.014, 0.95)
    """
    missed = _rate(survey.missed, survey.unregistered)
    wrong = _rate(survey.wrongly_exited, survey.exited)
    # A part of the population that nobody looked at leaves the whole unknown, unless nobody is in it.
    known = (missed is not None or not population.unregistered) and (wrong is not None or not population.exited)
    left = population.remaining + (missed or 0.0) * population.unregistered + (wrong or 0.0) * population.exited
    return Rates(missed, wrong, left / population.rural if known else None, _rate(survey.satisfied, survey.asked))


def vetoes(rates: Rates, lines: Lines) -> list[Veto]:
    """The lines that were crossed. A rate that is not known crosses none: what is not known is said beside it, not guessed."""
    crossed = {
        Veto.MISSED: rates.missed is not None and rates.missed >= lines.missed,
        Veto.WRONG_EXIT: rates.wrong_exit is not None and rates.wrong_exit > lines.wrong_exit,
        Veto.INCIDENCE: rates.incidence is not None and rates.incidence >= lines.incidence,
        Veto.SATISFACTION: rates.satisfaction is not None and rates.satisfaction < lines.satisfaction,
    }
    return [veto for veto, is_crossed in crossed.items() if is_crossed]


@dataclass(frozen=True)
class Clean:
    """How many areas had no wrong exit, nobody missed, and neither, with their parts of all."""

    areas: int
    no_wrong_exit: int
    none_missed: int
    neither: int

    def part(self, count: int) -> float:
        """A count as a part of the areas."""
        return count / self.areas if self.areas else 0.0


def clean_areas(surveys: Sequence[Survey]) -> Clean:
    """Count the areas in which a survey found nothing."""
    no_wrong = [survey.wrongly_exited == 0 for survey in surveys]
    none_missed = [survey.missed == 0 for survey in surveys]
    both = [first and second for first, second in zip(no_wrong, none_missed, strict=True)]
    return Clean(len(surveys), sum(no_wrong), sum(none_missed), sum(both))


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
