"""The Dockerfile, linted and held to what the repository has; no image is built from it here."""

import json
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import httpx
import pytest

from batch_exports.settings import PREFIX, Settings, documentation
from tests.container.files import (
    DOCKERFILE,
    ROOT,
    health_command,
    image_environment,
    of_stage,
    parse_command,
    stages,
)
from tests.service import Service

HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lint(text):
    """What a linter has against a Dockerfile."""
    done = subprocess.run(
        [HADOLINT, "--no-color", "--failure-threshold=style", "--disable-ignore-pragma", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_the_linter_has_nothing_against_it():
    assert lint(DOCKERFILE.read_text()) == []


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("uv==", "uv #", "DL3013"),
        ("python:3.11-slim-bookworm AS", "python:latest AS", "DL3007"),
        ('ENTRYPOINT ["batch-exports"]', "ENTRYPOINT batch-exports", "DL3025"),
        ("COPY --from=build", "COPY --from=other", "DL3022"),
    ],
)
def test_the_linter_sees_what_is_wrong(good, bad, rule):
    text = DOCKERFILE.read_text()
    assert good in text
    assert any(rule in line for line in lint(text.replace(good, bad)))


def test_the_image_runs_as_a_user_who_is_not_root():
    (user,) = of_stage(-1, "USER")
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", user)


def test_the_last_stage_installs_nothing_and_takes_what_the_first_one_made():
    assert not [run for run in of_stage(-1, "RUN") if re.search(r"\b(pip|uv|apt(-get)?|curl|wget|gcc|make)\b", run)]
    (made,) = of_stage(-1, "COPY")
    source, target = made.removeprefix("--from=build ").split()
    assert source == target
    assert all(f"--python {source} " in run for run in of_stage(0, "RUN") if "uv pip install" in run)
    assert image_environment()["PATH"].startswith(f"{source}/bin:")


def test_both_stages_have_the_python_that_the_lock_is_made_for():
    images = {arguments.partition(" ")[0] for (_, arguments), *_ in stages()}
    python = PROJECT["requires-python"].removeprefix(">=")
    assert images == {f"python:{python}-slim-bookworm"}
    assert f"--python-version {python} " in (ROOT / "Makefile").read_text()


def test_packages_come_from_the_lock_with_their_hashes_and_as_wheels():
    (install,) = (run for run in of_stage(0, "RUN") if "--extra" in run)
    assert {"--require-hashes", "--only-binary"} <= set(install.split())
    assert "--constraints requirements/dev.txt " in install
    assert set(re.findall(r"--extra (\w+)", install)) == set(PROJECT["optional-dependencies"])


def test_the_installer_is_the_one_of_the_makefile():
    (version,) = re.findall(r"uv==([\d.]+)", DOCKERFILE.read_text())
    assert f" uv=={version}\n" in (ROOT / "Makefile").read_text()


def test_all_that_is_copied_is_there_and_let_through_and_nothing_else_is():
    copied = {word for copy in of_stage(0, "COPY") for word in copy.split()[:-1]}
    first, *more = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] not in {"#", ""}]
    assert first == "*"
    assert {line[1:] for line in more if line.startswith("!")} == copied
    assert all((ROOT / each).exists() for each in copied)


def test_its_variables_are_settings_that_can_be_used():
    ours = {name: value for name, value in image_environment().items() if name.startswith(PREFIX)}
    assert ours.keys() <= {name for name, _, _ in documentation()}
    settings = Settings.read(ours)
    assert settings.host == "0.0.0.0"  # noqa: S104  # inside a container only it can be reached
    assert [str(settings.data_dir)] == of_stage(-1, "VOLUME") == of_stage(-1, "WORKDIR")
    assert [str(settings.port)] == of_stage(-1, "EXPOSE")


def test_what_it_runs_is_a_command():
    (entry,), (command,) = (map(json.loads, of_stage(-1, name)) for name in ("ENTRYPOINT", "CMD"))
    assert set(entry) <= PROJECT["scripts"].keys()
    parse_command(command)


def look(port):
    """The exit code of the health check."""
    python, *arguments = health_command()
    assert python == "python"
    # As a proxy in the environment would have it, which is not asked for this machine.
    environment = {"BATCH_EXPORTS_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, timeout=30, check=False)
    return done.returncode


def test_its_health_is_that_of_the_server(tmp_path):
    with Service("serve", "--port", "0", "--data-dir", str(tmp_path)) as service:
        port = httpx.URL(service.facts["url"]).port
        assert look(port) == 0
        assert service.stop() == 0
    assert look(port) != 0
