from datetime import UTC, datetime, timedelta

import pytest

from batch_exports.domain.errors import Invalid, NotFound
from batch_exports.ports import ExportQuery
from tests.services.worlds import NOW, ServiceWorld, accept

S3 = {
    "type": "S3",
    "config": {
        "bucket_name": "lake",
        "region": "us-east-1",
        "prefix": "events",
        "aws_access_key_id": "AKIA",
        "aws_secret_access_key": "canary",
    },
}


async def test_a_new_export_runs_first_when_its_present_interval_is_over():
    export = await ServiceWorld().export()
    assert export.next_at == datetime(2026, 11, 23, 13, 1, tzinfo=UTC)


async def test_an_export_that_is_made_paused_starts_nothing():
    world = ServiceWorld()
    export = await world.export(paused=True)
    assert export.last_paused_at == NOW
    world.clock.at += timedelta(days=1)
    assert await world.services.scheduler.tick() == 0


async def test_credentials_are_kept_apart_and_never_printed():
    world = ServiceWorld()
    export = await world.reread(await world.export(destination=S3))
    assert export.destination.config == {"bucket_name": "lake", "region": "us-east-1", "prefix": "events"}
    assert export.destination.full_config == S3["config"]
    assert "canary" not in repr(export)


async def test_a_change_of_one_setting_keeps_the_others_and_the_credentials():
    world = ServiceWorld()
    export = await world.export(destination=S3)
    body = {"destination": {"config": {"prefix": "other", "compression": "gzip"}}}
    checked = []
    changed, _ = await world.services.exports.update(world.change(export), body, checked.append)
    assert changed.destination.full_config == {**S3["config"], "prefix": "other", "compression": "gzip"}
    assert checked == [{"type": "S3", "config": changed.destination.full_config}]


@pytest.mark.parametrize(
    ("body", "detail", "attr"),
    [
        (
            {"destination": {"type": "File", "config": {}}},
            "Cannot change destination type from 'NoOp' to 'File'",
            "destination",
        ),
        ({"model": "persons"}, "Changing models is not supported", "model"),
        ({"offset_hour": 3}, "offset_hour is not applicable for non-daily/weekly intervals", "offset_hour"),
        ({"offset_day": 3}, "offset_day is not applicable for non-weekly intervals", "offset_day"),
        ({"interval": "day", "offset_day": 3}, "offset_day should not be specified for daily intervals", "offset_day"),
        ({"timezone": "Europe/Atlantis"}, '"Europe/Atlantis" is not a valid choice.', "timezone"),
        (
            {"hogql_query": "SELECT 1"},
            "This service takes no queries: leave 'hogql_query' out.",
            "hogql_query",
        ),
        ({"start_at": "2026-02-01T00:00:00Z", "end_at": "2026-01-01T00:00:00Z"}, "must be after", "end_at"),
        ({"destination": {"integration": 7}}, 'Invalid pk "7" - object does not exist.', "destination__integration"),
    ],
)
async def test_a_refused_change_names_its_field_and_changes_nothing(body, detail, attr):
    world = ServiceWorld()
    export = await world.export()
    with pytest.raises(Invalid) as refusal:
        await world.services.exports.update(world.change(export), body, accept)
    assert detail in refusal.value.detail
    assert refusal.value.attr == attr
    assert await world.reread(export) == export


@pytest.mark.parametrize(
    ("config", "attr"),
    [
        ({"endpoint_url": "http://10.0.0.1"}, "destination__config__endpoint_url"),
        ({"endpoint_url": "http://169.254.169.254/latest"}, "destination__config__endpoint_url"),
        ({"compression": "zstd"}, "destination__config__compression"),
    ],
)
async def test_settings_that_no_run_could_use_are_refused_at_write(config, attr):
    destination = {"type": "S3", "config": {**S3["config"], **config}}
    with pytest.raises(Invalid) as refusal:
        await ServiceWorld().export(destination=destination)
    assert refusal.value.attr == attr


async def test_put_resets_the_offsets_and_keeps_other_fields_that_are_left_out():
    world = ServiceWorld()
    export = await world.export(interval="day", offset_hour=5, end_at="2027-01-01T00:00:00Z")
    body = {"name": "Daily", "interval": "day", "destination": {"type": "NoOp", "config": {}}}
    changed, _ = await world.services.exports.replace(world.change(export), body, accept)
    assert (changed.name, changed.schedule.offset_hour) == ("Daily", 0)
    assert changed.schedule.end_at == export.schedule.end_at


async def test_patch_keeps_the_offsets_until_the_interval_has_none():
    world = ServiceWorld()
    export = await world.export(interval="day", offset_hour=5)
    changed, _ = await world.services.exports.update(world.change(export), {"name": "Other"}, accept)
    assert changed.schedule.offset_hour == 5
    changed, _ = await world.services.exports.update(world.change(export), {"interval": "hour"}, accept)
    assert changed.schedule.offset_hour == 0


@pytest.mark.parametrize(("before", "after"), [("hour", "day"), ("day", "hour"), ("week", "every 5 minutes")])
async def test_a_change_of_interval_leaves_no_gap_and_no_overlap(before, after):
    world = ServiceWorld()
    export = await world.export(interval=before)
    world.clock.at += timedelta(hours=5)
    await world.services.scheduler.tick()
    await world.services.exports.update(
        world.change(export), {"interval": after, "timezone": "America/New_York"}, accept
    )
    world.clock.at += timedelta(days=3)
    await world.services.scheduler.tick()
    runs = await world.runs(export)
    assert len(runs) > 1
    assert [run.data_interval_start for run in runs[1:]] == [run.data_interval_end for run in runs[:-1]]


async def test_pausing_by_patch_is_pausing():
    world = ServiceWorld()
    export = await world.export()
    changed, _ = await world.services.exports.update(world.change(export), {"paused": True}, accept)
    assert (changed.paused, changed.last_paused_at) == (True, NOW)
    changed, _ = await world.services.exports.update(world.change(export), {"paused": False}, accept)
    assert (changed.paused, changed.next_at) == (False, datetime(2026, 11, 23, 13, 1, tzinfo=UTC))


async def test_pausing_twice_keeps_the_first_moment():
    world = ServiceWorld()
    export = await world.export()
    await world.services.exports.pause(world.change(export))
    world.clock.at += timedelta(hours=1)
    await world.services.exports.pause(world.change(export))
    assert (await world.reread(export)).last_paused_at == NOW


async def test_unpausing_backfills_the_whole_intervals_since_the_pause():
    world = ServiceWorld()
    export = await world.export()
    await world.services.exports.pause(world.change(export))
    world.clock.at += timedelta(hours=3)
    backfill = await world.services.exports.unpause(world.change(export), backfill=True)
    assert backfill is not None
    assert (backfill.start_at.hour, backfill.end_at.hour, backfill.total_runs) == (12, 15, 3)
    assert (await world.reread(export)).next_at == datetime(2026, 11, 23, 16, 1, tzinfo=UTC)


async def test_a_run_that_was_due_when_the_pause_began_is_not_lost():
    world = ServiceWorld()
    export = await world.export()
    world.clock.at = datetime(2026, 11, 23, 15, 0, 30, tzinfo=UTC)
    await world.services.exports.pause(world.change(export))
    world.clock.at += timedelta(hours=2)
    backfill = await world.services.exports.unpause(world.change(export), backfill=True)
    assert backfill is not None
    assert (backfill.start_at.hour, backfill.end_at.hour) == (12, 16)
    assert (await world.reread(export)).next_start_at == backfill.end_at


async def test_rows_that_may_still_arrive_are_left_to_the_schedule():
    world = ServiceWorld()
    export = await world.export()
    await world.services.exports.pause(world.change(export))
    world.clock.at = datetime(2026, 11, 23, 15, 0, 5, tzinfo=UTC)
    backfill = await world.services.exports.unpause(world.change(export), backfill=True)
    assert backfill is not None
    assert backfill.end_at == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert (await world.reread(export)).next_at == datetime(2026, 11, 23, 15, 1, tzinfo=UTC)


async def test_unpausing_backfills_nothing_outside_the_schedules_window():
    world = ServiceWorld()
    export = await world.export(end_at="2026-11-23T14:30:00Z")
    await world.services.exports.pause(world.change(export))
    world.clock.at += timedelta(days=3)
    backfill = await world.services.exports.unpause(world.change(export), backfill=True)
    assert backfill is not None
    assert (backfill.start_at.hour, backfill.end_at.hour) == (12, 14)


async def test_unpausing_what_is_not_paused_ignores_the_backfill():
    world = ServiceWorld()
    export = await world.export()
    assert await world.services.exports.unpause(world.change(export), backfill=True) is None


async def test_deleting_cancels_what_is_open_and_hides_everything():
    world = ServiceWorld()
    export = await world.export()
    await world.backfill(export, {"start_at": "2026-11-23T00:00:00Z", "end_at": "2026-11-23T06:00:00Z"})
    runs = await world.runs(export)
    await world.services.exports.delete(world.change(export))
    assert sorted(world.engine.cancelled) == sorted(run.id for run in runs)
    with pytest.raises(NotFound):
        await world.services.exports.get(1, export.id)
    for ask in (world.services.exports.delete, world.services.exports.pause):
        with pytest.raises(NotFound):
            await ask(world.change(export))
    _, count = await world.services.exports.page(ExportQuery(project_id=1, limit=10, offset=0), 10)
    assert count == 0


async def test_another_projects_export_does_not_exist():
    world = ServiceWorld()
    export = await world.export()
    with pytest.raises(NotFound):
        await world.services.exports.get(2, export.id)
