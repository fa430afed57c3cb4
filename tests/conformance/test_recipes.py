"""Every line of the CI recipes that can run on this machine does; the operator's is test_read_only's."""

import os
import signal
import subprocess
import sysconfig

import pytest
import yaml

from mock_server.personas import KEYS
from tests.conformance.recipes import GITHUB, GITLAB, JOBS, recipes, shell
from tests.conformance.test_command import free_address

LOOK = "curl -fsS {} > /dev/null"


@pytest.mark.parametrize(
    "arguments",
    [
        ("vendor.github-workflows", str(GITHUB)),
        ("vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(GITLAB)),
    ],
)
def test_each_ci_can_read_its_recipe(arguments):
    command = f"{sysconfig.get_path('scripts')}/check-jsonschema"
    subprocess.run([command, "--builtin-schema", *arguments], check=True, capture_output=True)


def test_every_ci_runs_the_same_lines():
    github, gitlab = (recipes()[kind] for kind in ("github", "gitlab"))
    assert [github[name] for name in JOBS] == [gitlab[name] for name in JOBS]


@pytest.mark.parametrize("job", ["contract", "after-deploy"])
def test_the_container_gets_the_arguments_that_the_package_gets(job):
    [line], [by_docker] = (recipes()["github"][name] for name in (job, f"{job}-container"))
    assert line.removeprefix("batch-exports ").startswith(by_docker.partition('"$IMAGE" ')[2])
    assert recipes()["gitlab"][f"{job}-container"] == [line]


def test_the_mock_is_a_service_in_one_ci_and_a_container_in_the_other():
    [service] = yaml.safe_load(GITLAB.read_text())["front-end-container"]["services"]
    started, _ = recipes()["github"]["front-end-container"]
    assert started.partition('"$IMAGE" ')[2].split() == service["command"]


def test_a_front_end_finds_the_mock(tmp_path):
    # The port of the recipe may be taken here.
    started = "\n".join(recipes()["github"]["front-end"]).replace("8010", "0")
    shell(f"{started}\n{LOOK.format('http://127.0.0.1:$(cat mock.port)/docs')}\nkill %1", tmp_path)


def test_a_front_end_finds_the_container(tmp_path):
    address = free_address()
    started = "\n".join(recipes()["github"]["front-end-container"]).replace("8010", address.rpartition(":")[2])
    container = shell(f"{started}\n{LOOK.format(address + '/docs')}", tmp_path)
    os.kill(int(container), signal.SIGTERM)


def test_a_gate_writes_every_report(tmp_path, mock_url):
    [line] = recipes()["github"]["contract-container"]
    # The profile that is short enough for this test writes the same files.
    short = f"{line} --profile read-only"
    shell(short, tmp_path, CONTRACT_URL=mock_url, BATCH_EXPORTS_CONTRACT_KEY=KEYS["admin"])
    written = {path.name for path in (tmp_path / "reports").iterdir()}
    assert written == {"junit.xml", "requests.har", "report.html", "result.json"}
