"""The tree's arithmetic beside the definitions of RFC 6962, carried out word for word by a naive implementation."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.transparency.merkle import (
    consistency_ranges,
    edge,
    grown,
    hashes_of,
    inclusion_ranges,
    leaf_hash,
    nodes_of,
    root_from_path,
    root_of,
    roots_from_consistency,
)

# The eight leaves and the roots of their trees that implementations of Certificate Transparency are tested with.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]), RFC 6962, 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = largest_power_below(len(leaves))
    return hashlib.sha256(b"\1" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_proof(m: int, leaves: list[bytes], b: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b), RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if b else [naive_root(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*naive_proof(m, leaves[:k], b), naive_root(leaves[k:])]
    return [*naive_proof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def stored(leaves: list[bytes], steps: list[int] | None = None) -> dict[tuple[int, int], bytes]:
    """The nodes that are kept of a tree that grew in some steps."""
    nodes, size = {}, 0
    for new_size in [*(steps or []), len(leaves)]:
        known = {node: nodes[node] for node in edge(size, new_size)}
        hashes = [leaf_hash(leaf) for leaf in leaves[size:new_size]]
        nodes |= {(level, place): own for level, place, own in grown(size, hashes, known)}
        size = new_size
    return nodes


def path(m: int, size: int, nodes: dict[tuple[int, int], bytes]) -> list[bytes]:
    ranges = inclusion_ranges(m, size)
    return hashes_of(ranges, {node: nodes[node] for node in nodes_of(ranges)})


def proof(m: int, size: int, nodes: dict[tuple[int, int], bytes]) -> list[bytes]:
    ranges = consistency_ranges(m, size)
    return hashes_of(ranges, {node: nodes[node] for node in nodes_of(ranges)})


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_that_are_published(size: int) -> None:
    nodes = stored(LEAVES[:size])
    assert hashes_of([(0, size)], nodes)[0].hex() == ROOTS[size] == naive_root(LEAVES[:size]).hex()
    assert root_of([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", range(1, 9))
def test_every_audit_path_is_that_of_the_definition_and_leads_to_the_root(size: int) -> None:
    nodes = stored(LEAVES)
    for m in range(size):
        found = path(m, size, nodes)
        assert found == naive_path(m, LEAVES[:size])
        assert root_from_path(leaf_hash(LEAVES[m]), m, size, found).hex() == ROOTS[size]
        for other in set(range(size)) - {m}:
            try:
                wrong = root_from_path(leaf_hash(LEAVES[m]), other, size, found)
            except ValueError:
                continue
            assert wrong.hex() != ROOTS[size]


@pytest.mark.parametrize("size", range(1, 9))
def test_every_consistency_proof_is_that_of_the_definition_and_leads_to_both_roots(size: int) -> None:
    nodes = stored(LEAVES)
    for m in range(1, size + 1):
        found = proof(m, size, nodes)
        assert found == naive_proof(m, LEAVES[:size])
        old, new = roots_from_consistency(m, size, bytes.fromhex(ROOTS[m]), found)
        assert (old.hex(), new.hex()) == (ROOTS[m], ROOTS[size])
        for at in range(len(found)):
            altered = [*found[:at], hashlib.sha256(found[at]).digest(), *found[at + 1 :]]
            assert [hash_.hex() for hash_ in roots_from_consistency(m, size, bytes.fromhex(ROOTS[m]), altered)] != [
                ROOTS[m],
                ROOTS[size],
            ]


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1), st.sets(st.integers(1, n)))))
def test_trees_of_any_size_that_grew_in_any_steps_agree_with_the_definition(made: tuple[int, int, set[int]]) -> None:
    size, m, steps = made
    leaves = [number.to_bytes(2, "big") * (number % 5) for number in range(size)]
    nodes = stored(leaves, sorted(steps))
    assert nodes.keys() == {(level, place) for level in range(10) for place in range(size >> level)}
    assert hashes_of([(0, size)], nodes) == [naive_root(leaves)] == [root_of([leaf_hash(leaf) for leaf in leaves])]
    assert path(m, size, nodes) == naive_path(m, leaves)
    assert root_from_path(leaf_hash(leaves[m]), m, size, path(m, size, nodes)) == naive_root(leaves)
    found = proof(m + 1, size, nodes)
    assert found == naive_proof(m + 1, leaves)
    roots = (naive_root(leaves[: m + 1]), naive_root(leaves))
    assert roots_from_consistency(m + 1, size, roots[0], found) == roots


@given(st.integers(1, 2**40), st.data())
def test_a_proof_reads_few_nodes_however_large_the_tree_is(size: int, data: st.DataObject) -> None:
    m = data.draw(st.integers(0, size - 1))
    most = 2 * size.bit_length()
    assert len(nodes_of(inclusion_ranges(m, size))) <= most
    assert len(nodes_of(consistency_ranges(m + 1, size))) <= most
    assert len(nodes_of([(0, size)])) <= size.bit_length()


@pytest.mark.parametrize(("position", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_path(position: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_ranges(position, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_a_tree_begins_with_no_larger_one_and_with_no_empty_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        consistency_ranges(old, new)


def test_a_proof_of_the_wrong_length_is_refused() -> None:
    nodes = stored(LEAVES)
    with pytest.raises(ValueError, match="has 3 hashes, not 2"):
        root_from_path(leaf_hash(LEAVES[0]), 0, 8, path(0, 8, nodes)[:2])
    with pytest.raises(ValueError, match="has 4 hashes, not 3"):
        roots_from_consistency(3, 7, bytes.fromhex(ROOTS[3]), proof(3, 7, nodes)[1:])
