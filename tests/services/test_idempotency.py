"""Requests that may be repeated, over the mock's store."""

from datetime import timedelta

import pytest

from batch_exports.ports import KeptAnswer
from batch_exports.services.idempotency import KEPT_FOR, Repeatable
from tests.services.worlds import NOW, ServiceWorld

REQUEST = Repeatable("caller", "key", "fingerprint")


async def answered(world, text):
    """What a request is answered that would make this text, and whether it was answered before."""

    async def make(_tx):
        return text

    return await world.services.idempotency.answer(REQUEST, make)


async def die(_tx):
    raise SystemError("The process is killed.")


@pytest.mark.parametrize("later", [timedelta(0), KEPT_FOR, 2 * KEPT_FOR])
async def test_a_request_that_died_is_carried_out_when_it_is_repeated(later):
    world = ServiceWorld()
    with pytest.raises(SystemError):
        await world.services.idempotency.answer(REQUEST, die)
    world.clock.at += later

    assert await answered(world, "made") == ("made", False)
    assert await answered(world, "made twice") == ("made", True)


async def test_a_request_that_died_in_renewing_an_old_answer_is_carried_out_when_it_is_repeated():
    world = ServiceWorld()
    await answered(world, "old")
    world.clock.at += KEPT_FOR
    with pytest.raises(SystemError):
        await world.services.idempotency.answer(REQUEST, die)

    assert await answered(world, "new") == ("new", False)
    assert await answered(world, "newer") == ("new", True)


async def test_a_claim_older_than_a_day_is_renewed_though_it_never_got_an_answer():
    world = ServiceWorld()
    claim = KeptAnswer(principal_id="caller", key="key", fingerprint="another", created_at=NOW - KEPT_FOR)
    async with world.store.write() as tx:
        await tx.answers.claim(claim)

    assert await answered(world, "made") == ("made", False)
    assert await answered(world, "made twice") == ("made", True)


async def test_answers_are_forgotten_after_a_day_and_not_before():
    world = ServiceWorld()
    await answered(world, "first")
    world.clock.at += KEPT_FOR
    await world.services.idempotency.forget_old()
    kept = len(world.store.tables.answers)
    world.clock.at += timedelta(microseconds=1)
    await world.services.idempotency.forget_old()

    assert (kept, len(world.store.tables.answers)) == (1, 0)
