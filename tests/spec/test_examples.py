from collections import Counter
from uuid import UUID

import pytest
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from batch_exports.domain.destinations import NESTED_SECRET_KEYS, SECRET_KEYS, connection_checks
from batch_exports.services.throttle import Standing
from handlers._throttle import throttled
from mock_server.examples import EXAMPLES_AT
from tests.spec.document import document, media_schema, operations, resolve, schemas, walk

EXAMPLES = document()["components"]["examples"]
REGISTRY = Registry().with_resource("urn:contract", DRAFT4.create_resource(document()))


def _contents():
    """Every body, of requests and answers, that has examples: its place, its schema, its examples by name."""
    for each in operations():
        bodies = {"body": each.body} if each.body else {}
        answers = {status: resolve(answer) for status, answer in each.node["responses"].items()}
        for place, body in (bodies | answers).items():
            if "content" in body:
                named = body["content"]["application/json"].get("examples", {})
                yield f"{each.id} {place}", media_schema(body), named


CONTENTS = list(_contents())
CASES = {(schema["$ref"], name): example for _, schema, named in CONTENTS for name, example in named.items()}


def _errors(reference, value):
    target = {"$ref": f"urn:contract{reference}"}
    return list(OAS30Validator(target, registry=REGISTRY, format_checker=oas30_format_checker).iter_errors(value))


@pytest.mark.parametrize(("reference", "name"), CASES)
def test_an_example_is_valid(reference, name):
    assert _errors(reference, resolve(CASES[reference, name])["value"]) == []


def test_examples_are_judged_by_formats_too():
    wrong = {**EXAMPLES["new_backfill"]["value"], "backfill_id": "x"}
    assert _errors("#/components/schemas/BackfillReference", wrong) != []
    wrong = {**EXAMPLES["new_export"]["value"], "created_at": "yesterday"}
    assert _errors("#/components/schemas/BatchExport", wrong) != []


def test_every_body_of_requests_and_answers_has_examples():
    assert [place for place, _, named in CONTENTS if not named] == []


def test_examples_are_named_components_under_their_own_names():
    for place, _, named in CONTENTS:
        for name, example in named.items():
            assert example == {"$ref": f"#/components/examples/{name}"}, place


def test_every_example_is_used_and_has_a_summary():
    assert {name for _, name in CASES} == set(EXAMPLES)
    assert [name for name, example in EXAMPLES.items() if not example.get("summary")] == []


def test_every_parameter_has_an_example_that_is_valid():
    for each in operations():
        for parameter in each.parameters:
            schema = parameter["schema"]
            target = schema if "$ref" in schema else {key: schema[key] for key in schema if key != "items"}
            validator = OAS30Validator(_absolute(target), registry=REGISTRY, format_checker=oas30_format_checker)
            assert list(validator.iter_errors(parameter["example"])) == [], parameter["name"]
            for item in parameter["example"] if schema.get("type") == "array" else ():
                allowed = resolve(schema["items"])["enum"]
                assert item in allowed, parameter["name"]


def test_every_header_has_an_example_that_is_valid():
    for name, header in document()["components"]["headers"].items():
        validator = OAS30Validator(header["schema"], format_checker=oas30_format_checker)
        assert list(validator.iter_errors(header["example"])) == [], name


def test_every_destination_type_is_created_by_an_example():
    created = [example["value"] for name, example in EXAMPLES.items() if name.startswith("create_")]
    assert {value["destination"]["type"] for value in created} == set(SECRET_KEYS)


def test_no_answer_shows_a_secret():
    secrets = NESTED_SECRET_KEYS.union(*SECRET_KEYS.values())
    requests = {name for place, _, named in CONTENTS if place.endswith(" body") for name in named}
    for name in EXAMPLES.keys() - requests:
        configs = [
            node for place, node in walk(EXAMPLES[name]["value"]) if "/config" in place and isinstance(node, dict)
        ]
        assert [key for config in configs for key in config if key in secrets] == [], name


def test_the_checks_of_a_bucket_are_those_of_the_domain():
    shown = EXAMPLES["s3_test_steps"]["value"]["steps"]
    assert [(step["name"], step["description"]) for step in shown] == [
        (step.name, step.description) for step in connection_checks("S3")
    ]


def test_all_examples_tell_of_one_cast():
    values = [node for example in EXAMPLES.values() for _, node in walk(example["value"]) if isinstance(node, dict)]
    exports = {node["batch_export"] for node in values if "batch_export" in node}
    assert exports == {EXAMPLES["new_export"]["value"]["id"]}
    assert {node["team_id"] for node in values if "team_id" in node} == {1}


def test_one_object_has_one_identifier_and_keeps_its_origin():
    seen = Counter()
    for example in EXAMPLES.values():
        for _, node in walk(example["value"]):
            if isinstance(node, dict) and {"id", "created_at"} <= set(node):
                seen[node["id"], node["created_at"]] += 1
                assert UUID(node["id"]).version == 7
    assert len({identifier for identifier, _ in seen}) == len(seen)


def test_every_error_of_an_example_has_the_type_of_its_status():
    expected = {
        "BadRequest": {"validation_error", "invalid_request"},
        "Unauthorized": {"authentication_error"},
        "Forbidden": {"authentication_error"},
        "TooManyRequests": {"throttled_error"},
        "ServerError": {"server_error"},
    }
    for name, answer in document()["components"]["responses"].items():
        shown = answer["content"]["application/json"]["examples"]
        assert {resolve(example)["value"]["type"] for example in shown.values()} <= expected.get(
            name, {"invalid_request"}
        )


def test_every_address_in_an_example_has_the_origin_that_the_mock_replaces():
    texts = [node for name in EXAMPLES for _, node in walk(EXAMPLES[name]["value"]) if isinstance(node, str)]
    texts += [header["example"] for header in document()["components"]["headers"].values()]
    addresses = [text for text in texts if "/api/" in str(text)]
    assert addresses
    assert [text for text in addresses if not text.startswith(f"{EXAMPLES_AT}/api/")] == []


def test_what_the_service_says_of_too_many_requests_is_the_example():
    seconds = document()["components"]["headers"]["RetryAfter"]["example"]
    shown = EXAMPLES["throttled"]["value"]
    assert f" {seconds} seconds." in shown["detail"]
    assert throttled(Standing(admitted=False, limit=1, remaining=0, seconds=seconds)).body == shown


def test_configs_are_made_of_known_settings():
    for name, example in EXAMPLES.items():
        for _, node in walk(example["value"]):
            if isinstance(node, dict) and {"type", "config"} <= set(node):
                known = schemas()[f"{node['type']}Config"]["properties"]
                assert set(node["config"]) <= set(known), name


def _absolute(schema):
    return {"$ref": f"urn:contract{schema['$ref']}"} if "$ref" in schema else schema
