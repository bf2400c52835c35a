"""A small shop with tastes: enough for every model to learn something in a moment."""

from __future__ import annotations

import numpy as np

from recommender import Interactions

DAY = 86_400.0
N_CONSUMERS, N_ITEMS, DAYS = 40, 30, 120
ITEM_IDS = [f"item-{number:02d}" for number in range(N_ITEMS)]


def shop_events(seed: int = 0) -> tuple[list[int], list[str], np.ndarray, list[str]]:
    """Columns of a log in which even consumers like even items, and everybody comes back."""
    generator = np.random.default_rng(seed)
    users, items, times, kinds = [], [], [], []
    for consumer in range(N_CONSUMERS):
        liked = np.arange(consumer % 2, N_ITEMS, 2)
        taste = generator.choice(liked, 6, replace=False)
        for _ in range(25):
            item = generator.choice(taste) if generator.random() < 0.8 else generator.integers(N_ITEMS)
            users.append(1000 + consumer)
            items.append(ITEM_IDS[int(item)])
            times.append(generator.random() * DAYS * DAY)
            kinds.append("purchase" if generator.random() < 0.7 else "view")
    return users, items, np.asarray(times), kinds


def shop_log(seed: int = 0) -> Interactions:
    """The same as a log."""
    return Interactions.from_events(*shop_events(seed))


def shop_features() -> dict[str, object]:
    """Item features: a third of the goods belong to registered households."""
    return {
        "item_id": ITEM_IDS,
        "benefit": [1.0 if number % 3 == 0 else 0.0 for number in range(N_ITEMS)],
        "seller": [number // 2 for number in range(N_ITEMS)],
        "severity": [1.0 + number % 2 for number in range(N_ITEMS)],
        "area": ["north" if number < 15 else "south" for number in range(N_ITEMS)],
        "type": ["even" if number % 2 == 0 else "odd" for number in range(N_ITEMS)],
    }
