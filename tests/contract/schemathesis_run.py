"""One run of the Schemathesis command line against a served world, and what its reports say."""

import json
import os
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.worlds import Served
from tests.spec.document import PATH, ROOT, operations

COMMAND = str(Path(sysconfig.get_path("scripts")) / "st")
CONFIG = Path(__file__).with_name("schemathesis.toml")
QUICK = 15
SCENARIOS = 100
"""Programs of several requests in a quick run, as the configuration has it."""
SECONDS_PER_EXAMPLE = 10

Pair = tuple[str, int]
Json = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What a run printed, its summary, and how often each operation answered each status."""

    exit_code: int
    output: str
    summary: Json
    answers: Mapping[Pair, int]


def run_schemathesis(world: Served, folder: Path, examples: int) -> Report:
    """Run all phases and all checks; the folder keeps the reports."""
    folder.mkdir()
    _write_identities(folder, world)
    _write_config(folder, examples)
    done = subprocess.run(
        _command(world, folder, examples),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600 + SECONDS_PER_EXAMPLE * examples,
        check=False,
    )
    output = done.stdout + done.stderr
    assert (folder / "summary.json").exists(), output
    summary = json.loads((folder / "summary.json").read_text())
    return Report(done.returncode, output, summary, Counter(_answers(folder / "events.ndjson")))


def _command(world: Served, folder: Path, examples: int) -> list[str]:
    return [
        *(COMMAND, "--config-file", str(folder / CONFIG.name), "--no-color"),
        *("run", str(PATH), "--origin", world.url),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(examples)),
        *("--report-json-path", str(folder / "summary.json"), "--report-ndjson-path", str(folder / "events.ndjson")),
    ]


def _write_identities(folder: Path, world: Served) -> None:
    keys = {"acme": world.acme_key, "globex": world.globex_key}
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {key}"}]}
        for name, key in keys.items()
    ]
    (folder / "identities.json").write_text(json.dumps({"auth": entries}))


def _write_config(folder: Path, examples: int) -> None:
    before, after = f"max-examples = {SCENARIOS}", f"max-examples = {max(SCENARIOS, examples)}"
    text = CONFIG.read_text()
    assert before in text
    (folder / CONFIG.name).write_text(text.replace(before, after))


def _answers(events: Path) -> Iterator[Pair]:
    ids = {(each.method.upper(), each.path): each.id for each in operations()}
    with events.open() as lines:
        for line in lines:
            recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
            for case_id, interaction in recorder.get("interactions", {}).items():
                case = recorder["cases"][case_id]["value"]
                operation = ids.get((case["method"], case["path"]))
                # Methods that a path does not have belong to no operation.
                if operation is not None and interaction.get("response"):
                    yield operation, interaction["response"]["status_code"]
