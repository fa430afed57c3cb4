"""What is installed is the wheel, so the wheel is what is tried: outside the checkout, in an environment of its own."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.invariants.repository import PACKAGES, ROOT, files
from tests.service import wait_until

UV = str(Path(sysconfig.get_path("scripts")) / "uv")
SOURCES = [path.relative_to(ROOT).as_posix() for path in files() if path.relative_to(ROOT).parts[0] in PACKAGES]


def quietly(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=300, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    quietly(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    (file,) = folder.glob("*.whl")
    return file


class Environment:
    """A Python with the wheel, and with nothing that the wheel does not ask for."""

    def __init__(self, folder):
        self.folder = folder
        quietly(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")

    def install(self, requirement):
        quietly(
            UV, "pip", "install", "--quiet", "--python", self.folder / "venv", "--constraints",
            ROOT / "requirements" / "dev.txt", requirement,
        )  # fmt: skip

    def run(self, *arguments):
        command = [self.folder / "venv" / "bin" / "batch-exports", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, cwd=self.folder, env=self._variables()
        )

    @contextmanager
    def serving(self, *arguments):
        """What a command that serves prints as JSON when it is ready."""
        log = self.folder / "log"
        command = [self.folder / "venv" / "bin" / "batch-exports", *arguments, "--port", "0", "--json"]
        with log.open("w") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=self.folder, env=self._variables()
            )
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            yield json.loads(line)
            process.terminate()
            assert process.wait(30) == 0
            assert log.read_text() == ""
        finally:
            process.kill()
            process.communicate()

    def _variables(self):
        # A user's own: neither this checkout nor this test's settings are in sight.
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONWARNINGS": "ignore"}


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    environment = Environment(tmp_path_factory.mktemp("environment"))
    environment.install(str(wheel))
    return environment


@pytest.fixture(scope="module")
def full_environment(environment, wheel):
    environment.install(f"{wheel}[server,embedded,s3]")
    return environment


def test_the_wheel_holds_every_file_of_its_packages_and_the_contract(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        contract = archive.read("batch_exports/contract/batch_exports.yaml")
    assert names == {*SOURCES, "batch_exports/contract/batch_exports.yaml"}
    assert contract == (ROOT / "openapi" / "batch_exports.yaml").read_bytes()
    assert {
        "batch_exports/py.typed",
        "handlers/py.typed",
        "mock_server/py.typed",
        "mock_server/scenario_schema.yaml",
        "mock_server/fixtures/typical.yaml",
        "batch_exports/store/migrations/script.py.mako",
    } <= names


def test_the_base_install_serves_the_mock(environment):
    with environment.serving("mock") as facts:
        headers = {"Authorization": f"Bearer {facts['keys']['read']}"}
        page = httpx.get(f"{facts['url']}/api/projects/1/batch_exports/", headers=headers, trust_env=False)
        assert page.json()["count"] > 0
        source = httpx.get(f"{facts['url']}/openapi.yaml", trust_env=False).content
        assert source == (ROOT / "openapi" / "batch_exports.yaml").read_bytes()
    assert len(environment.run("routes").stdout.splitlines()) > 20


@pytest.mark.parametrize(
    ("command", "extras"),
    [(("dev",), "server,embedded"), (("serve",), "server"), (("keys", "create", "--project", "1", "--scope",
      "batch_export:read"), "server")],
)  # fmt: skip
def test_the_base_install_says_what_other_commands_need(environment, command, extras):
    done = environment.run(*command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("batch-exports: This command needs packages that are not installed (aiosqlite, ")
    assert done.stderr.endswith(f"pip install 'batch-exports[{extras}]'\n")
    assert len(done.stderr.splitlines()) == 1


def shown_runs(client, export_id):
    answer = client.get(f"/{export_id}/runs/")
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def test_with_its_extras_it_exports_the_sample_data(full_environment):
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hours = {"start_at": (end - timedelta(hours=2)).isoformat(), "end_at": end.isoformat()}
    destination = {"type": "File", "config": {"path": "out", "file_format": "Parquet", "compression": "zstd"}}
    with full_environment.serving("dev") as facts, client_of(facts) as client:
        made = client.post("/", json={"name": "Out", "interval": "hour", "destination": destination})
        assert made.status_code == 201, made.text
        made = made.json()
        assert client.post(f"/{made['id']}/backfills/", json=hours).status_code == 201
        # No more often than a client may, whose requests are limited here.
        runs = wait_until(lambda: all_completed(shown_runs(client, made["id"])), pause=0.5)
        assert [run["records_completed"] for run in runs] == [500, 500]
        s3 = {"bucket_name": "b", "region": "r", "prefix": "p", "endpoint_url": "http://127.0.0.1:1"}
        s3 |= {"aws_access_key_id": "i", "aws_secret_access_key": "s"}
        checked = client.post("/run_test_step_new/", json={"step": 0, "destination": {"type": "S3", "config": s3}})
        assert "not installed" not in checked.text
        assert full_environment.run("doctor").returncode == 0
    assert len(list((full_environment.folder / "data" / "exports").rglob("*.parquet"))) == 2


def client_of(facts):
    return httpx.Client(
        base_url=f"{facts['url']}/api/projects/{facts['project_id']}/batch_exports",
        headers={"Authorization": f"Bearer {facts['api_key']}"},
        trust_env=False,
        timeout=60,
    )


def all_completed(runs):
    return runs if len(runs) == 2 and {run["status"] for run in runs} == {"Completed"} else None


def test_the_packages_belong_to_this_distribution_alone(environment):
    program = (
        "import json, importlib.metadata as m; "
        f"print(json.dumps([m.packages_distributions()[name] for name in {PACKAGES!r}]))"
    )
    found = json.loads(quietly(environment.folder / "venv" / "bin" / "python", "-c", program, cwd=environment.folder))
    assert found == [["batch-exports"]] * len(PACKAGES)
