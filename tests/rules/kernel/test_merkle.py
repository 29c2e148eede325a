"""The tree against the published vectors of RFC 6962 and its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.merkle import (
    EMPTY_ROOT,
    Frontier,
    Range,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# Eight leaves and their hashes, as Certificate Transparency implementations publish them.
LEAVES = [
    leaf_hash(bytes.fromhex(leaf))
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
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
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def defined(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 defines it, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined(leaves[:split]), defined(leaves[split:]))


def hashes(ranges: list[Range], leaves: list[bytes]) -> list[bytes]:
    return [defined(leaves[start:end]) for start, end in ranges]


trees = st.integers(1, 70).map(lambda size: [leaf_hash(str(i).encode()) for i in range(size)])


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("place", "proof"), INCLUSION.items())
def test_the_published_inclusion_proofs(place: tuple[int, int], proof: list[str]) -> None:
    index, size = place
    found = hashes(inclusion_ranges(index, size), LEAVES)
    assert [h.hex() for h in found] == proof
    assert verify_inclusion(LEAVES[index], index, size, found, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("sizes", "proof"), CONSISTENCY.items())
def test_the_published_consistency_proofs(sizes: tuple[int, int], proof: list[str]) -> None:
    earlier, later = sizes
    found = hashes(consistency_ranges(earlier, later), LEAVES)
    assert [h.hex() for h in found] == proof
    assert verify_consistency(
        earlier, bytes.fromhex(ROOTS[earlier]), later, bytes.fromhex(ROOTS[later]), found
    )


@given(trees, st.data())
def test_growing_in_any_steps_gives_the_defined_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    grown = Frontier()
    while grown.size < len(leaves):
        step = data.draw(st.integers(1, len(leaves) - grown.size))
        grown = grown.extend(leaves[grown.size : grown.size + step])
    assert grown.root() == defined(leaves)


@given(st.integers(0, 9), st.integers(0, 7))
def test_complete_subtrees_count_as_their_leaves(blocks: int, more: int) -> None:
    leaves = [leaf_hash(str(i).encode()) for i in range(blocks * 8 + more)]
    grown = Frontier()
    for number in range(blocks):
        grown = grown.with_subtree(root(leaves[number * 8 : number * 8 + 8]), 8)
    assert grown.extend(leaves[blocks * 8 :]) == Frontier().extend(leaves)


def test_a_subtree_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        Frontier().extend(LEAVES[:1]).with_subtree(LEAVES[0], 2)
    with pytest.raises(ValueError, match="one hash"):
        Frontier(3, (EMPTY_ROOT,))


@given(trees, st.data())
def test_inclusion_is_proven_for_every_leaf_and_for_no_other(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = hashes(inclusion_ranges(index, size), leaves)
    assert verify_inclusion(leaves[index], index, size, proof, defined(leaves))
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, defined(leaves))
    assert not verify_inclusion(leaves[index], index, size, [*proof, EMPTY_ROOT], defined(leaves))
    for other in set(range(size)) - {index}:
        assert not verify_inclusion(leaves[index], other, size, proof, defined(leaves))


@given(trees, st.data())
def test_consistency_is_proven_for_what_was_extended_and_nothing_else(
    leaves: list[bytes], data: st.DataObject
) -> None:
    later = len(leaves)
    earlier = data.draw(st.integers(1, later))
    proof = hashes(consistency_ranges(earlier, later), leaves)
    before, after = defined(leaves[:earlier]), defined(leaves)
    assert verify_consistency(earlier, before, later, after, proof)
    assert not verify_consistency(earlier, leaf_hash(b"forked"), later, after, proof)
    assert not verify_consistency(earlier, before, later, leaf_hash(b"forked"), proof)
    for place in range(len(proof)):
        damaged = [*proof[:place], leaf_hash(b"damaged"), *proof[place + 1 :]]
        assert not verify_consistency(earlier, before, later, after, damaged)


def test_everything_extends_the_empty_tree_and_nothing_shrinks() -> None:
    assert verify_consistency(0, EMPTY_ROOT, 3, root(LEAVES[:3]), [])
    assert not verify_consistency(0, LEAVES[0], 3, root(LEAVES[:3]), [])
    assert not verify_consistency(3, root(LEAVES[:3]), 2, root(LEAVES[:2]), [])
    assert not verify_consistency(2, root(LEAVES[:2]), 5, root(LEAVES[:5]), [])
    with pytest.raises(ValueError, match="larger"):
        consistency_ranges(3, 2)
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_ranges(3, 3)
