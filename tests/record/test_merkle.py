"""The tree against the definition of RFC 6962, and every proof against every lie."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.record import merkle

DATA = st.lists(st.binary(max_size=40), min_size=1, max_size=40)


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word: split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = by_definition(leaves[:split]), by_definition(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_the_root_is_that_of_the_definition(leaves):
    assert merkle.root(leaves) == by_definition(leaves)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_the_root_is_that_of_the_known_vectors(count, expected):
    """Those by which implementations of Certificate Transparency are tested."""
    words = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
             "606162636465666768696a6b6c6d6e6f"]  # fmt: skip

    assert merkle.root([bytes.fromhex(word) for word in words[:count]]).hex() == expected


@given(DATA, st.data())
def test_every_leaf_is_proved_and_nothing_else_is(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, top = merkle.proof(leaves, index), merkle.root(leaves)
    leaf, size = leaves[index], len(leaves)

    assert merkle.is_included(leaf, index, size, path, top)
    assert not merkle.is_included(leaf + b"\x00", index, size, path, top)
    assert not merkle.is_included(leaf, index, size, path, bytes(32))
    assert not merkle.is_included(leaf, index, size, [*path, bytes(32)], top)
    assert not merkle.is_included(leaf, size, size, path, top)
    assert not merkle.is_included(leaf, -1, size, path, top)
    for n in range(len(path)):
        assert not merkle.is_included(leaf, index, size, path[:n] + path[n + 1 :], top)
        flipped = bytes([path[n][0] ^ 1]) + path[n][1:]
        assert not merkle.is_included(leaf, index, size, [*path[:n], flipped, *path[n + 1 :]], top)
    for other in range(size):
        if leaves[other] != leaf:
            assert not merkle.is_included(leaves[other], index, size, path, top)


def test_a_node_is_no_leaf():
    """Without the prefixes, the two hashes below would pass as one leaf."""
    left, right = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")

    assert merkle.root([b"a", b"b"]) != merkle.root([left + right])


def test_a_proof_of_what_is_not_there_is_refused():
    with pytest.raises(IndexError, match="no leaf 2 among 2"):
        merkle.proof([b"a", b"b"], 2)
