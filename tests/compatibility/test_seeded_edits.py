"""Edits of the contract as people make them, each with the verdict that it must get, and where."""

from functools import cache

import pytest

from batch_exports.compatibility.comparison import compare
from batch_exports.contract.spec import references_in
from tests.compatibility.documents import CONTRACT, append, changes_back, changes_of, drop, edited, put, together

EXPORTS = "#/paths/~1{project_id}~1batch_exports~1"
EXPORT = "#/paths/~1{project_id}~1batch_exports~1{id}~1"
STEPS = "#/paths/~1{project_id}~1batch_exports~1test~1"
RUNS = "#/paths/~1{project_id}~1batch_exports~1{batch_export_id}~1runs~1"
RUN = f"{RUNS}{{id}}~1"
SCHEMAS = "#/components/schemas"
PARAMETERS = "#/components/parameters"
BODIES = "#/components/requestBodies"
HEADERS = "#/components/headers"

BREAKING, UNDECIDED, COMPATIBLE, DOCUMENTATION = "breaking", "undecided", "compatible", "documentation"
ASKED, ANSWERED = "request", "response"

NEW_PARAMETER = {"name": "colour", "in": "query", "schema": {"type": "string"}}
NEW_BRANCH = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string", "enum": ["GCS"]}}}


@cache
def forth(name):
    return changes_of(SEEDED[name][0])


def rename_path_parameter(document):
    paths = document["paths"]
    for template in [each for each in paths if "{batch_export_id}" in each]:
        paths[template.replace("{batch_export_id}", "{export_id}")] = paths.pop(template)
    document["components"]["parameters"]["BatchExportId"]["name"] = "export_id"


def rename_schema(document):
    schemas = document["components"]["schemas"]
    schemas["PauseState"] = schemas.pop("PauseResult")
    for node in references_in(document):
        if node["$ref"] == f"{SCHEMAS}/PauseResult":
            node["$ref"] = f"{SCHEMAS}/PauseState"


def renumber_creation(document):
    responses = document["paths"]["/{project_id}/batch_exports/"]["post"]["responses"]
    responses["200"] = responses.pop("201")


# Each: the edit; the kind, verdict and side of the change; where it is; and the verdict on that side when it is undone.
SEEDED = {
    "an operation is removed": (
        drop(STEPS, "get"), "operation-removed", BREAKING, ASKED, f"{STEPS}/get", COMPATIBLE),
    "an operation gets another name": (
        put(f"{EXPORTS}/get", operationId="list_all_exports"),
        "operation-id-changed", BREAKING, ASKED, f"{EXPORTS}/get", BREAKING),
    "an operation gets another tag": (
        put(f"{EXPORTS}/get", tags=["runs"]), "tag-changed", BREAKING, ASKED, f"{EXPORTS}/get", BREAKING),
    "an operation gets a second tag": (
        append(f"{EXPORTS}/get/tags", "runs"),
        "annotation-changed", DOCUMENTATION, None, f"{EXPORTS}/get", DOCUMENTATION),
    "a schema gets another name": (
        rename_schema, "schema-renamed", BREAKING, ANSWERED, f"{SCHEMAS}/PauseState", BREAKING),
    "a path parameter gets another name": (
        rename_path_parameter,
        "path-parameter-renamed", BREAKING, ASKED, f"{PARAMETERS}/BatchExportId", BREAKING),
    "a server is removed": (
        lambda document: document["servers"].pop(1),
        "server-removed", BREAKING, ASKED, "#/servers/1", COMPATIBLE),
    "reading needs the scope to write": (
        put(f"{EXPORTS}/get", **{"x-required-scopes": ["batch_export:write"]}),
        "scope-added", BREAKING, ASKED, f"{EXPORTS}/get/x-required-scopes", COMPATIBLE),
    "keys are presented in a header of their own": (
        put("#/components/securitySchemes/bearerAuth", type="apiKey", name="X-Key", **{"in": "header"}),
        "security-scheme-changed", BREAKING, ASKED, "#/components/securitySchemes/bearerAuth", BREAKING),
    "an operation needs no key": (
        put(f"{STEPS}/get", security=[]), "security-loosened", COMPATIBLE, ASKED, f"{STEPS}/get", BREAKING),
    "an optional parameter is added": (
        append(f"{RUNS}/get/parameters", NEW_PARAMETER),
        "parameter-added", COMPATIBLE, ASKED, f"{RUNS}/get/parameters/8", BREAKING),
    "a required parameter is added": (
        append(f"{RUNS}/get/parameters", {**NEW_PARAMETER, "required": True}),
        "required-parameter-added", BREAKING, ASKED, f"{RUNS}/get/parameters/8", BREAKING),
    "a parameter becomes required": (
        put(f"{PARAMETERS}/Limit", required=True),
        "parameter-became-required", BREAKING, ASKED, f"{PARAMETERS}/Limit", COMPATIBLE),
    "a list is written with commas": (
        put(f"{PARAMETERS}/RunStatuses", explode=False),
        "parameter-style-changed", BREAKING, ASKED, f"{PARAMETERS}/RunStatuses", BREAKING),
    "a parameter that was ignored is refused": (
        drop(f"{RUN}/get/x-ignored-parameters", "after"),
        "ignored-parameter-removed", BREAKING, ASKED, f"{RUN}/get", COMPATIBLE),
    "pages become smaller": (
        put(f"{PARAMETERS}/Limit/schema", maximum=500),
        "bound-tightened", BREAKING, ASKED, f"{PARAMETERS}/Limit/schema/maximum", COMPATIBLE),
    "names become shorter": (
        put(f"{SCHEMAS}/ExportName", maxLength=50),
        "bound-tightened", BREAKING, ASKED, f"{SCHEMAS}/ExportName/maxLength", COMPATIBLE),
    "a list must not be empty": (
        put(f"{SCHEMAS}/Filters", minItems=1),
        "bound-tightened", BREAKING, ASKED, f"{SCHEMAS}/Filters/minItems", COMPATIBLE),
    "an order is no longer offered": (
        drop(f"{PARAMETERS}/ExportOrdering/schema/enum", "name"),
        "enum-value-removed", BREAKING, ASKED, f"{PARAMETERS}/ExportOrdering/schema/enum", COMPATIBLE),
    "a status of runs is added": (
        append(f"{SCHEMAS}/RunStatus/enum", "Waiting"),
        "enum-value-added", BREAKING, ANSWERED, f"{SCHEMAS}/RunStatus/enum", COMPATIBLE),
    "a status of runs can be asked for": (
        append(f"{SCHEMAS}/RunStatus/enum", "Waiting"),
        "enum-value-added", COMPATIBLE, ASKED, f"{SCHEMAS}/RunStatus/enum", BREAKING),
    "a pattern is written anew": (
        put(f"{SCHEMAS}/ExportName", pattern="^[a-z]+$"),
        "pattern-changed", UNDECIDED, ASKED, f"{SCHEMAS}/ExportName/pattern", UNDECIDED),
    "a text gets a pattern": (
        put(f"{SCHEMAS}/Error/properties/code", pattern="^[a-z_]+$"),
        "pattern-added", COMPATIBLE, ANSWERED, f"{SCHEMAS}/Error/properties/code/pattern", BREAKING),
    "a default changes": (
        put(f"{PARAMETERS}/Limit/schema", default=50),
        "default-changed", BREAKING, ASKED, f"{PARAMETERS}/Limit/schema/default", BREAKING),
    "a default is added": (
        put(f"{PARAMETERS}/ExportsPaused/schema", default=False),
        "default-changed", UNDECIDED, ASKED, f"{PARAMETERS}/ExportsPaused/schema/default", UNDECIDED),
    "a property of a request becomes required": (
        append(f"{SCHEMAS}/BatchExportCreate/required", "timezone"),
        "property-became-required", BREAKING, ASKED, f"{SCHEMAS}/BatchExportCreate/required", COMPATIBLE),
    "an optional property of a request is added": (
        put(f"{SCHEMAS}/BatchExportCreate/properties", colour={"type": "string"}),
        "property-added", COMPATIBLE, ASKED, f"{SCHEMAS}/BatchExportCreate/properties/colour", BREAKING),
    "a required property of a request is added": (
        together(
            put(f"{SCHEMAS}/BatchExportCreate/properties", colour={"type": "string"}),
            append(f"{SCHEMAS}/BatchExportCreate/required", "colour"),
        ),
        "required-property-added", BREAKING, ASKED, f"{SCHEMAS}/BatchExportCreate/properties/colour", BREAKING),
    "a property of a request is removed": (
        drop(f"{SCHEMAS}/BatchExportCreate/properties", "paused"),
        "property-removed", BREAKING, ASKED, f"{SCHEMAS}/BatchExportCreate/properties/paused", COMPATIBLE),
    "a request is closed": (
        put(f"{SCHEMAS}/BatchExportCreate", additionalProperties=False),
        "other-properties-restricted", BREAKING, ASKED, f"{SCHEMAS}/BatchExportCreate/additionalProperties",
        COMPATIBLE),
    "null is no longer taken": (
        drop(f"{SCHEMAS}/OffsetDay", "nullable"),
        "null-removed", BREAKING, ASKED, f"{SCHEMAS}/OffsetDay", COMPATIBLE),
    "a body becomes required": (
        put(f"{BODIES}/Unpause", required=True),
        "body-became-required", BREAKING, ASKED, f"{BODIES}/Unpause", COMPATIBLE),
    "a body is no longer taken": (
        drop(f"{EXPORTS}/post", "requestBody"),
        "body-removed", BREAKING, ASKED, f"{EXPORTS}/post/requestBody", BREAKING),
    "a body comes in another form alone": (
        lambda document: document["components"]["requestBodies"]["BackfillCreate"]["content"].update(
            {"application/cbor": document["components"]["requestBodies"]["BackfillCreate"]["content"].pop(
                "application/json")}),
        "media-type-removed", BREAKING, ASKED, f"{BODIES}/BackfillCreate/content/application~1json", BREAKING),
    "an error becomes possible": (
        put(f"{EXPORTS}/get/responses", **{"409": {"$ref": "#/components/responses/Conflict"}}),
        "status-added", BREAKING, ANSWERED, f"{EXPORTS}/get/responses/409", COMPATIBLE),
    "a success gets another status": (
        renumber_creation, "status-removed", BREAKING, ANSWERED, f"{EXPORTS}/post/responses/201", BREAKING),
    "a header of an answer is removed": (
        drop(f"{EXPORTS}/post/responses/201/headers", "Location"),
        "header-removed", BREAKING, ANSWERED, f"{EXPORTS}/post/responses/201/headers/Location", COMPATIBLE),
    "a header of an answer may be absent": (
        drop(f"{HEADERS}/ExportETag", "required"),
        "header-became-optional", BREAKING, ANSWERED, f"{HEADERS}/ExportETag", COMPATIBLE),
    "a property of an answer is removed": (
        drop(f"{SCHEMAS}/Run/properties", "status"),
        "property-removed", BREAKING, ANSWERED, f"{SCHEMAS}/Run/properties/status", COMPATIBLE),
    "a property of an answer may be absent": (
        drop(f"{SCHEMAS}/Run/required", "status"),
        "property-became-optional", BREAKING, ANSWERED, f"{SCHEMAS}/Run/required", COMPATIBLE),
    "a property of an answer is added": (
        put(f"{SCHEMAS}/Run/properties", colour={"type": "string"}),
        "property-added", COMPATIBLE, ANSWERED, f"{SCHEMAS}/Run/properties/colour", BREAKING),
    "a property of an answer can be null": (
        put(f"{SCHEMAS}/BatchExport/properties/name", nullable=True),
        "null-added", BREAKING, ANSWERED, f"{SCHEMAS}/BatchExport/properties/name/nullable", COMPATIBLE),
    "a number of an answer becomes a text": (
        put(f"{SCHEMAS}/BatchExport/properties/team_id", type="string"),
        "type-changed", BREAKING, ANSWERED, f"{SCHEMAS}/BatchExport/properties/team_id/type", BREAKING),
    "an integer of an answer becomes a number": (
        put(f"{SCHEMAS}/BatchExport/properties/team_id", type="number"),
        "type-changed", BREAKING, ANSWERED, f"{SCHEMAS}/BatchExport/properties/team_id/type", COMPATIBLE),
    "a time of an answer becomes a date": (
        put(f"{SCHEMAS}/BatchExport/properties/created_at", format="date"),
        "format-changed", BREAKING, ANSWERED, f"{SCHEMAS}/BatchExport/properties/created_at/format", BREAKING),
    "a destination can no longer be chosen": (
        together(
            drop(f"{SCHEMAS}/DestinationRequest/oneOf", {"$ref": f"{SCHEMAS}/HTTPDestinationRequest"}),
            drop(f"{SCHEMAS}/DestinationRequest/discriminator/mapping", "HTTP"),
        ),
        "branch-removed", BREAKING, ASKED, f"{SCHEMAS}/DestinationRequest/oneOf/7", COMPATIBLE),
    "a destination is added to answers": (
        together(
            put(SCHEMAS, GcsDestination=NEW_BRANCH),
            append(f"{SCHEMAS}/Destination/oneOf", {"$ref": f"{SCHEMAS}/GcsDestination"}),
            put(f"{SCHEMAS}/Destination/discriminator/mapping", GCS=f"{SCHEMAS}/GcsDestination"),
        ),
        "branch-added", BREAKING, ANSWERED, f"{SCHEMAS}/Destination/oneOf/10", COMPATIBLE),
    "a destination is chosen by another value": (
        together(
            drop(f"{SCHEMAS}/DestinationRequest/discriminator/mapping", "HTTP"),
            put(f"{SCHEMAS}/DestinationRequest/discriminator/mapping", Web=f"{SCHEMAS}/HTTPDestinationRequest"),
        ),
        "mapping-removed", BREAKING, ASKED, f"{SCHEMAS}/DestinationRequest/discriminator", BREAKING),
    "a destination is chosen by another property": (
        put(f"{SCHEMAS}/Destination/discriminator", propertyName="kind"),
        "discriminator-changed", BREAKING, ANSWERED, f"{SCHEMAS}/Destination/discriminator", BREAKING),
    "a keyword appears that no rule knows": (
        put(f"{SCHEMAS}/ExportName", contentEncoding="base64"),
        "unknown-keyword-changed", UNDECIDED, ASKED, f"{SCHEMAS}/ExportName/contentEncoding", UNDECIDED),
    "an operation is described in other words": (
        put(f"{EXPORTS}/get", description="Lists."),
        "annotation-changed", DOCUMENTATION, None, f"{EXPORTS}/get/description", DOCUMENTATION),
    "an example is written anew": (
        put("#/components/examples/paused", value={"paused": False}),
        "annotation-changed", DOCUMENTATION, None, "#/components/examples/paused", DOCUMENTATION),
    "a refusal is worded in another way": (
        put(f"{SCHEMAS}/ExportName", **{"x-detail": "No."}),
        "annotation-changed", DOCUMENTATION, None, f"{SCHEMAS}/ExportName/x-detail", DOCUMENTATION),
    "a secret is marked as one": (
        put(f"{SCHEMAS}/Identifier", format="password"),
        "annotation-changed", DOCUMENTATION, None, f"{SCHEMAS}/Identifier/format", DOCUMENTATION),
    "an operation is marked as deprecated": (
        put(f"{STEPS}/get", deprecated=True),
        "annotation-changed", DOCUMENTATION, None, f"{STEPS}/get/deprecated", DOCUMENTATION),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDED)
def test_an_edit_gets_its_verdict_at_its_place(name):
    _, kind, verdict, mode, pointer, _ = SEEDED[name]
    found = [each for each in forth(name) if (each.kind, each.mode, each.pointer) == (kind, mode, pointer)]
    assert [each.verdict for each in found] == [verdict], forth(name)


@pytest.mark.parametrize("name", SEEDED)
def test_an_edit_that_is_undone_gets_the_opposite_verdict(name):
    edit, _, _, mode, _, back = SEEDED[name]
    assert back in {each.verdict for each in changes_back(edit) if each.mode == mode}


@pytest.mark.parametrize("name", [name for name, case in SEEDED.items() if case[2] == DOCUMENTATION])
def test_what_is_only_said_breaks_nobody(name):
    assert {each.verdict for each in forth(name)} == {DOCUMENTATION}


@pytest.mark.parametrize("name", SEEDED)
def test_every_verdict_says_whom_it_concerns_and_a_breaking_one_what_to_do(name):
    for change in forth(name):
        assert change.what.endswith(".")
        assert change.explanation.concerns.endswith(".")
        assert bool(change.explanation.advice) == change.verdict.breaks


def test_a_change_of_a_shared_schema_is_told_once_with_all_operations_that_it_reaches():
    (change,) = changes_of(drop(f"{SCHEMAS}/Run/properties", "status"))
    assert set(change.operations) == {
        "list_exports", "create_export", "get_export", "replace_export", "update_export", "list_runs", "get_run",
    }  # fmt: skip


def test_a_change_is_shown_at_its_line():
    (change,) = compare(
        CONTRACT, edited(put(f"{PARAMETERS}/Limit/schema", maximum=500), source=CONTRACT.source)
    ).changes
    assert CONTRACT.source.decode().splitlines()[change.line - 1].strip() == "maximum: 1000"
