"""Draws programs, and finds the smallest that worlds answer differently."""

from collections.abc import Callable

from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.parity.breakages import breakages
from tests.parity.programs import Program, Step
from tests.parity.requests import MOVES, OPENING, WAITS, calls
from tests.spec.document import implemented

_PHASES = (Phase.generate, Phase.shrink)
_LONGEST_TEXT = 10_000
_BROKEN = [
    st.sampled_from([call for call in breakages(each) if len(call.text or "") <= _LONGEST_TEXT])
    for each in implemented()
]
_OFTEN = ("cancel_run", "retry_run", "cancel_backfill", "update_export", "unpause_export", "backfill_export")
"""Operations that move something."""
_KINDS: list[st.SearchStrategy[Step]] = [
    *(calls(each.id) for each in implemented()),
    *(calls(each) for each in _OFTEN),
    *[MOVES] * 8,
    *[st.sampled_from(range(len(_BROKEN))).flatmap(_BROKEN.__getitem__)] * 4,
    WAITS,
]
# By number, since `one_of` counts a strategy once, however often it is named.
_STEPS = st.sampled_from(range(len(_KINDS))).flatmap(_KINDS.__getitem__)
PROGRAMS: st.SearchStrategy[Program] = st.lists(_STEPS, min_size=15, max_size=40).map(lambda steps: [*OPENING, *steps])


def search(fails: Callable[[Program], bool], examples: int) -> Program | None:
    """The smallest program that fails, of so many that are drawn; None if none does."""
    try:
        program = find(PROGRAMS, fails, settings=settings(max_examples=examples, phases=_PHASES))
    except NoSuchExample:
        return None
    return smallest(program, fails)


def smallest(program: Program, fails: Callable[[Program], bool]) -> Program:
    """A program that fails, without the steps that it fails without."""
    size = len(program)
    while size:
        # From the end, so that what a later step needs is still there when that step is tried.
        for start in reversed(range(0, len(program), size)):
            shorter = [*program[:start], *program[start + size :]]
            if fails(shorter):
                program = shorter
        size //= 2
    return program
