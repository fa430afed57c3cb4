"""Identifiers are valid, unique, and sort by the order in which they were made."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.identifiers import Uuid7Factory, uuid7

MILLISECOND = 1_000_000
moments = st.integers(min_value=MILLISECOND, max_value=(1 << 48) * MILLISECOND - 1)
steps = st.integers(min_value=-3 * MILLISECOND, max_value=3 * MILLISECOND)


def ticking(readings: list[int]) -> Uuid7Factory:
    return Uuid7Factory(iter(readings).__next__)


@given(moments)
def test_an_identifier_is_a_version_7_uuid_that_carries_its_millisecond(moment: int) -> None:
    made = ticking([moment])()

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == moment // MILLISECOND


@given(moments.filter(lambda moment: moment > 200 * MILLISECOND), st.lists(steps, min_size=2, max_size=50))
def test_each_identifier_is_greater_than_all_before_it_even_when_the_clock_goes_back(
    start: int, moves: list[int]
) -> None:
    readings = [start]
    for move in moves:
        readings.append(min(max(readings[-1] + move, MILLISECOND), (1 << 47) * MILLISECOND))
    factory = ticking(readings)

    made = [factory() for _ in readings]

    assert all(earlier < later for earlier, later in pairwise(made))
    assert all(each.version == 7 and each.variant == "specified in RFC 4122" for each in made)


def test_two_factories_in_the_same_millisecond_differ() -> None:
    made = {ticking([MILLISECOND])() for _ in range(1000)}

    assert len(made) == 1000


def test_thousands_of_identifiers_fit_into_one_millisecond() -> None:
    factory = Uuid7Factory(lambda: 5000 * MILLISECOND)

    made = [factory() for _ in range(20_000)]

    assert all(earlier < later for earlier, later in pairwise(made))
    assert made[-1].int >> 80 == 5000


def test_threads_that_share_a_factory_never_get_the_same_identifier() -> None:
    with ThreadPoolExecutor(8) as threads:
        batches = list(threads.map(lambda _: [uuid7() for _ in range(1000)], range(8)))

    assert len({each for batch in batches for each in batch}) == 8000
    assert all(batch == sorted(batch) for batch in batches)
