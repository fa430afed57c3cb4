"""What survives the end of a worker, be it sudden or in good order."""

import re

from batch_exports.ports import EngineState
from tests.engine.world import World, launch


async def test_a_run_killed_in_a_part_goes_on_at_that_part_and_repeats_no_other(world: World) -> None:
    worker = world.worker()
    run_id = await world.give(parts=3, chunks=5, chunk_seconds=0.1)
    waiting = await world.give()
    await world.saw(run_id, "part 1 chunk")
    worker.kill()
    world.worker()

    assert await world.ended(run_id) is EngineState.DONE
    assert await world.ended(waiting) is EngineState.DONE
    steps = [name for name in world.names(run_id) if name in {"plan", "part 0", "part 1", "part 2", "commit"}]
    assert steps == ["plan", "part 0", "part 1", "part 1", "part 2", "commit"]
    assert len(world.events(run_id)[-1]["files"]) == 6


async def test_a_run_that_kills_its_worker_each_time_is_given_up_and_others_go_on(world: World) -> None:
    poison = await world.give(deadly_part=0)
    for _ in range(2):
        worker = world.worker(max_recoveries=1)

        await world.until(worker.died, 10)
    world.worker(max_recoveries=1)

    assert await world.ended(poison) is EngineState.LOST
    assert world.names(poison).count("part 0") == 2
    assert await world.ended(await world.give()) is EngineState.DONE


async def test_a_stop_in_good_order_interrupts_a_run_quietly_and_does_not_count_as_a_crash(world: World) -> None:
    worker = world.worker(max_recoveries=0)
    run_id = await world.give(parts=2, chunks=5, chunk_seconds=0.1)
    await world.saw(run_id, "part 1 chunk")
    assert worker.stop() == "stopped"
    assert "dbos" not in worker.log.read_text().lower()
    assert world.names(run_id)[-1] == "part 1 stopped"
    assert await world.state(run_id) is EngineState.OPEN
    world.worker(max_recoveries=0)

    assert await world.ended(run_id) is EngineState.DONE
    steps = [name for name in world.names(run_id) if name in {"plan", "part 0", "part 1", "commit", "retry", "fail"}]
    assert steps == ["plan", "part 0", "part 1", "part 1", "commit"]


async def test_the_wait_before_another_attempt_ends_with_a_cancel_and_with_a_stop(world: World) -> None:
    worker = world.worker(live_concurrency=2, retry={"attempts": 9, "base_seconds": 60})
    cancelled = await world.give(errors={"commit": ["retryable"] * 9})
    stopped = await world.give(errors={"plan": ["retryable"]})
    await world.saw(cancelled, "retry")
    await world.saw(stopped, "retry")
    await world.engine.cancel(cancelled)
    assert await world.ended(await world.give(), seconds=5) is EngineState.DONE
    assert worker.stop() == "stopped"
    world.worker()

    assert await world.ended(stopped) is EngineState.DONE
    assert world.names(cancelled)[-1] == "retry"
    assert await world.state(cancelled) is EngineState.CANCELLED


async def test_a_part_that_does_not_stop_in_time_is_reported_and_carried_out_again(world: World) -> None:
    worker = world.worker(stop_seconds=0.3)
    run_id = await world.give(chunks=4, chunk_seconds=0.4, deaf=True)
    await world.saw(run_id, "part 0 chunk")
    assert worker.stop() == "stuck"
    world.worker()

    assert await world.ended(run_id) is EngineState.DONE
    assert world.names(run_id).count("part 0") == 2


async def test_a_second_worker_on_the_same_database_refuses_with_one_clear_line(world: World) -> None:
    first = world.worker()
    second = launch(world.directory, world.url, {})
    assert second.process.wait(timeout=15) == 3
    said = second.log.read_text().splitlines()
    second.process.stdout.close()

    assert len(said) == 1
    assert re.match(rf"Another worker \(process {first.process.pid}\b.*\) already works on this database", said[0])
    assert await world.ended(await world.give()) is EngineState.DONE


async def test_a_worker_that_was_stopped_may_be_followed_by_another_in_its_process(world: World) -> None:
    worker = world.worker(workers=2)

    assert await world.ended(await world.give()) is EngineState.DONE
    assert worker.stop() == "stopped"
    assert "dbos" not in worker.log.read_text().lower()


async def test_without_a_worker_runs_can_be_given_cancelled_and_asked_after(world: World) -> None:
    given, cancelled, never_given = await world.give(), await world.give(), await world.give(commit=False)
    await world.engine.cancel(cancelled)
    await world.engine.cancel(never_given)

    assert await world.engine.states([given, cancelled, never_given]) == {
        given: EngineState.OPEN,
        cancelled: EngineState.CANCELLED,
        never_given: EngineState.UNKNOWN,
    }
    assert await world.engine.states([]) == {}
