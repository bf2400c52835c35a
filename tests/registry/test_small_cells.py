"""What is hidden in a table that everybody sees stays hidden from whoever adds and subtracts."""

from collections.abc import Mapping, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from marketplace.registry.small_cells import TOTAL, hidden_cells, linked, one_way, width

SMALLEST, NARROWEST = 10, 5
Cell = tuple[str, str]
numbers = st.one_of(st.integers(0, 12), st.integers(0, 400))


def tables(rows: int, columns: int) -> st.SearchStrategy[dict[Cell, int]]:
    """A table of numbers of persons."""
    keys = [(f"r{row}", f"c{column}") for row in range(rows) for column in range(columns)]
    return st.lists(numbers, min_size=len(keys), max_size=len(keys)).map(lambda found: dict(zip(keys, found, strict=True)))


shapes = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(lambda shape: tables(*shape))


def attack(
    cell: Cell, shown: Mapping[Cell, int], everything: Sequence[Cell], sums: Sequence[tuple[Cell, Sequence[Cell]]]
) -> float:
    """How narrow a reader can make a hidden cell, who knows which cells add up to which: every cell is an unknown here."""
    at = {key: number for number, key in enumerate(everything)}
    rows = []
    for total, parts in sums:
        row = [0.0] * len(everything)
        row[at[total]] = 1.0
        for part in parts:
            row[at[part]] -= 1.0
        rows.append(row)
    bounds = [(shown[key], shown[key]) if key in shown else (0, None) for key in everything]
    ends = []
    for sign in (1.0, -1.0):
        aim = [0.0] * len(everything)
        aim[at[cell]] = sign
        found = linprog(aim, A_eq=rows, b_eq=[0.0] * len(rows), bounds=bounds, method="highs")
        if found.status == 3:
            return float("inf")
        assert found.status == 0
        ends.append(sign * found.fun)
    return ends[1] - ends[0]


def check(cells: dict[Cell, int], sums: list[tuple[Cell, Sequence[Cell]]]) -> frozenset[Cell]:
    """No small cell is shown, and no hidden one can be brought within a narrow interval."""
    hidden = hidden_cells(cells, sums, smallest=SMALLEST, narrowest=NARROWEST)
    shown = {key: number for key, number in cells.items() if key not in hidden}
    assert all(number == 0 or number >= SMALLEST for number in shown.values())
    for cell in hidden:
        assert attack(cell, shown, list(cells), sums) >= NARROWEST - 1e-6, (cell, shown)
    return hidden


@given(shapes)
@settings(max_examples=60, deadline=None)
@example({("r0", "c0"): 3, ("r0", "c1"): 50, ("r1", "c0"): 40, ("r1", "c1"): 60})
@example({("r0", "c0"): 9, ("r0", "c1"): 0, ("r1", "c0"): 0, ("r1", "c1"): 0})
@example({("r0", "c0"): 1, ("r0", "c1"): 10, ("r1", "c0"): 10, ("r1", "c1"): 400})
def test_no_hidden_cell_of_a_table_with_margins_can_be_bounded(table: dict[Cell, int]) -> None:
    check(*linked({"kind": table}))


@given(st.integers(2, 4).flatmap(lambda rows: st.tuples(tables(rows, 2), st.lists(st.integers(0, 9), min_size=8, max_size=8))))
@settings(max_examples=30, deadline=None)
def test_two_tables_of_the_same_persons_do_not_give_each_other_away(given_tables: tuple[dict[Cell, int], list[int]]) -> None:
    """The second divides each row of the first otherwise: so many of its persons to the one side, the rest to the other."""
    kind, parts = given_tables
    rows = sorted({row for row, _ in kind})
    cause: dict[Cell, int] = {}
    for row, part in zip(rows, parts, strict=False):
        whole = sum(number for (own, _), number in kind.items() if own == row)
        cause[row, "illness"], cause[row, "land"] = min(part, whole), whole - min(part, whole)
    check(*linked({"kind": kind, "cause": cause}))


def test_a_table_without_small_cells_is_shown_whole() -> None:
    cells, sums = linked({"kind": {("a", "x"): 10, ("a", "y"): 0, ("b", "x"): 12, ("b", "y"): 300}})
    assert hidden_cells(cells, sums, smallest=SMALLEST, narrowest=NARROWEST) == frozenset()
    assert cells["a", TOTAL] == 10 and cells[TOTAL, TOTAL] == 322


def test_one_small_cell_takes_the_corners_of_a_rectangle_with_it() -> None:
    cells, sums = linked({"k": {("a", "x"): 3, ("a", "y"): 50, ("b", "x"): 40, ("b", "y"): 60}})
    assert check(cells, sums) == {("a", "k:x"), ("a", "k:y"), ("b", "k:x"), ("b", "k:y")}


def test_the_width_of_a_cell_is_what_its_neighbour_leaves() -> None:
    cells, sums = one_way({"a": 3, "b": 25, "c": 40})
    assert width("a", cells, sums, {"a", "b"}) == 28
    assert width("a", cells, sums, {"a"}) == 0
