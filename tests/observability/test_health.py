import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.contract.pages import Part
from batch_exports.observability.health import Readiness, bounded


class Looked:
    """A check that says what it is told to, and counts."""

    def __init__(self, *, well=True):
        self.well = well
        self.times = 0

    async def __call__(self):
        self.times += 1
        await asyncio.sleep(0)
        if isinstance(self.well, Exception):
            raise self.well
        return self.well


states = st.sampled_from([True, False, OSError("gone\nSELECT secret")])
checks = st.dictionaries(st.text("abc", min_size=1), st.tuples(st.booleans(), states))


@given(checks)
def test_each_part_is_told_as_it_was_found(parts):
    needed = {name: Looked(well=well) for name, (is_needed, well) in parts.items() if is_needed}
    noted = {name: Looked(well=well) for name, (is_needed, well) in parts.items() if not is_needed}
    found = asyncio.run(Readiness(needed, noted)({}))
    assert found == {
        name: Part(well is True, is_needed, "OSError: gone" if isinstance(well, Exception) else "")
        for name, (is_needed, well) in parts.items()
    }


async def test_probes_that_come_at_once_share_one_look():
    check = Looked(well=False)
    readiness = Readiness({"database": check}, {})
    answers = await asyncio.gather(*(readiness({}) for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert check.times == 1


async def test_what_was_well_is_not_looked_at_again_at_once_and_what_was_not_is():
    check = Looked(well=False)
    readiness = Readiness({"database": check}, {})
    assert not (await readiness({}))["database"].well
    check.well = True
    for _ in range(5):
        assert (await readiness({}))["database"].well
    assert check.times == 2


async def test_what_was_well_is_looked_at_again_when_that_is_long_ago():
    check = Looked()
    readiness = Readiness({"database": check}, {}, fresh_seconds=0)
    assert (await readiness({}))["database"].well
    check.well = False
    assert not (await readiness({}))["database"].well


async def test_a_part_that_does_not_answer_is_not_well():
    never = asyncio.Event()
    found = await Readiness({"engine": never.wait}, {"worker": Looked()}, patience_seconds=0.01)({})
    assert found == {"engine": Part(well=False, cause="TimeoutError"), "worker": Part(well=True, needed=False)}


async def test_a_probe_that_gives_up_leaves_the_look_to_the_others():
    answer = asyncio.Event()
    readiness = Readiness({"engine": answer.wait}, {})
    impatient, patient = (asyncio.create_task(readiness({})) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    answer.set()
    assert (await patient)["engine"].well


async def test_what_cannot_be_cancelled_at_once_holds_nobody_up():
    answer = asyncio.Event()

    async def hanging():
        try:
            await answer.wait()
        finally:
            await answer.wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bounded(hanging(), 0.01), 5)
    answer.set()
