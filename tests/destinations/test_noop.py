"""NoOp: reads and counts."""

import pytest

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.registry import DestinationRegistry
from batch_exports.domain.destinations import CheckStatus
from batch_exports.ports import Lane
from tests.destinations.worlds import LOOPBACK, FileWorld, context
from tests.formats.chunks import arrow_chunks, make_rows


@pytest.fixture
def writer(tmp_path):
    return DestinationRegistry(EgressGate(LOOPBACK)).open("NoOp", context(FileWorld(tmp_path)))


def test_all_rows_are_read_and_counted(writer):
    assert writer.lane is Lane.ARROW
    files = writer.write_part(0, 0, arrow_chunks(make_rows(250), 40), lambda _: None)
    assert [(file.rows, file.bytes) for file in files] == [(250, 0)]
    writer.commit(files)


def test_no_rows_are_no_file(writer):
    assert list(writer.write_part(0, 0, iter(()), lambda _: None)) == []


def test_an_error_of_the_source_comes_out(writer):
    def broken():
        yield from arrow_chunks(make_rows(1), 1)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        writer.write_part(0, 0, broken(), lambda _: None)


def test_its_check_passes():
    assert DestinationRegistry(EgressGate(LOOPBACK)).run_step("NoOp", {}, 0).status is CheckStatus.PASSED
