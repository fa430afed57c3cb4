from hypothesis import given
from hypothesis import strategies as st

from mock_server.memory.sorted_index import SortedIndex

KEYS = st.tuples(st.integers(0, 40), st.integers(0, 20))
BOUNDS = st.none() | KEYS | st.tuples(st.integers(0, 40))


def build(keys):
    index = SortedIndex()
    for key in keys:
        index = index.add(key)
    return index


@given(st.lists(KEYS, max_size=900), st.lists(KEYS, max_size=300), BOUNDS)
def test_it_holds_what_a_set_holds_in_order(added, dropped, bound):
    index = build(added)
    for key in dropped:
        index = index.discard(key)
    expected = sorted(set(added) - set(dropped))
    assert list(index.ascending()) == expected
    assert list(index.descending()) == expected[::-1]
    assert len(index) == len(expected)
    assert index.first() == (expected[0] if expected else None)
    if bound is not None:
        assert list(index.ascending(bound)) == [key for key in expected if key > bound]
        assert list(index.descending(bound)) == [key for key in expected if key < bound][::-1]


def test_it_grows_past_one_chunk_in_any_order():
    keys = [(number * 7919 % 5000, number) for number in range(5000)]
    index = build(keys)
    assert list(index.ascending()) == sorted(keys)
    for key in keys[::2]:
        index = index.discard(key)
    assert list(index.descending((2500,))) == sorted((key for key in keys[1::2] if key < (2500,)), reverse=True)


@given(st.lists(KEYS, min_size=1, max_size=400), KEYS)
def test_a_change_leaves_the_version_before_it_as_it_was(keys, other):
    index = build(keys)
    before = list(index.ascending())
    index.add(other)
    index.discard(keys[0])
    assert list(index.ascending()) == before
