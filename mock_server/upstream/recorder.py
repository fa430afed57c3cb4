"""Makes a fixture out of what a service shows."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import load_spec
from mock_server.operations import Operations
from mock_server.upstream.pseudonyms import Pseudonyms
from mock_server.upstream.reader import Reader
from mock_server.upstream.recording import record
from mock_server.upstream.target import read_url
from mock_server.upstream.writing import require_name, write


def record_fixture(
    out: Path,
    tell: Callable[[str], None],
    *,
    upstream: str,
    key: str,
    project: int,
    exports: int,
    runs: int,
    keep_names: bool,
    new_ids: bool,
    now: datetime | None,
) -> str:
    """Write the fixture, and say what it has; raises UpstreamError, RecordError or FixtureError.

    `tell` hears how far it is.
    """
    require_name(out)
    operations = Operations(describe_operations(load_spec(), lambda *_: None))
    with Reader(read_url(upstream), key, project, operations, tell=tell) as reader:
        recording = record(reader, exports, runs, now, tell)
    # The same key gives the same names whenever it records, and nobody without it can tell what they stand for.
    pseudonyms = Pseudonyms(key)
    if not keep_names:
        recording = recording.neutral(pseudonyms)
    if new_ids:
        recording = recording.with_other_ids(pseudonyms)
    description = f"Recorded at {recording.at:%Y-%m-%d %H:%M} UTC from a project of another service."
    return write(recording, description, out)
