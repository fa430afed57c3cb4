"""The compose file, held to the specification and to what this service can do; no container is started here."""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import click
import httpx
import pytest
import yaml

from batch_exports.settings import PREFIX, Settings, documentation
from batch_exports.signals import PATIENCE_SECONDS
from tests.container.files import (
    COMPOSE,
    compose,
    image_environment,
    of_stage,
    our_services,
    parse_command,
    resolved,
    services,
    variables,
)
from tests.service import Service

CHECKER = Path(sysconfig.get_path("scripts")) / "check-jsonschema"
GIVEN = {
    "POSTGRES_PASSWORD": "0123456789abcdef",
    "BATCH_EXPORTS_SECRET_KEY": f"{'A' * 43}=",
    "BATCH_EXPORTS_METRICS_TOKEN": "0123456789abcdef",
    "S3_ACCESS_KEY": "key",
    "S3_SECRET_KEY": "secret",
}
OURS, ALL = sorted(our_services()), sorted(services())


def complaints(path):
    """What the compose specification's schema has against a file."""
    done = subprocess.run(
        [CHECKER, "--builtin-schema", "vendor.compose-spec", path], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout


def test_it_is_what_the_specification_says():
    assert complaints(COMPOSE) == ""


@pytest.mark.parametrize("wrong", [{"replica": 2}, {"cap_drop": "ALL"}, {"depends_on": {"api": {"condition": "soon"}}}])
def test_what_the_specification_does_not_know_is_seen(tmp_path, wrong):
    changed = {**compose(), "services": {**services(), "worker": {**services()["worker"], **wrong}}}
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(changed))
    assert complaints(tmp_path / "compose.yaml")


@pytest.mark.parametrize("name", OURS)
def test_what_a_service_runs_is_a_command(name):
    parse_command(services()[name]["command"])


def test_a_command_that_there_is_not_is_seen():
    with pytest.raises(click.UsageError):
        parse_command(["serve", "--threads", "2"])


@pytest.mark.parametrize("name", OURS)
def test_its_variables_are_settings_that_can_be_used(name):
    given = {key: resolved(value, GIVEN) for key, value in services()[name]["environment"].items()}
    ours = {key: value for key, value in given.items() if key.startswith(PREFIX)}
    assert ours.keys() <= {setting for setting, _, _ in documentation()}
    settings = Settings.read(image_environment() | ours)
    assert settings.database_url == f"postgresql://exports:{GIVEN['POSTGRES_PASSWORD']}@postgres/exports"
    assert "seaweedfs" in settings.egress_allow


def test_no_secret_is_written_down_and_none_can_be_forgotten():
    asked = {name: (operator, operand) for name, operator, operand in variables(compose())}
    for name in GIVEN:
        operator, message = asked[name]
        assert (operator, bool(message)) == ("?", True)
    for service in services().values():
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|TOKEN|KEY|_URL", key):
                assert re.search(r"\$\{\w+:\?[^}]+\}", str(value)), key


@pytest.mark.parametrize("name", ALL)
def test_what_a_service_waits_for_is_there_and_can_be_waited_for(name):
    for other, waiting in services()[name].get("depends_on", {}).items():
        awaited = services()[other]
        if waiting["condition"] == "service_completed_successfully":
            assert awaited["restart"] == "no"
        else:
            assert awaited["healthcheck"]["test"]


def test_volumes_and_networks_are_declared_and_used():
    for kind in ("volumes", "networks"):
        used = {each.partition(":")[0] for service in services().values() for each in service.get(kind, [])}
        assert used == compose()[kind].keys()


@pytest.mark.parametrize("name", OURS)
def test_our_services_can_do_as_little_as_possible(name):
    service = services()[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "pid", "network_mode", "devices"} & service.keys()


@pytest.mark.parametrize("name", OURS)
def test_what_our_services_write_to_can_be_written_to_by_their_user(name):
    service = services()[name]
    mounts = dict(each.partition(":")[::2] for each in service["tmpfs"])
    volumes = {each.partition(":")[2] for each in service.get("volumes", [])}
    (folder,) = of_stage(-1, "VOLUME")
    assert "/tmp" in mounts
    # A volume takes its owner over from the image.
    if folder not in volumes:
        user, group = of_stage(-1, "USER")[0].split(":")
        assert mounts[folder] == f"uid={user},gid={group},mode=0700"


@pytest.mark.parametrize("name", ALL)
def test_images_have_versions_and_no_service_is_privileged(name):
    service = services()[name]
    assert "privileged" not in service
    if name not in OURS:
        image, _, tag = service["image"].partition(":")
        assert re.search(r"\d", tag)
        assert "." not in image


@pytest.mark.parametrize("name", ALL)
def test_what_is_open_to_others_is_open_to_this_machine_alone(name):
    assert all(port.startswith("127.0.0.1:") for port in services()[name].get("ports", []))


def test_nobody_but_the_service_reaches_the_database():
    assert services()["postgres"]["networks"] == ["database"]
    assert compose()["networks"]["database"]["internal"]


def test_requests_have_the_time_to_be_answered_before_the_end():
    seconds = int(services()["api"]["stop_grace_period"].removesuffix("s"))
    assert seconds > Settings().drain_seconds + PATIENCE_SECONDS


def test_of_two_workers_one_stands_by():
    worker = services()["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert "--standby" in worker["command"]


def test_a_worker_s_health_is_looked_at_where_it_answers(tmp_path):
    service = services()["worker"]
    port = str(service["environment"]["BATCH_EXPORTS_WORKER_PORT"])
    _, _, *arguments = service["healthcheck"]["test"]
    environment = {"BATCH_EXPORTS_WORKER_PORT": "0"}
    with Service("worker", "--data-dir", str(tmp_path), environment=environment) as worker:
        free = str(httpx.URL(worker.facts["url"]).port)
        here = [each.replace(f":{port}/", f":{free}/") for each in arguments]
        assert subprocess.run([sys.executable, *here], check=False, timeout=30).returncode == 0
        assert worker.stop() == 0
    assert subprocess.run([sys.executable, *here], check=False, timeout=30, capture_output=True).returncode != 0
