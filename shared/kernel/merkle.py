"""The Merkle tree of RFC 6962 over a log's bodies: roots, proofs, and their verification.

Leaf i is event i + 1. A range `(start, end)` names the leaves from `start` to before `end`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

Range: TypeAlias = tuple[int, int]
HASH_OCTETS: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(body: bytes) -> bytes:
    """The hash of one body as a leaf."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A growing tree remembered by the roots of its complete subtrees, the largest first.

    There is one of them for each bit set in `size`.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError("A frontier keeps one hash for each complete subtree.")

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The tree after these leaf hashes."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            peaks.append(leaf)
            size += 1
            _merge(peaks, (size & -size).bit_length() - 1)
        return Frontier(size, tuple(peaks))

    def with_subtree(self, root: bytes, leaf_count: int) -> "Frontier":
        """The tree after a complete subtree; `leaf_count`, a power of two, divides the size."""
        if leaf_count < 1 or leaf_count.bit_count() != 1 or self.size % leaf_count:
            raise ValueError("A complete subtree starts at a multiple of its own size.")
        size, peaks = self.size + leaf_count, [*self.peaks, root]
        _merge(peaks, (size & -size).bit_length() - leaf_count.bit_length())
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def _merge(peaks: list[bytes], times: int) -> None:
    for _ in range(times):
        right = peaks.pop()
        peaks[-1] = node_hash(peaks[-1], right)


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of these leaf hashes."""
    return Frontier().extend(leaves).root()


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose hashes, in this order, prove that leaf `index` is in the tree of `size`.

    PATH of RFC 6962, 2.1.1: from the leaf upwards.
    """
    if not 0 <= index < size:
        raise ValueError("The leaf is not in a tree of this size.")
    path: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(earlier: int, later: int) -> list[Range]:
    """The ranges whose hashes, in this order, prove that the later tree extends the earlier one.

    PROOF of RFC 6962, 2.1.2. Nothing needs proving from the empty tree or to the same size.
    """
    if not 0 <= earlier <= later:
        raise ValueError("The earlier tree must not be larger than the later one.")
    if earlier in (0, later):
        return []
    path: list[Range] = []
    start, end = 0, later
    while earlier != end:
        middle = start + _split(end - start)
        if earlier <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    if start:
        path.append((start, end))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `proof` shows this leaf hash at `index` of the tree of `size` with this root."""
    if not 0 <= index < size:
        return False
    ranges = inclusion_ranges(index, size)
    if len(ranges) != len(proof):
        return False
    found = leaf
    for (start, _), sibling in zip(ranges, proof, strict=True):
        found = node_hash(found, sibling) if start > index else node_hash(sibling, found)
    return found == root


def verify_consistency(
    earlier: int, earlier_root: bytes, later: int, later_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the later tree begins with the earlier one."""
    if not 0 <= earlier <= later:
        return False
    if earlier == 0:
        return not proof and earlier_root == EMPTY_ROOT
    if earlier == later:
        return not proof and earlier_root == later_root
    ranges = consistency_ranges(earlier, later)
    hashes = list(proof)
    if earlier.bit_count() == 1:
        ranges, hashes = [(0, earlier), *ranges], [earlier_root, *hashes]
    if len(ranges) != len(hashes):
        return False
    old = new = hashes[0]
    for (start, _), sibling in zip(ranges[1:], hashes[1:], strict=True):
        if start < earlier:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return old == earlier_root and new == later_root
