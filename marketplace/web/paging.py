"""The row of numbers under a list. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PageNumbers:
    """What the ``pagination`` macro shows; a None in ``window`` stands for numbers left out."""

    number: int
    pages: int
    window: list[int | None]

    @property
    def previous(self) -> int | None:
        """The page before."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The page after."""
        return self.number + 1 if self.number < self.pages else None


def page_numbers(number: int, pages: int) -> PageNumbers:
    """First, last and the neighbours of the present page.

    >>> page_numbers(5, 9).window
    [1, None, 4, 5, 6, None, 9]
    >>> page_numbers(2, 4).window
    [1, 2, 3, 4]
    """
    shown = sorted({1, pages, *range(max(1, number - 1), min(pages, number + 1) + 1)})
    window: list[int | None] = []
    for at, page in enumerate(shown):
        gap = page - shown[at - 1] if at else 1
        if gap == 2:
            # One number takes no more room than the dots that would stand for it.
            window.append(page - 1)
        elif gap > 2:
            window.append(None)
        window.append(page)
    return PageNumbers(number, pages, window)
