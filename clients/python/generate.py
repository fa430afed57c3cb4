"""Generates a typed Python client of the contract: `python clients/python/generate.py FOLDER`."""  # noqa: INP001  # is run

import argparse
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "openapi" / "batch_exports.yaml"


def spell_out_null(node: Any) -> Any:
    """The same document, its nullable enums as a choice between values and null: the generator knows no other form."""
    if isinstance(node, list):
        return [spell_out_null(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("nullable") is True and "enum" in node:
        values = [value for value in node["enum"] if value is not None]
        choice = {"nullable": True, "oneOf": [{"type": node["type"], "enum": values}]}
        return choice | {name: node[name] for name in ("description", "default") if name in node}
    return {name: spell_out_null(each) for name, each in node.items()}


def generate(folder: Path, contract: Path = CONTRACT) -> int:
    """Write the client into a folder, and say how it ended: with 0 only if nothing of the contract was left out."""
    scripts = sysconfig.get_path("scripts")
    with TemporaryDirectory() as scratch:
        document = Path(scratch) / "batch_exports.json"
        document.write_text(json.dumps(spell_out_null(yaml.safe_load(contract.read_text()))))
        command = [f"{scripts}/openapi-python-client", "generate", "--fail-on-warning", "--overwrite", "--meta", "uv"]
        command += ["--config", str(HERE / "config.yaml"), "--path", str(document), "--output-path", str(folder)]
        # The generator formats what it wrote with the ruff that it finds there.
        environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # the generator


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Generate a typed Python client of the contract.")
    arguments.add_argument("folder", type=Path, help="where to write it")
    arguments.add_argument("--contract", type=Path, default=CONTRACT, help="the contract, if not this repository's")
    given = arguments.parse_args()
    if not given.contract.is_file():
        arguments.error(f"There is no contract at {given.contract}.")
    sys.exit(generate(given.folder, given.contract))
