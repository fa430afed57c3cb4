import re
import zoneinfo

import pytest

from batch_exports.domain.backfills import BackfillStatus
from batch_exports.domain.destinations import (
    COMPRESSIONS,
    FILE_DESTINATIONS,
    NESTED_SECRET_KEYS,
    SECRET_KEYS,
    CheckStatus,
)
from batch_exports.domain.exports import Model
from batch_exports.domain.logs import LogLevel
from batch_exports.domain.runs import RunStatus
from batch_exports.domain.schedules import Interval
from tests.spec.document import (
    document,
    operations,
    request_schemas,
    resolve,
    response_schemas,
    schemas,
    subschemas,
    walk,
)

SAFE = 2**53 - 1
TYPES = list(SECRET_KEYS)
REQUESTS = request_schemas()
RESPONSES = response_schemas()
BOTH = {**REQUESTS, **RESPONSES}


def _of(found, kind):
    return {place: schema for place, schema in found.items() if schema.get("type") == kind}


def _places(found, condition):
    return [place for place, schema in found.items() if not condition(schema)]


def test_every_string_of_a_request_is_bounded():
    bounded = {"enum", "maxLength"}
    assert len(_of(REQUESTS, "string")) > 100
    assert _places(_of(REQUESTS, "string"), lambda each: bounded & set(each) or each.get("format") == "uuid") == []


def test_no_text_of_a_request_holds_control_characters():
    texts = {place: each for place, each in _of(REQUESTS, "string").items() if "maxLength" in each}
    assert _places(texts, lambda each: "pattern" in each) == []
    assert _places(texts, lambda each: not re.search(each["pattern"], "a\0b")) == []


def test_every_number_is_bounded_within_what_json_readers_keep():
    numbers = _of(BOTH, "integer") | _of(BOTH, "number")
    assert _places(numbers, lambda each: -SAFE <= each["minimum"] <= each["maximum"] <= SAFE) == []


def test_every_array_of_a_request_is_bounded():
    assert _places(_of(REQUESTS, "array"), lambda each: 0 < each["maxItems"] <= 500) == []


def test_defaults_are_values_of_their_schema():
    for place, schema in BOTH.items():
        if "default" not in schema:
            continue
        if schema["default"] is None:
            assert schema["nullable"] is True, place
        if "enum" in schema:
            assert schema["default"] in schema["enum"], place


def test_null_stands_beside_a_type_and_in_every_nullable_enum():
    nullable = [schema for schema in BOTH.values() if schema.get("nullable")]
    assert nullable
    assert [each for each in nullable if "type" not in each] == []
    assert [each for each in nullable if "enum" in each and None not in each["enum"]] == []
    assert [each for each in BOTH.values() if None in each.get("enum", ()) and not each.get("nullable")] == []


def test_nothing_stands_beside_a_reference():
    beside = [place for place, node in walk(document()) if isinstance(node, dict) and "$ref" in node and len(node) > 1]
    assert beside == []


def test_properties_and_parameters_are_snake_case():
    names = {name for schema in BOTH.values() for name in schema.get("properties", {})}
    names |= {each["name"] for one in operations() for each in one.parameters if each["in"] != "header"}
    assert [name for name in sorted(names) if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []


@pytest.mark.parametrize("section", ["parameters", "headers", "requestBodies", "responses", "links", "schemas"])
def test_components_are_pascal_case(section):
    names = document()["components"][section]
    assert [name for name in names if not re.fullmatch(r"([A-Z][A-Za-z0-9]*)+", name)] == []


def test_only_constructs_are_used_that_every_tool_understands():
    unwanted = {
        "readOnly",
        "writeOnly",
        "not",
        "allOf",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "example",
    }
    assert [place for place, schema in BOTH.items() if unwanted & set(schema)] == []


def test_parameters_are_plain_typed_values():
    for each in operations():
        for parameter in each.parameters:
            schema = resolve(parameter["schema"])
            assert parameter["in"] in {"path", "query", "header"}, parameter["name"]
            assert "content" not in parameter
            assert schema["type"] in {"string", "integer", "boolean", "array"}, parameter["name"]
            assert not schema.get("nullable")
            assert parameter["in"] == "query" or schema["type"] == "string"


def test_requests_and_responses_share_no_object_but_filters():
    def objects(found):
        return {id(schema): place for place, schema in found.items() if schema.get("type") == "object"}

    shared = objects(REQUESTS).keys() & objects(RESPONSES).keys()
    assert shared == {id(schemas()["Filter"])}


def test_every_destination_config_is_closed():
    for kind in TYPES:
        assert schemas()[f"{kind}Config"]["additionalProperties"] is False


@pytest.mark.parametrize("name", ["DestinationRequest", "Destination"])
def test_a_destination_is_one_of_the_known_types_by_its_type(name):
    schema = schemas()[name]
    assert schemas()["DestinationType"]["enum"] == TYPES
    assert schema["discriminator"]["propertyName"] == "type"
    assert [each["$ref"] for each in schema["oneOf"]] == list(schema["discriminator"]["mapping"].values())
    for kind, reference in schema["discriminator"]["mapping"].items():
        branch = resolve({"$ref": reference})
        assert branch["properties"]["type"]["enum"] == [kind]
        assert {"type", "config"} <= set(branch["required"])
    assert list(schema["discriminator"]["mapping"]) == TYPES


@pytest.mark.parametrize("kind", TYPES)
def test_the_passwords_of_a_config_are_the_secrets_of_its_type(kind):
    objects = dict(subschemas(schemas()[f"{kind}Config"], "config"))
    passwords = {
        place: {name for name, each in schema["properties"].items() if resolve(each).get("format") == "password"}
        for place, schema in objects.items()
        if "properties" in schema
    }
    assert passwords.pop("config") == SECRET_KEYS[kind]
    assert set().union(*passwords.values()) <= NESTED_SECRET_KEYS


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_shown_of_a_config_is_all_but_its_secrets(kind):
    asked, shown = schemas()[f"{kind}Config"], schemas()[f"{kind}PublicConfig"]
    assert list(shown["properties"]) == [name for name in asked["properties"] if name not in SECRET_KEYS[kind]]
    assert shown.get("required", []) == [name for name in asked.get("required", ()) if name not in SECRET_KEYS[kind]]
    for name, schema in shown["properties"].items():
        before, after = resolve(asked["properties"][name]), resolve(schema)
        assert after["type"] == before["type"], name
        assert after.get("nullable") == before.get("nullable"), name


def test_no_answer_holds_a_password():
    assert _places(RESPONSES, lambda each: each.get("format") != "password") == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("RunStatus", RunStatus),
        ("BackfillStatus", BackfillStatus),
        ("Model", Model),
        ("Interval", Interval),
        ("FileFormat", COMPRESSIONS),
    ],
)
def test_enums_are_those_of_the_domain(name, values):
    assert set(schemas()[name]["enum"]) == {str(value) for value in values}


def test_log_levels_are_those_of_the_domain_and_one_short_form_in_either_case():
    assert schemas()["LogEntry"]["properties"]["level"]["enum"] == list(LogLevel)
    asked = document()["components"]["parameters"]["LogLevels"]["schema"]["items"]["enum"]
    upper = {*LogLevel, "WARN"}
    assert set(asked) == upper | {level.lower() for level in upper}


def test_test_results_are_those_of_the_domain():
    assert schemas()["TestResult"]["properties"]["status"]["enum"] == list(CheckStatus)


def test_compressions_are_those_of_the_domain_and_none():
    known = {name for names in COMPRESSIONS.values() for name in names}
    assert set(schemas()["Compression"]["enum"]) == known | {None}
    for kind in FILE_DESTINATIONS:
        assert {"file_format", "compression"} <= set(schemas()[f"{kind}Config"]["properties"])


def test_every_time_zone_is_in_the_database():
    names = [name for name in schemas()["TimeZone"]["enum"] if name is not None]
    assert names == sorted(set(names))
    assert set(names) <= zoneinfo.available_timezones()


def test_every_common_time_zone_is_offered():
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    wanted = {name for name in zoneinfo.available_timezones() if name.startswith(areas)}
    assert wanted <= set(schemas()["TimeZone"]["enum"])
