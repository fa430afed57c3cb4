"""What every destination of files keeps, whatever it writes to; its test module inherits this suite."""

import hashlib
import json
import os
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_exports.domain.destinations import COMPRESSIONS, CheckStatus, connection_checks
from batch_exports.domain.errors import PermanentFailure, RunCancelled
from batch_exports.ports import Chunk
from tests.destinations.worlds import chunks_of, context, export, open_writer
from tests.formats.chunks import make_rows, read_back

PAIRS = [(name, codec) for name, codecs in COMPRESSIONS.items() for codec in (None, *codecs)]
MEBIBYTE = 1024 * 1024


def data_of(objects):
    return {key: content for key, content in objects.items() if not key.endswith("_manifest.json")}


def manifest_key(objects):
    (key,) = [key for key in objects if key.endswith("_manifest.json")]
    return key


def manifest_of(objects):
    return json.loads(objects[manifest_key(objects)])


def long_lines(count, size=64 * 1024):
    """Chunks that no codec makes smaller."""
    for _ in range(count):
        yield Chunk(1, size + 1, os.urandom(size // 2).hex().encode() + b"\n")


class FilesConformance:
    """Inherit it and bring a fixture `world`."""

    @pytest.mark.parametrize(("file_format", "compression"), PAIRS)
    def test_what_was_exported_is_read_back_in_every_format(self, world, file_format, compression):
        rows = make_rows(1_000)
        (file,) = export(world, rows, file_format=file_format, compression=compression)
        ((key, content),) = data_of(world.objects()).items()
        assert read_back(content, file_format, compression) == rows
        assert (file.key, file.rows, file.bytes) == (key, 1_000, len(content))
        assert file.sha256 == hashlib.sha256(content).hexdigest()

    # Two modules inherit this; no example of one is replayed in the other.
    @settings(
        max_examples=8, suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture]
    )
    @given(
        tries=st.lists(st.integers(0, 60), min_size=1, max_size=4),
        pair=st.sampled_from(PAIRS),
        limit=st.sampled_from([None, 0, 1]),
    )
    def test_after_any_tries_of_an_interval_readers_see_the_last_one_only(self, world, tries, pair, limit):
        file_format, compression = pair
        options = {"file_format": file_format, "compression": compression, "max_file_size_mb": limit}
        for count in tries:
            files = export(world, make_rows(count), **options)
            objects = data_of(world.objects())
            assert set(objects) == {file.key for file in files}
            rows = [row for content in objects.values() for row in read_back(content, file_format, compression)]
            assert sorted(row["count"] for row in rows) == list(range(count))
        if any(tries):
            assert manifest_of(world.objects())["rows"] == tries[-1]

    def test_writing_a_part_and_committing_again_changes_nothing(self, world):
        context_ = context(world, max_file_size_mb=1)
        seen = []
        for _ in range(2):
            writer = world.registry.open(world.kind, context_)
            files = writer.write_part(0, 0, chunks_of(writer, make_rows(20_000)), lambda _: None)
            writer.commit(files)
            writer.commit(files)
            seen.append(world.objects())
        assert seen[0] == seen[1]
        assert len(data_of(seen[0])) > 1

    def test_parts_number_their_files_through_and_one_can_be_written_again(self, world):
        writer = open_writer(world, max_file_size_mb=1)
        first = list(writer.write_part(0, 0, long_lines(40), lambda _: None))
        second = list(writer.write_part(1, len(first), long_lines(20), lambda _: None))
        again = list(writer.write_part(1, len(first), long_lines(20), lambda _: None))
        assert [file.key for file in again] == [file.key for file in second]
        writer.commit([*first, *again])
        objects = world.objects()
        assert manifest_of(objects)["rows"] == 60
        assert sum(content.count(b"\n") for content in data_of(objects).values()) == 60
        numbers = [file.key.removesuffix(".jsonl").rpartition("-")[2] for file in [*first, *again]]
        assert numbers == [str(number) for number in range(len(numbers))]

    def test_the_manifest_comes_last_and_tells_everything(self, world):
        writer = open_writer(world, max_file_size_mb=1, compression="gzip")
        files = writer.write_part(0, 0, long_lines(60), lambda _: None)
        before = world.objects()
        assert not [key for key in before if key.endswith("_manifest.json")]
        writer.commit(files)
        after = world.objects()
        manifest = manifest_of(after)
        assert manifest["files"] == [file.key for file in files]
        assert set(manifest["files"]) == set(before)
        assert (manifest["rows"], manifest["bytes"]) == (60, sum(len(content) for content in before.values()))
        for detail in manifest["details"]:
            content = after[detail["key"]]
            assert detail["bytes"] == len(content)
            assert detail["sha256"] == hashlib.sha256(content).hexdigest()
        assert manifest["data_interval_start"] == "2025-03-01T12:00:00+00:00"

    def test_files_are_closed_at_the_first_boundary_past_the_limit(self, world):
        files = export_long(world, 100, max_file_size_mb=2)
        assert len(files) > 2
        assert all(2 * MEBIBYTE <= file.bytes < 2.5 * MEBIBYTE for file in files[:-1])
        assert {file.key: file.bytes for file in files} == {
            key: len(content) for key, content in data_of(world.objects()).items()
        }

    @pytest.mark.parametrize("chunks_before", [0, 3, 400])
    def test_a_run_cancelled_midway_leaves_nothing_of_its_file(self, world, chunks_before):
        def cancelled():
            yield from long_lines(chunks_before)
            raise RunCancelled("The run was cancelled.")

        with pytest.raises(RunCancelled):
            open_writer(world).write_part(0, 0, cancelled(), lambda _: None)
        assert world.objects() == {}
        assert world.unfinished() == []
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("export-")]

    def test_a_failed_try_leaves_the_files_of_the_run_before_it_as_they_were(self, world):
        export(world, make_rows(10))
        before = world.objects()

        def broken():
            yield from long_lines(3)
            raise OSError("the source went away")

        with pytest.raises(OSError, match="the source went away"):
            open_writer(world).write_part(0, 0, broken(), lambda _: None)
        assert world.objects() == before

    def test_files_that_a_failed_try_left_behind_go_with_the_next_commit(self, world):
        writer = open_writer(world, max_file_size_mb=1)
        left = writer.write_part(0, 0, long_lines(100), lambda _: None)
        files = export_long(world, 30, max_file_size_mb=1)
        assert len(left) > len(files)
        assert set(data_of(world.objects())) == {file.key for file in files}

    def test_files_of_another_format_go_when_the_export_changed(self, world):
        export(world, make_rows(10), compression="gzip")
        (file,) = export(world, make_rows(10), file_format="Parquet")
        assert set(data_of(world.objects())) == {file.key}

    def test_files_of_another_export_and_of_other_intervals_are_left_alone(self, world):
        (other,) = export(world, make_rows(5), export_id=context(world).run_id, compression="gzip")
        (next_hour,) = export(world, make_rows(5), hour=1)
        (mine,) = export(world, make_rows(5))
        (again,) = export(world, make_rows(6))
        assert set(data_of(world.objects())) == {other.key, next_hour.key, mine.key}
        assert again.key == mine.key

    @pytest.mark.parametrize("file_format", ["JSONLines", "Parquet"])
    def test_an_interval_without_rows_writes_nothing(self, world, file_format):
        assert export(world, [], file_format=file_format) == []
        assert world.objects() == {}

    def test_an_interval_that_has_lost_its_rows_loses_its_files_too(self, world):
        export(world, make_rows(10))
        export(world, [])
        objects = world.objects()
        assert data_of(objects) == {}
        assert (manifest_of(objects)["files"], manifest_of(objects)["rows"]) == ([], 0)

    def test_every_byte_is_reported(self, world):
        reported = []
        writer = open_writer(world, compression="gzip", max_file_size_mb=1)
        files = writer.write_part(0, 0, long_lines(60), reported.append)
        assert sum(reported) == sum(file.bytes for file in files)
        assert len(reported) > len(files)

    def test_a_manifest_that_is_no_manifest_is_replaced(self, world):
        export(world, make_rows(3))
        before = world.objects()
        for text in (b"", b"[]", b"not json", b'{"export_id": 3, "files": 3}', b'{"files": ["../../etc/passwd"]}'):
            world.put(manifest_key(before), text)
            export(world, make_rows(3))
            assert set(world.objects()) == set(before)
            assert manifest_of(world.objects())["rows"] == 3

    def test_a_manifest_cannot_make_us_delete_what_is_not_ours(self, world):
        (other,) = export(world, make_rows(5), hour=5)
        (mine,) = export(world, make_rows(3))
        text = json.dumps({"export_id": str(context(world).export_id), "files": [other.key, "../x", 3, None]})
        world.put(mine.key.replace(".jsonl", "_manifest.json"), text.encode())
        export(world, make_rows(3))
        assert other.key in world.objects()

    @pytest.mark.parametrize("prefix", ["../up", "a/../../b", "line\nbreak", "x" * 2000])
    def test_a_prefix_that_leads_elsewhere_is_refused_before_anything_is_written(self, world, prefix):
        with pytest.raises(PermanentFailure, match="prefix"):
            open_writer(world, prefix=prefix).write_part(0, 0, long_lines(1), lambda _: None)
        assert world.objects() == {}

    def test_odd_but_legal_characters_of_a_prefix_are_kept(self, world):
        prefix = f"{world.config['prefix']}/sp ace/+plus/ünï/100%25/{{unknown}}/[a]#b?c*d~e&f=g"
        (file,) = export(world, make_rows(2), prefix=prefix)
        assert file.key.startswith(prefix)
        assert file.key in world.objects()

    def test_all_connection_checks_pass_and_leave_nothing(self, world):
        for number, planned in enumerate(connection_checks(world.kind)):
            result = world.registry.run_step(world.kind, world.config, number)
            assert (result.name, result.status) == (planned.name, CheckStatus.PASSED), result.message
        assert world.objects() == {}


def export_long(world, count, **config):
    writer = open_writer(world, **config)
    files = list(writer.write_part(0, 0, long_lines(count), lambda _: None))
    writer.commit(files)
    return files
