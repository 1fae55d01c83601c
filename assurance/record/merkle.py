"""A Merkle tree as in RFC 6962: one hash for many leaves, and a short proof that one is among them.

leaf = SHA-256(0x00 ‖ data) · node = SHA-256(0x01 ‖ left ‖ right). The two prefixes keep a node from
being passed off as a leaf. A tree of n leaves is split at the largest power of two below n. Pure:
no database, no clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash over all leaves, given as their data in order. Of none: SHA-256 of nothing."""
    return _root([leaf_hash(data) for data in leaves]) if leaves else EMPTY


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What somebody with one leaf alone needs to arrive at the root: the neighbours, lowest first.

    Raises IndexError where there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    return _path([leaf_hash(data) for data in leaves], index)


def is_included(data: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether this leaf, at this place among so many, leads by this path to the expected root."""
    if not 0 <= index < size:
        return False
    place, last, here = index, size - 1, leaf_hash(data)
    for neighbour in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            here = node_hash(neighbour, here)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            here = node_hash(here, neighbour)
        place, last = place >> 1, last >> 1
    return last == 0 and here == expected


def _root(hashes: Sequence[bytes]) -> bytes:
    """Level by level: an odd one at the end goes up as it is, which is the same tree."""
    level = list(hashes)
    while len(level) > 1:
        pairs = [node_hash(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    path, level = [], list(hashes)
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            path.append(level[neighbour])
        pairs = [node_hash(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
        index >>= 1
    return path
