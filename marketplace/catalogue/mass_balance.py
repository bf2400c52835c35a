"""How much a household can have sold of one crop in one season. Pure, no database.

``sold + lost <= declared yield * tolerance``, in grams. The declared yield is an area times what a mu bears there, by a dated
rule, or a harvest that an officer of the village has confirmed. Without any declaration a small dated allowance holds, so that
nobody has to fill in a form for the garden behind the house.
"""

from dataclasses import dataclass

WHOLE_PERCENT = 100
_G_PER_MU100_KG = 10


def yield_of_area_g(area_mu100: int, kg_per_mu: int) -> int:
    """The grams that an area bears.

    Parameters
    ----------
    area_mu100 : int
        In hundredths of a mu.
    kg_per_mu : int
        What a mu bears in a season.

    Examples
    --------
    >>> yield_of_area_g(250, 400)
    1000000
    """
    return area_mu100 * kg_per_mu * _G_PER_MU100_KG


@dataclass(frozen=True)
class Balance:
    """One household's account of one crop and season, in grams.

    Parameters
    ----------
    declared_g : int or None
        The declared yield; None where nothing was declared, or nothing that counts.
    tolerance_percent : int
        How much of a declared yield may be there, because years and scales differ.
    undeclared_g : int
        What may be there without a declaration.
    harvested_g : int
        What the household brought to lots of the season, ripe and to come.
    sold_g, lost_g : int
        What of it was ordered and not given back, and what came to nothing.
    """

    declared_g: int | None
    tolerance_percent: int
    undeclared_g: int
    harvested_g: int = 0
    sold_g: int = 0
    lost_g: int = 0

    @property
    def most_g(self) -> int:
        """The most that there can be, rounded down.

        >>> Balance(1_000, 120, 500).most_g, Balance(None, 120, 500).most_g
        (1200, 500)
        """
        return self.undeclared_g if self.declared_g is None else self.declared_g * self.tolerance_percent // WHOLE_PERCENT

    @property
    def left_to_list_g(self) -> int:
        """How much more of a harvest can be brought.

        >>> Balance(1_000, 120, 500, harvested_g=900).left_to_list_g
        300
        """
        return max(0, self.most_g - self.harvested_g)

    @property
    def holds(self) -> bool:
        """Whether what was sold and lost can have grown.

        >>> Balance(1_000, 120, 500, sold_g=1_100, lost_g=100).holds, Balance(1_000, 120, 500, sold_g=1_100, lost_g=101).holds
        (True, False)
        """
        return self.sold_g + self.lost_g <= self.most_g
