"""Whom a programme reached, whom it missed, and what it did to poverty and inequality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy.typing as npt

from marketplace.registry.measures.arguments import Mask, Vector, population_weights, positive, vector
from marketplace.registry.measures.fgt import fgt, income_gaps
from marketplace.registry.measures.inequality import gini, poorest


@dataclass(frozen=True, slots=True)
class SelectionErrors:
    """How well a selection meets a target group.

    Attributes
    ----------
    exclusion : float
        Of the target group, the share that is not selected; nan where the group is empty.
    inclusion : float
        Of the selected, the share that is not in the target group; nan where nobody is selected.
    """

    exclusion: float
    inclusion: float


def selection_errors(target: Mask, selected: Mask, weights: npt.ArrayLike | None = None) -> SelectionErrors:
    """Return the errors of exclusion and inclusion (Grosh et al. 2022, annex 7A).

    Raises
    ------
    ValueError
        If there are not as many `selected` or weights as `target`.

    Examples
    --------
    >>> import numpy as np
    >>> selection_errors(np.array([True, True, False]), np.array([False, True, True]))
    SelectionErrors(exclusion=0.5, inclusion=0.5)
    """
    if target.shape != selected.shape:
        raise ValueError(f"selected: {target.size} values are needed, not {selected.size}")
    persons = population_weights(weights, target.size)
    return SelectionErrors(_share(persons, target, ~selected), _share(persons, selected, ~target))


@dataclass(frozen=True, slots=True)
class Targeting:
    """A programme seen from its target group, and its effect on all.

    The target group is the poor by the line, or the poorest share where one is given. The effects on the gap, on the headcount
    and per yuan are always by the line.

    Attributes
    ----------
    exclusion_error : float
        Of the target group, the share that gets nothing; nan where the group is empty.
    inclusion_error : float
        Of those who get something, the share outside the target group.
    coverage : float
        Of all persons, the share that gets something.
    incidence : float
        Of all that is paid, the share that goes to the target group.
    cgh : float
        The index of Coady, Grosh and Hoddinott: `incidence` over the group's share of persons. 1 is what paying everybody the
        same would give; nan where the group is empty.
    cost_benefit : float
        By how much the sum of all gaps to the line falls for each unit paid, between 0 and 1.
    gap_change : float
        Change of the poverty gap P1 as a share of what it was; nan where nobody was poor.
    headcount_change : float
        Change of the headcount P0, in share of persons.
    gini_before, gini_after, gini_change : float
        Inequality before and after, and its change as a share of what it was; nan where there was none.
    """

    exclusion_error: float
    inclusion_error: float
    coverage: float
    incidence: float
    cgh: float
    cost_benefit: float
    gap_change: float
    headcount_change: float
    gini_before: float
    gini_after: float
    gini_change: float


def targeting(
    incomes: npt.ArrayLike,
    transfers: npt.ArrayLike,
    line: float,
    weights: npt.ArrayLike | None = None,
    poorest_share: float | None = None,
) -> Targeting:
    """Return whom transfers reached and what they did.

    Formula: with income y, transfer t, line z, weight w and target group T, exclusion = share of T with t = 0; inclusion =
    share of [t > 0] outside T; CGH = (sum_T w t / sum w t) / (sum_T w / sum w); cost-benefit =
    sum w (max(0, z - y) - max(0, z - y - t)) / sum w t. What people would do differently because of a transfer is not counted.

    Parameters
    ----------
    incomes : array_like, shape (n,)
        Income before the transfers, not negative.
    transfers : array_like, shape (n,)
        What each gets, not negative, in the unit of income.
    line : float
        The poverty line, in the same unit.
    weights : array_like, shape (n,), optional
        Persons each row stands for.
    poorest_share : float, optional
        Take the poorest share (.2: the poorest fifth) as the target group in place of the poor.

    Raises
    ------
    ValueError
        For an empty population, missing or negative incomes or transfers, wrong lengths or weights, a line that is not above 0,
        a share outside (0, 1], or transfers of nothing at all.

    References
    ----------
    Grosh, Leite, Wai-Poi and Tesliuc (eds) 2022, Revisiting Targeting in Social Assistance, World Bank, chapter 7. Coady, Grosh
    and Hoddinott 2004, Targeting of Transfers in Developing Countries, World Bank.

    Examples
    --------
    The line is 20. Of the two poor the first gets 10, and of that closes a gap of 5; a rich person gets 10 too.

    >>> found = targeting([15, 10, 40, 60], [10, 0, 10, 0], 20)
    >>> found.exclusion_error, found.inclusion_error, found.coverage, found.cgh, found.cost_benefit
    (0.5, 0.5, 0.5, 1.0, 0.25)
    """
    before = vector("incomes", incomes)
    paid = vector("transfers", transfers, before.size)
    persons = population_weights(weights, before.size)
    z = positive("line", line)
    if paid.min() < 0:
        raise ValueError(f"transfers: the value at place {int(paid.argmin())} is negative")
    budget = float(persons @ paid)
    if not budget > 0:
        raise ValueError("transfers: nobody gets anything, so there is nothing to judge")
    target = before < z if poorest_share is None else poorest(before, poorest_share, persons)
    errors = selection_errors(target, paid > 0, persons)
    after = before + paid
    group_share = float(persons @ target / persons.sum())
    incidence = float(persons @ (paid * target)) / budget
    gap_before, gap_after = fgt(before, z, 1, persons), fgt(after, z, 1, persons)
    gini_before, gini_after = gini(before, persons), gini(after, persons)
    return Targeting(
        exclusion_error=errors.exclusion,
        inclusion_error=errors.inclusion,
        coverage=float(persons @ (paid > 0) / persons.sum()),
        incidence=incidence,
        cgh=incidence / group_share if group_share > 0 else float("nan"),
        cost_benefit=float(persons @ (income_gaps(before, z) - income_gaps(after, z))) * z / budget,
        gap_change=_relative_change(gap_before, gap_after),
        headcount_change=fgt(after, z, 0, persons) - fgt(before, z, 0, persons),
        gini_before=gini_before,
        gini_after=gini_after,
        gini_change=_relative_change(gini_before, gini_after),
    )


def _share(persons: Vector, whole: Mask, part: Mask) -> float:
    among = float(persons @ whole)
    return float(persons @ (whole & part)) / among if among > 0 else float("nan")


def _relative_change(before: float, after: float) -> float:
    return after / before - 1 if before > 0 else float("nan")
