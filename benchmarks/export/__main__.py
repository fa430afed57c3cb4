"""Compares whole exports with DuckDB's COPY in interleaved rounds, or shows the memory of one large export.

python -m benchmarks.export                      # 280,000 rows: CPU and wall against DuckDB
python -m benchmarks.export --memory 5000000     # peak memory of one run
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.export.data import make_duckdb, make_store
from tests.seaweed import running_server

BUCKET = "benchmark"
AIMS = {"Parquet": 0.9, "JSONLines": 5.0}
FILE = {"path": "out", "prefix": "events"}
MEMORY_AIM = 550


def run(variant: str, folder: Path, file_format: str, destination: dict[str, Any], *more: str) -> dict[str, Any]:
    """One export in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.export.variants", variant, str(folder), file_format]
    done = subprocess.run([*command, json.dumps(destination), *more], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(folder: Path, rows: int, rounds: int) -> None:
    """CPU and wall of our runs to a file and to S3 against DuckDB's COPY to a file."""
    make_store(folder, rows)
    make_duckdb(folder, rows)
    with running_server(folder / "s3", buckets=[BUCKET]) as server:
        variants = {
            "duckdb file": ("duckdb", FILE),
            "ours file": ("ours", FILE),
            "ours s3": ("ours", {**server.config(BUCKET), "prefix": "events"}),
        }
        results: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for _ in range(rounds):
            jobs = [(file_format, name) for file_format in AIMS for name in variants]
            random.shuffle(jobs)
            for file_format, name in jobs:
                variant, destination = variants[name]
                result = run(variant, folder, file_format, destination)
                assert result["rows"] == rows
                results.setdefault((file_format, name), []).append(result)
    print("Medians; x: DuckDB / variant. CPU counts the event store's process, whose share is in brackets.")
    print("format     variant        cpu s  (store)  wall s  peak MB  out MB  x cpu (least, most)  x wall")
    for file_format, aim in AIMS.items():
        for name in variants:
            mine = results[file_format, name]
            shown = {
                key: statistics.median(result[key] for result in mine)
                for key in ("cpu", "cpu_others", "wall", "peak", "bytes")
            }
            pairs = list(zip(results[file_format, "duckdb file"], mine, strict=True))
            cpu, wall = ([a[key] / b[key] for a, b in pairs] for key in ("cpu", "wall"))
            costs = f"{shown['cpu']:7.2f} {shown['cpu_others']:8.2f} {shown['wall']:7.2f} {shown['peak']:8.0f}"
            gains = f"{statistics.median(cpu):6.2f} ({min(cpu):5.2f}, {max(cpu):5.2f}) {statistics.median(wall):7.2f}"
            gains += f"   aim {aim} x cpu" if name == "ours file" else ""
            print(f"{file_format:10} {name:12} {costs} {shown['bytes'] / 1e6:7.1f} {gains}")


def show_memory(folder: Path, rows: int) -> None:
    """Peak anonymous memory of one run, and of the event store's process beside it."""
    make_store(folder, rows)
    print(f"{rows} rows      cpu s  wall s  peak MB of the run  of the event store   out MB")
    for file_format in AIMS:
        result = run("ours", folder, file_format, FILE)
        assert result["rows"] == rows
        print(
            f"{file_format:12} {result['cpu']:9.2f} {result['wall']:7.2f} {result['peak']:19.0f} "
            f"{result['peak_others']:19.0f} {result['bytes'] / 1e6:8.1f}   aim {MEMORY_AIM}"
        )


def main() -> None:
    """Run the benchmark that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export")
    parser.add_argument("--rows", type=int, default=280_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, metavar="ROWS", help="show the peak memory of a run of that many rows")
    parser.add_argument("--dir", type=Path, help="keep the data here instead of in a temporary folder")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.dir or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if options.memory:
            show_memory(folder, options.memory)
        else:
            compare(folder, options.rows, options.rounds)


if __name__ == "__main__":
    main()
