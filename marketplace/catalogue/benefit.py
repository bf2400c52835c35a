"""The benefit share of a lot: which part of its revenue goes to registered households. Pure, no database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from marketplace.kernel.money import split_fen

WHOLE_BP = 10_000


@dataclass(frozen=True)
class BenefitShare:
    """The grams of a lot that registered households and others brought."""

    registered_g: int
    other_g: int

    @property
    def bp(self) -> int:
        """The share in parts of ten thousand, rounded down: a badge never promises more than there is.

        >>> BenefitShare(registered_g=1, other_g=2).bp
        3333
        """
        whole = self.registered_g + self.other_g
        return self.registered_g * WHOLE_BP // whole if whole else 0

    def of(self, total_fen: int) -> int:
        """The fen of an amount that go to registered households, by the exact split.

        >>> BenefitShare(registered_g=1, other_g=2).of(100)
        33
        """
        if not self.registered_g:
            return 0
        return split_fen(total_fen, {"registered": self.registered_g, "other": self.other_g})["registered"]


def benefit_share(contributions: Mapping[int, int], registered: Collection[int]) -> BenefitShare:
    """The share of a lot from its contributions (grams by household id) and the households registered on the day."""
    registered_g = sum(grams for household_id, grams in contributions.items() if household_id in registered)
    return BenefitShare(registered_g, sum(contributions.values()) - registered_g)
