"""Small contracts, generated: a few operations with parameters and bodies of all kinds that handlers can have."""

from hypothesis import strategies as st

from batch_exports.contract.operation_spec import describe_operations
from batch_exports.contract.spec import Spec

JSON = "application/json"
SCHEMAS = [
    {"type": "string", "maxLength": 5},
    {"type": "string", "format": "uuid"},
    {"type": "boolean"},
    {"type": "integer", "default": 20},
    {"type": "number"},
    {"type": "string", "default": "-created_at"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"$ref": "#/components/schemas/Id"}},
    {"$ref": "#/components/schemas/Id"},
]
BODIES = [{"$ref": "#/components/schemas/ThingCreate"}, {"type": "object"}]
SUMMARIES = ["List things", 'Say "no"', 'Say """no"""', "Back \\ slash.", "", "Two\n  lines", 'Ends with "it"']

names = st.sampled_from(["limit", "cursor", "class", "levels", "search", "X-Reader", "If-Match"])
parameters = st.builds(
    lambda name, schema, required: {
        "name": name,
        "in": "header" if "-" in name else "query",
        "required": required and "default" not in schema,
        "schema": schema,
    },
    names,
    st.sampled_from(SCHEMAS),
    st.booleans(),
)
bodies = st.none() | st.builds(
    lambda schema, required: {"required": required, "content": {JSON: {"schema": schema}}},
    st.sampled_from(BODIES),
    st.booleans(),
)
successes = st.sampled_from(
    [
        {"204": {"description": "Done."}},
        {"200": {"description": "It.", "content": {JSON: {"schema": {"type": "object"}}}}},
        {"201": {"description": "It.", "headers": {"Location": {"schema": {"type": "string"}}}}},
    ]
)


def _operation(name, summary, parameters, body, responses):
    node = {"operationId": name, "tags": ["things"], "summary": summary, "parameters": parameters}
    return node | {"responses": responses} | ({} if body is None else {"requestBody": body})


def operations_of(*nodes):
    """The operations of a document that has these."""
    ids = [{"name": name, "in": "path", "required": True, "schema": SCHEMAS[1]} for name in ("project_id", "id")]
    paths = {
        f"/{{project_id}}/things/{{id}}/{number}/": {"parameters": ids, "post": node}
        for number, node in enumerate(nodes)
    }
    schemas = {"Id": {"type": "string", "format": "uuid"}, "ThingCreate": {"type": "object", "properties": {}}}
    spec = Spec({"paths": paths, "components": {"schemas": schemas}}, b"")
    return describe_operations(spec, lambda *_: None)


operation_lists = st.lists(
    st.tuples(st.sampled_from(SUMMARIES), st.lists(parameters, unique_by=lambda each: each["name"]), bodies, successes),
    min_size=1,
    max_size=4,
).map(lambda parts: operations_of(*(_operation(f"do_{number}", *each) for number, each in enumerate(parts))))
