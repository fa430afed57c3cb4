"""File: what it keeps beyond the conformance of all destinations of files."""

import errno
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.file.storage import FileStorage, _failure
from batch_exports.destinations.registry import DestinationRegistry
from batch_exports.domain.destinations import CheckStatus
from batch_exports.domain.errors import PermanentFailure, RetryableFailure
from tests.destinations.conformance import FilesConformance
from tests.destinations.worlds import LOOPBACK, FileWorld, context, export, open_writer
from tests.formats.chunks import line_chunks, make_rows


@pytest.fixture
def world(tmp_path):
    return FileWorld(tmp_path / "root")


class TestFile(FilesConformance):
    pass


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b", "link", "\\..", "~", "\0"]), max_size=5).map("/".join))
def test_no_folder_name_leads_out_of_the_root(tmp_path_factory, folder):
    outside = tmp_path_factory.mktemp("outside")
    root = outside / "root"
    root.mkdir()
    (root / "link").symlink_to(outside)
    with suppress(PermanentFailure):
        FileStorage(root, folder, token="t").put("key", [b"x"])
        assert len([path for path in root.rglob("key") if path.is_file()]) == 1
    assert [path for path in outside.iterdir() if path != root] == []


def test_a_symbolic_link_out_of_the_root_is_not_followed(world, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (world.root / "exports").mkdir(parents=True)
    (world.root / "exports" / "events").symlink_to(outside)
    with pytest.raises(PermanentFailure, match="symbolic link"):
        export(world, make_rows(1))
    assert list(outside.iterdir()) == []


def test_a_file_is_replaced_and_not_written_through_a_link(world, tmp_path):
    target = tmp_path / "target"
    target.write_text("precious")
    (file,) = export(world, make_rows(1))
    path = world.root / "exports" / file.key
    path.unlink()
    path.symlink_to(target)
    export(world, make_rows(1))
    assert target.read_text() == "precious"
    assert path.is_file()
    assert not path.is_symlink()


def test_the_root_itself_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    export(FileWorld(tmp_path / "root"), make_rows(1))
    assert len(list((tmp_path / "real").rglob("*.jsonl"))) == 1


def test_what_a_crash_left_unfinished_is_replaced_by_the_next_try_of_the_run(world):
    folder = world.root / "exports" / "events"
    context_ = context(world)
    storage = FileStorage(world.root, "exports", token=context_.run_id.hex)
    key = world.registry.open("File", context_).write_part(0, 0, line_chunks(make_rows(1), 1), lambda _: None)[0].key
    (folder / storage._unfinished(key)).write_bytes(b"half a file")
    world.registry.open("File", context_).write_part(0, 0, line_chunks(make_rows(2), 1), lambda _: None)
    assert world.unfinished() == []


def test_a_folder_that_cannot_be_made_is_permanent_and_says_what_to_change(world):
    world.root.mkdir()
    (world.root / "exports").write_text("a file is in the way")
    with pytest.raises(PermanentFailure, match="Use another path or prefix"):
        export(world, make_rows(1))


def test_a_name_too_long_for_the_file_system_is_permanent(world):
    with pytest.raises(PermanentFailure, match="Shorten the prefix"):
        export(world, make_rows(1), prefix="x" * 300)


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (errno.ENOSPC, RetryableFailure, "disk is full"),
        (errno.EIO, RetryableFailure, "Input/output error"),
        (errno.EACCES, PermanentFailure, "Change the owner"),
        (errno.EROFS, PermanentFailure, "Mount it for writing"),
    ],
)
def test_what_the_file_system_says_becomes_advice(number, kind, advice):
    failure = _failure("events/file.jsonl", OSError(number, os.strerror(number)))
    assert type(failure) is kind
    assert advice in str(failure)
    assert "events/file.jsonl" in str(failure)


@pytest.mark.parametrize("path", ["/etc", "../outside", "a/../../b", "a\0b"])
def test_a_path_that_is_not_below_the_root_is_refused(world, path):
    with pytest.raises(PermanentFailure, match="use a relative one"):
        open_writer(world, path=path)


def test_without_a_root_the_operator_is_told_which_setting_to_set(world):
    registry = DestinationRegistry(EgressGate(LOOPBACK))
    with pytest.raises(PermanentFailure, match="BATCH_EXPORTS_FILE_ROOT"):
        registry.open("File", context(world))
    result = registry.run_step("File", world.config, 0)
    assert result.status is CheckStatus.FAILED
    assert "BATCH_EXPORTS_FILE_ROOT" in (result.message or "")


def test_the_check_says_why_a_folder_cannot_be_used(world):
    world.root.mkdir()
    (world.root / "exports").write_text("a file is in the way")
    result = world.registry.run_step("File", world.config, 0)
    assert result.status is CheckStatus.FAILED
    assert "Use another path" in (result.message or "")
