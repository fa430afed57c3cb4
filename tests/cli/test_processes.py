"""The processes that serve and work: one per data folder, and gone soon after a signal, whenever it comes."""

import json
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import refusal
from tests.service import COMMAND, Service, wait_until

STOP_SECONDS = 10


class Started:
    """A command that is being started, with all that it says."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        self.process = subprocess.Popen(
            [COMMAND, *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def end(self, *numbers):
        """Send signals; the exit code, and what was said."""
        begin = time.monotonic()
        for each in numbers:
            self.process.send_signal(each)
        out, err = self.process.communicate(timeout=STOP_SECONDS)
        assert time.monotonic() - begin < STOP_SECONDS
        assert others_of(self.folder) == []
        return self.process.returncode, out, err


def others_of(folder):
    """Processes that were started for a data folder and still run."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command)
    return found


def dev(folder):
    return Started(folder, "dev", "--port", "0", "--data-dir", str(folder))


@pytest.mark.parametrize(
    ("command", "number"),
    [("dev", signal.SIGINT), ("dev", signal.SIGTERM), ("serve", signal.SIGTERM), ("worker", signal.SIGINT)],
)
def test_a_process_at_work_ends_with_success_and_without_a_word(tmp_path, command, number):
    port = [] if command == "worker" else ["--port", "0"]
    with Started(tmp_path, command, *port, "--data-dir", str(tmp_path)) as started:
        assert json.loads(started.process.stdout.readline())
        assert started.end(number) == (0, "", "")


def test_impatience_changes_nothing_about_the_end(tmp_path):
    with dev(tmp_path) as started:
        assert json.loads(started.process.stdout.readline())
        assert started.end(signal.SIGINT, signal.SIGINT, signal.SIGTERM) == (0, "", "")


@pytest.mark.parametrize(
    ("milestone", "number"),
    [
        ("batch_exports.db", signal.SIGINT),
        ("batch_exports.db-worker.lock", signal.SIGTERM),
        ("event_store.log", signal.SIGINT),
        ("event_store.json", signal.SIGTERM),
    ],
)
def test_a_start_can_be_broken_off_at_any_point(tmp_path, milestone, number):
    with dev(tmp_path) as started:
        wait_until((tmp_path / milestone).exists, seconds=30)
        assert started.end(number) == (128 + number, "", "")


def test_a_start_that_was_broken_off_is_made_up_for(tmp_path):
    with dev(tmp_path) as started:
        wait_until((tmp_path / "event_store.json").exists, seconds=30)
        started.end(signal.SIGTERM)
    with Service("dev", "--port", "0", "--data-dir", str(tmp_path)) as service, service.client() as client:
        assert client.get("/").json()["count"] == 0
        assert service.stop() == 0


def test_a_request_that_never_ends_does_not_hold_up_the_end(tmp_path):
    with Started(tmp_path, "serve", "--port", "0", "--data-dir", str(tmp_path)) as started:
        url = httpx.URL(json.loads(started.process.stdout.readline())["url"])
        with httpx.Client(trust_env=False) as client, client.stream("GET", url.join("/openapi.yaml")) as answer:
            assert answer.status_code == 200
            code, _, err = started.end(signal.SIGTERM)
    assert (code, "Traceback" in err) == (0, False)


def test_a_data_folder_has_one_worker(tmp_path):
    with Service("dev", "--port", "0", "--data-dir", str(tmp_path)) as service:
        for command in (("dev", "--port", "0"), ("worker",)):
            line = refusal(*command, "--data-dir", tmp_path)
            assert line.startswith(f"Another worker (process {service.process.pid}) already works on this database")
        assert httpx.get(f"{service.facts['url']}/readyz", trust_env=False).status_code == 200


def test_what_dev_prints_for_people_can_be_followed(tmp_path):
    process = subprocess.Popen(
        [COMMAND, "dev", "--port", "0", "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        said = ""
        while "curl" not in said:
            line = process.stdout.readline()
            assert line
            said += line
        words = said.split()
        url, key = words[-1], words[words.index("key") + 1]
        answer = httpx.get(url, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
        assert answer.json()["results"] == []
        docs = words[words.index("docs") + 1]
        assert httpx.get(docs, follow_redirects=True, trust_env=False).status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=STOP_SECONDS)
