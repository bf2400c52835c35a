"""Close what a pass leaves open: exchange single goods until each area and household has what it is owed.

A pass meets hundreds of floors up to the size of a few places. Each remaining shortfall is closed by the exchanges
that lose the least utility per exposure won, among those that break no guard, no area share and no other floor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.rays import ROUNDING, Lists, lists_from_slots
from recommender.shortlists import Floats, Shortlists
from recommender.structure import Structure

# Rounds over all shortfalls: closing one household may use up what another area had to spare.
ROUNDS = 3
# Below this a shortfall is rounding.
NEGLIGIBLE = 1e-9
# A loss below this counts as this, so that free exchanges are ordered by what they win.
LEAST_LOSS = 1e-12

Flags = NDArray[np.bool_]


class Mender:
    """Lists under repair, with the sums that exchanges change.

    Parameters
    ----------
    shortlists : Shortlists
    structure : Structure
    slots : intp (n_users, n)
        Shown columns; copied.
    least_utility : float64 (n_users,)
        What every list must keep.
    consumer_weights : float64 (n_users,)
        What a unit of a consumer's utility counts.
    """

    def __init__(
        self,
        shortlists: Shortlists,
        structure: Structure,
        slots: NDArray[np.intp],
        least_utility: Floats,
        consumer_weights: Floats,
    ) -> None:
        self.consumer_weights = consumer_weights
        self.shortlists, self.structure, self.slots = shortlists, structure, slots.copy()
        items = np.maximum(shortlists.items, 0)
        self.area, self.seller = structure.area[items], structure.seller[items]
        filled = np.take_along_axis(shortlists.is_item, slots, axis=1)
        self.weights = np.where(filled, shortlists.position_weights[: slots.shape[1]], 0.0)
        self.slack = (self._shown(shortlists.relevance) * self.weights).sum(axis=1) - least_utility * (1 - ROUNDING)
        exposed = self._shown(shortlists.benefit) * self.weights
        owed = structure.share[self._shown(self.area)] * self.weights - exposed
        self.area_lag = np.bincount(self._shown(self.area).ravel(), owed.ravel(), structure.share.size)
        got = np.bincount(self._shown(self.seller).ravel(), exposed.ravel(), structure.floor.size)
        floor = structure.floor * self.weights.sum()
        self.spare = np.where(structure.floor > 0, got - floor, np.inf)

    def _shown(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.take_along_axis(values, self.slots, axis=1)

    def mend(self) -> Lists:
        """Close all shortfalls that exchanges can close, the deepest first."""
        for _ in range(ROUNDS):
            households = np.flatnonzero(self.spare < -NEGLIGIBLE)
            areas = np.flatnonzero(self.area_lag > NEGLIGIBLE)
            if not households.size and not areas.size:
                break
            for seller in households[np.argsort(self.spare[households], kind="stable")]:
                self._close((self.seller == seller) & (self.shortlists.benefit > 0), household=int(seller))
            for area in areas[np.argsort(-self.area_lag[areas], kind="stable")]:
                self._close((self.area == area) & (self.shortlists.benefit > 0), household=None, area=int(area))
        return lists_from_slots(self.shortlists, self.slots)

    def _close(self, member: Flags, household: int | None, area: int = 0) -> None:
        """Bring goods of one household or area into lists until its shortfall is closed or nothing is allowed."""
        users = np.flatnonzero(member.any(axis=1))
        while users.size:
            short = -self.spare[household] if household is not None else self.area_lag[area]
            if short <= NEGLIGIBLE:
                return
            incoming = self._best_unshown(member, users)
            worth = self._worth(users, incoming, short, household, area)
            best = int(worth.argmax())
            if worth.flat[best] <= 0:
                return
            row, place = divmod(best, worth.shape[1])
            self._exchange(int(users[row]), place, int(incoming[row]))

    def _best_unshown(self, member: Flags, users: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return each consumer's most relevant unshown member (rows are sorted by relevance), or -1."""
        free = member[users]
        np.put_along_axis(free, self.slots[users], values=False, axis=1)
        return np.where(free.any(axis=1), free.argmax(axis=1), -1)

    def _worth(
        self, users: NDArray[np.intp], incoming: NDArray[np.intp], short: float, household: int | None, area: int
    ) -> Floats:
        """Return exposure won per utility lost for each place of each list; 0 where the exchange is not allowed."""
        short_list, share, weights = self.shortlists, self.structure.share, self.weights[users]
        column, rows = np.maximum(incoming, 0), np.arange(users.size)
        shown = self.slots[users]
        in_area, in_benefit = self.area[users, column][:, None], short_list.benefit[users, column][:, None]
        out_area = np.take_along_axis(self.area[users], shown, axis=1)
        out_seller = np.take_along_axis(self.seller[users], shown, axis=1)
        out_benefit = np.take_along_axis(short_list.benefit[users], shown, axis=1)
        out_relevance = np.take_along_axis(short_list.relevance[users], shown, axis=1)
        lost = weights * (out_relevance - short_list.relevance[users, column][:, None])
        added = weights * (share[in_area] - in_benefit)
        removed = -weights * (share[out_area] - out_benefit)
        same = in_area == out_area
        out_lag = self.area_lag[out_area] + removed + np.where(same, added, 0.0)
        in_lag = self.area_lag[in_area] + added + np.where(same, removed, 0.0)
        allowed = (incoming >= 0)[:, None] & (weights > 0) & (lost <= self.slack[users][:, None])
        allowed &= (self.spare[out_seller] - weights * out_benefit >= 0) | (out_benefit == 0)
        before = self.area_lag
        allowed &= (out_lag <= np.maximum(before[out_area], 0)) & (in_lag <= np.maximum(before[in_area], 0))
        if household is not None:
            won = weights * in_benefit
            allowed &= out_seller != household
        else:
            won = np.where(in_area == area, -added - np.where(same, removed, 0.0), 0.0)
        counted = self.consumer_weights[users][:, None] * lost
        return np.where(allowed & (won > 0), np.minimum(won, short) / np.maximum(counted, LEAST_LOSS), 0.0)[rows]

    def _exchange(self, user: int, place: int, column: int) -> None:
        """Show another good at one place and keep the sums in step."""
        old, weight = int(self.slots[user, place]), self.weights[user, place]
        relevance, benefit = self.shortlists.relevance[user], self.shortlists.benefit[user]
        for slot, sign in ((old, -1.0), (column, 1.0)):
            seller, area = self.seller[user, slot], self.area[user, slot]
            self.spare[seller] += sign * weight * benefit[slot]
            self.area_lag[area] += sign * weight * (self.structure.share[area] - benefit[slot])
        self.slack[user] += weight * (relevance[column] - relevance[old])
        self.slots[user, place] = column
