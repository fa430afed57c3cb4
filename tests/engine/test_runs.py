"""What a worker does with the runs that it is given."""

import time
from collections.abc import Iterator
from uuid import uuid4

import sqlalchemy as sa

from batch_exports.engine.conventions import SCHEMA
from batch_exports.ports import EngineState, Queue
from tests.engine.world import World, later_id, plain


async def test_a_run_goes_through_its_steps_once_and_commits_the_files_of_all_parts(busy_world: World) -> None:
    run_id = await busy_world.give(parts=2)

    assert await busy_world.ended(run_id) is EngineState.DONE
    assert busy_world.names(run_id) == [
        "plan",
        *("part 0", "part 0 chunk", "part 0 end"),
        *("part 1", "part 1 chunk", "part 1 end"),
        "commit",
    ]
    events = busy_world.events(run_id)
    assert [event["first_file"] for event in events if "first_file" in event] == [0, 2]
    assert events[-1]["files"] == [f"{run_id}/{part}/{number}" for part in (0, 1) for number in (0, 1)]
    assert await busy_world.status(run_id) == "done"


async def test_a_run_of_a_transaction_that_rolled_back_is_never_carried_out(busy_world: World) -> None:
    export_id = uuid4()
    rolled_back = await busy_world.give(export_id=export_id, commit=False)
    later = await busy_world.give(export_id=export_id)

    assert await busy_world.ended(later) is EngineState.DONE
    assert await busy_world.state(rolled_back) is EngineState.UNKNOWN
    assert busy_world.names(rolled_back) == []


async def test_a_run_given_again_before_and_after_its_end_is_carried_out_once(busy_world: World) -> None:
    export_id, run_id = uuid4(), later_id()
    for _ in range(2):
        await busy_world.give(run_id=run_id, export_id=export_id)
    await busy_world.ended(run_id)
    await busy_world.give(run_id=run_id, export_id=export_id)
    later = await busy_world.give(export_id=export_id)

    await busy_world.ended(later)
    assert busy_world.names(run_id).count("plan") == 1


async def test_a_run_that_has_ended_before_its_turn_is_skipped(busy_world: World) -> None:
    run_id = await busy_world.give(skip=True)

    assert await busy_world.ended(run_id) is EngineState.DONE
    assert busy_world.names(run_id) == ["plan"]


async def test_the_end_of_a_run_can_hand_over_the_next_one(busy_world: World) -> None:
    following = later_id()
    await busy_world.give(run_id=following, commit=False)
    first = await busy_world.give(following=str(following))

    async def is_known() -> bool:
        return await busy_world.state(following) is not EngineState.UNKNOWN

    await busy_world.until(is_known, 10)
    await busy_world.saw(following, "plan")
    assert await busy_world.ended(first) is EngineState.DONE


async def test_a_scheduled_run_and_a_backfill_of_one_export_never_work_at_once(busy_world: World) -> None:
    export_id = uuid4()
    runs = [
        await busy_world.give(export_id=export_id, queue=queue, chunks=3, chunk_seconds=0.1)
        for queue in (Queue.LIVE, Queue.BACKFILL, Queue.LIVE)
    ]

    for run_id in runs:
        await busy_world.ended(run_id)
    begun_and_ended = [event["run"] for event in busy_world.events(*runs) if event["event"] in {"plan", "commit"}]
    assert begun_and_ended[::2] == begun_and_ended[1::2]


async def test_runs_of_one_export_are_carried_out_one_after_the_other_in_their_order(busy_world: World) -> None:
    export_id = uuid4()
    runs = [await busy_world.give(export_id=export_id, chunks=3, chunk_seconds=0.05) for _ in range(3)]

    for run_id in runs:
        await busy_world.ended(run_id)
    begun_and_ended = [event["run"] for event in busy_world.events(*runs) if event["event"] in {"plan", "commit"}]
    assert begun_and_ended == [str(run_id) for run_id in runs for _ in range(2)]


async def test_backfills_do_not_keep_a_live_run_waiting(busy_world: World) -> None:
    backfills = [await busy_world.give(queue=Queue.BACKFILL, chunks=20, chunk_seconds=0.1) for _ in range(4)]
    live = await busy_world.give()

    await busy_world.ended(live, seconds=5)
    states = await busy_world.engine.states(backfills)
    assert EngineState.OPEN in states.values()
    for run_id in backfills:
        await busy_world.engine.cancel(run_id)


async def test_a_passing_fault_is_noted_and_tried_again_until_it_has_passed(busy_world: World) -> None:
    run_id = await busy_world.give(errors={"part 0": ["retryable", "connection"]})

    assert await busy_world.ended(run_id) is EngineState.DONE
    assert busy_world.names(run_id).count("part 0") == 3
    retries = [(event["attempt"], event["error"]) for event in busy_world.events(run_id) if event["event"] == "retry"]
    assert retries == [(2, "The bucket does not answer."), (3, "Connection trouble (ConnectionResetError).")]
    assert await busy_world.status(run_id) == "done"


async def test_a_fault_that_does_not_pass_fails_the_run_and_says_how_often_it_was_tried(busy_world: World) -> None:
    run_id = await busy_world.give(errors={"commit": ["retryable"] * 9})

    assert await busy_world.ended(run_id) is EngineState.DONE
    assert busy_world.events(run_id)[-1]["error"] == "Tried 3 times; the last time: The bucket does not answer."
    assert busy_world.names(run_id).count("commit") == 3
    assert await busy_world.status(run_id) == "failed"


async def test_a_permanent_failure_fails_the_run_at_once_with_its_own_words(busy_world: World) -> None:
    run_id = await busy_world.give(parts=2, errors={"part 0": ["permanent"]})

    assert await busy_world.ended(run_id) is EngineState.DONE
    assert busy_world.names(run_id) == ["plan", "part 0", "fail"]
    assert busy_world.events(run_id)[-1]["error"] == "The bucket does not exist. Create it, or name another."


async def test_an_unexpected_error_fails_the_run_without_showing_its_text(busy_world: World) -> None:
    run_id = await busy_world.give(errors={"plan": ["unexpected"]})

    assert await busy_world.ended(run_id) is EngineState.DONE
    error = busy_world.events(run_id)[-1]["error"]
    assert error == "An unexpected error ended the run (KeyError). The service's log has the details."
    log = "".join(path.read_text() for path in busy_world.directory.glob("worker-*.log"))
    assert f"Unexpected error in step plan of run {run_id}" in log
    assert "Traceback" in log


async def test_a_step_whose_own_work_is_broken_off_fails_the_run(busy_world: World) -> None:
    run_id = await busy_world.give(errors={"commit": ["broken off"]})

    assert await busy_world.ended(run_id) is EngineState.DONE
    error = busy_world.events(run_id)[-1]["error"]
    assert error == "An unexpected error ended the run (CancelledError). The service's log has the details."


async def test_a_run_whose_failure_cannot_be_recorded_is_reported_lost(busy_world: World) -> None:
    run_id = await busy_world.give(errors={"plan": ["permanent"], "fail": ["unexpected"]})

    assert await busy_world.ended(run_id) is EngineState.LOST


async def test_a_cancel_interrupts_a_part_within_two_seconds_and_nothing_follows(busy_world: World) -> None:
    run_id = await busy_world.give(parts=2, chunks=200, chunk_seconds=0.1)
    await busy_world.saw(run_id, "part 0 chunk")
    asked = time.time()
    await busy_world.engine.cancel(run_id)

    await busy_world.saw(run_id, "part 0 stopped")
    later = await busy_world.give()
    await busy_world.ended(later)
    events = busy_world.events(run_id)
    assert events[-1]["event"] == "part 0 stopped"
    assert events[-1]["at"] - asked < 2
    assert await busy_world.state(run_id) is EngineState.CANCELLED


async def test_an_attempt_that_fails_while_it_is_cancelled_leaves_no_error_behind(busy_world: World) -> None:
    run_id = await busy_world.give(chunks=200, chunk_seconds=0.1)
    await busy_world.saw(run_id, "part 0 chunk")
    await busy_world.engine.cancel(run_id)
    await busy_world.saw(run_id, "part 0 stopped")

    for _ in range(2):
        await busy_world.ended(await busy_world.give())
    log = "".join(path.read_text() for path in busy_world.directory.glob("worker-*.log"))
    assert "never retrieved" not in log


async def test_a_cancel_makes_room_for_the_next_run_of_the_export(busy_world: World) -> None:
    export_id = uuid4()
    run_id = await busy_world.give(export_id=export_id, chunks=200, chunk_seconds=0.1)
    waiting = await busy_world.give(export_id=export_id)
    cancelled_while_waiting = await busy_world.give(export_id=export_id)
    await busy_world.saw(run_id, "part 0 chunk")
    await busy_world.engine.cancel(cancelled_while_waiting)
    await busy_world.engine.cancel(run_id)

    assert await busy_world.ended(waiting, seconds=5) is EngineState.DONE
    assert busy_world.names(cancelled_while_waiting) == []


async def test_nothing_that_the_engine_keeps_is_pickled_or_holds_a_secret(busy_world: World) -> None:
    failing = await busy_world.give(errors={"plan": ["unexpected"]})
    lost = await busy_world.give(errors={"plan": ["connection"] * 3, "fail": ["unexpected"]})
    done = await busy_world.give()
    for run_id in (failing, lost, done):
        await busy_world.ended(run_id)

    kept = list(kept_by_the_engine(busy_world.url))
    assert any(str(done) in text for _, text in kept)
    assert not [text for _, text in kept if "hunter2" in text]
    assert {text for column, text in kept if column == "serialization"} == {"portable_json"}
    # How a pickle begins in the base64 that the engine would keep it in.
    assert not [text for _, text in kept if text.startswith("gA")]


def kept_by_the_engine(url: str) -> Iterator[tuple[str, str]]:
    """Column and text of every value in the engine's tables."""
    engine = sa.create_engine(plain(url))
    inspector = sa.inspect(engine)
    schema = "main" if url.startswith("sqlite") else SCHEMA
    with engine.connect() as connection:
        for table in set(inspector.get_table_names(schema)) - {"runs"}:
            for row in connection.execute(sa.text(f'SELECT * FROM {schema}."{table}"')).mappings():
                yield from ((column, str(value)) for column, value in row.items() if value)
    engine.dispose()


async def test_a_duty_that_fails_stops_neither_the_others_nor_the_runs(busy_world: World) -> None:
    async def others_are_done() -> bool:
        return all((busy_world.directory / done).exists() for done in ("ticked", "tidied"))

    await busy_world.until(others_are_done, 5)
    log = "".join(path.read_text() for path in busy_world.directory.glob("worker-*.log"))
    assert "The reconciliation failed and will be tried again" in log
    assert await busy_world.ended(await busy_world.give()) is EngineState.DONE
