"""How often a step is tried and what its user reads of it, without an engine."""

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import PermanentFailure, RetryableFailure, RunCancelled
from batch_exports.engine.attempts import Attempts, Done, Failed, Outcome, RetryPolicy, Stopped

PASSING = st.sampled_from([RetryableFailure("busy"), ConnectionResetError("secret")])
FINAL = st.sampled_from([PermanentFailure("gone"), RunCancelled("over"), KeyError("secret"), None])

policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 50),
    base_seconds=st.floats(0.001, 1e6),
    factor=st.floats(1, 1e6),
    cap_seconds=st.floats(0, 1e6),
)


@given(policies, st.integers(1, 10_000))
def test_the_pauses_never_shrink_and_never_pass_the_cap(policy: RetryPolicy, attempt: int) -> None:
    assert 0 <= policy.pause(attempt) <= policy.pause(attempt + 1) <= policy.cap_seconds


@given(st.lists(PASSING, max_size=6), FINAL, st.integers(1, 8))
def test_a_step_is_tried_until_the_first_final_answer_or_the_last_attempt(
    passing: list[Exception], final: Exception | None, limit: int
) -> None:
    tried, noted, outcome = carry_out([*passing, final], limit)

    assert tried == min(len(passing) + 1, limit)
    assert noted == list(range(2, tried + 1))
    if len(passing) >= limit:
        assert isinstance(outcome, Failed)
        assert limit == 1 or f"Tried {limit} times" in outcome.error
    else:
        assert isinstance(outcome, answer_to(final))
    assert "secret" not in repr(outcome)


def answer_to(final: Exception | None) -> type[Outcome]:
    if final is None:
        return Done
    return Stopped if isinstance(final, RunCancelled) else Failed


def carry_out(answers: list[Exception | None], limit: int) -> tuple[int, list[int], Outcome]:
    """Attempts at a step that answers so; how many there were, which were announced, and the outcome."""
    left = iter(answers)
    tried: list[int] = []
    noted: list[int] = []

    async def call() -> str:
        tried.append(1)
        if (error := next(left)) is not None:
            raise error
        return "value"

    async def note_retry(attempt: int, error: str, delay: float) -> None:
        assert "secret" not in error
        assert delay == 0
        noted.append(attempt)
        raise LookupError("A note that fails changes nothing.")

    async def work() -> Outcome:
        policy = RetryPolicy(attempts=limit, base_seconds=0, cap_seconds=0)
        return await Attempts(policy, (ConnectionError,), asyncio.Event()).carry_out(call, note_retry, label="a step")

    outcome = asyncio.run(work())
    return len(tried), noted, outcome


def test_a_note_that_fails_is_told_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    carry_out([RetryableFailure("busy"), None], 3)
    assert [logging.Formatter().format(told) for told in caplog.records] == [
        "Could not note attempt 2 of a step: LookupError."
    ]


@pytest.mark.parametrize("error", [RunCancelled("over"), RetryableFailure("busy"), KeyError("broken by the shutdown")])
async def test_whatever_a_shutdown_breaks_is_neither_failed_nor_noted(error: Exception) -> None:
    stopping = asyncio.Event()

    async def call() -> None:
        stopping.set()
        raise error

    with pytest.raises(asyncio.CancelledError):
        await Attempts(RetryPolicy(), (), stopping).carry_out(call, refuse, label="a step")


async def test_a_permanent_failure_counts_even_during_a_shutdown() -> None:
    stopping = asyncio.Event()
    stopping.set()

    async def call() -> None:
        raise PermanentFailure("gone")

    assert await Attempts(RetryPolicy(), (), stopping).carry_out(call, refuse, label="a step") == Failed("gone")


async def test_a_step_whose_own_work_is_broken_off_fails_and_one_that_is_cancelled_is_left() -> None:
    begun = asyncio.Event()

    async def broken_off() -> None:
        raise asyncio.CancelledError

    async def cancelled() -> None:
        begun.set()
        await asyncio.Event().wait()

    attempts = Attempts(RetryPolicy(), (), asyncio.Event())
    outcome = await attempts.carry_out(broken_off, refuse, label="a step")
    assert isinstance(outcome, Failed)
    assert "CancelledError" in outcome.error
    task = asyncio.create_task(attempts.carry_out(cancelled, refuse, label="a step"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def refuse(attempt: int, error: str, _delay: float) -> None:
    pytest.fail(f"Attempt {attempt} was announced after {error}.")


async def test_who_is_told_of_another_attempt_is_told_when_it_comes() -> None:
    told: list[float] = []

    async def call() -> None:
        raise RetryableFailure("busy")

    async def note_retry(_attempt: int, _error: str, delay: float) -> None:
        told.append(delay)

    policy = RetryPolicy(attempts=4, base_seconds=0.001, factor=2, cap_seconds=0.003)
    await Attempts(policy, (), asyncio.Event()).carry_out(call, note_retry, label="a step")
    assert told == [0.001, 0.002, 0.003]
