"""From recordings to fixture files, which are checked as the start of a mock would before they are kept."""

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import load_spec
from mock_server.checking import check_scenario
from mock_server.library import SCENARIO_NAME, SUFFIXES, Library
from mock_server.operations import Operations
from mock_server.scenarios import create_validator
from mock_server.upstream.rebuilding import rebuild
from mock_server.upstream.recording import Recording
from mock_server.upstream.target import UpstreamError
from mock_server.world_fixture import world_fixture

if TYPE_CHECKING:
    from mock_server.world import World


def require_name(out: Path) -> None:
    """Raise UpstreamError for a file that no scenario could be read from."""
    if out.suffix not in SUFFIXES or SCENARIO_NAME.fullmatch(out.stem) is None:
        raise UpstreamError(
            f"A fixture's file ends with {', '.join(SUFFIXES)}, and its name before that has up to 64 letters, "
            "digits, _ and -."
        )
    if not out.parent.is_dir():
        raise UpstreamError(f"There is no folder '{out.parent}' to write to.")


def write(recording: Recording, description: str, out: Path) -> str:
    """Write a recording to a file, in place of what was there, and say what it has; raises FixtureError."""
    fixture = world_fixture(asyncio.run(rebuild(recording)), description)
    content = orjson.dumps(fixture, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2)
    text = content.decode() + "\n" if out.suffix == ".json" else _yaml(orjson.loads(content))
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".recording-") as folder:
        draft = Path(folder) / out.name
        draft.write_text(text, encoding="utf-8")
        said = _check(draft)
        draft.replace(out)
    return f"{out}: {said}"


def _check(path: Path) -> str:
    spec = load_spec()
    operations, requests = Operations(describe_operations(spec, lambda *_: None)), create_validator(spec)
    worlds: list[World] = []
    Library([path]).load(lambda document: worlds.append(check_scenario(document, requests, operations)))
    tables = worlds[0].store.tables
    return f"{len(tables.exports)} exports, {len(tables.runs)} runs, {len(tables.backfills)} backfills"


def _yaml(data: Any) -> str:
    text: str = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120)
    return text
