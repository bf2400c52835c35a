"""How much more or less than was ordered is as agreed. Pure, exact to the gram.

A demand says by how many parts of ten thousand a delivery may be more or less than wanted. What comes within that is taken as
it is and paid by its weight. What comes above it is a surplus, which the buyer refuses or says that they take. What comes below
it is short.
"""

from dataclasses import dataclass

WHOLE_BP = 10_000


@dataclass(frozen=True)
class Tolerance:
    """The bounds of what is as agreed, both included, in grams."""

    ordered_g: int
    least_g: int
    most_g: int

    @classmethod
    def of(cls, ordered_g: int, tolerance_bp: int, room_g: int | None = None) -> "Tolerance":
        """The bounds around an amount; a part of a gram is never as agreed.

        Parameters
        ----------
        ordered_g : int
        tolerance_bp : int
            Parts of ten thousand.
        room_g : int, optional
            How much more there is room for, where what was ordered uses up a part of the tolerance itself.

        Examples
        --------
        >>> Tolerance.of(100_000, 500)
        Tolerance(ordered_g=100000, least_g=95000, most_g=105000)

        A twentieth of 999 g is 49.95 g, so 949.05 g to 1048.95 g are as agreed: 950 g to 1048 g.

        >>> Tolerance.of(999, 500)
        Tolerance(ordered_g=999, least_g=950, most_g=1048)
        >>> Tolerance.of(999, 500, room_g=20).most_g
        1019
        """
        least_g = -(-ordered_g * (WHOLE_BP - tolerance_bp) // WHOLE_BP)
        most_g = ordered_g * (WHOLE_BP + tolerance_bp) // WHOLE_BP
        return cls(ordered_g, least_g, most_g if room_g is None else min(most_g, ordered_g + room_g))

    def short_g(self, weighed_g: int) -> int:
        """What of the order did not come, where it is too little to be as agreed.

        >>> [Tolerance.of(100_000, 500).short_g(weighed_g) for weighed_g in (95_000, 94_999)]
        [0, 5001]
        """
        return self.ordered_g - weighed_g if weighed_g < self.least_g else 0

    def surplus_g(self, weighed_g: int) -> int:
        """What came above what is as agreed.

        >>> [Tolerance.of(100_000, 500).surplus_g(weighed_g) for weighed_g in (105_000, 105_001)]
        [0, 1]
        """
        return max(0, weighed_g - self.most_g)
