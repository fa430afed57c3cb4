"""Closes every object of an answer, so that a field which the contract does not know is a failure.

In the contract answers stay open, for a new field must not break a client. Schemas that requests use too are copied
first: what a request may bring stays as it is.
"""

import copy
from typing import Any

Json = dict[str, Any]

SUFFIX = "OfAnswer"
ECHOED = frozenset({"Filter"})
"""Schemas of what comes back as it was sent, keys of the sender's own included."""

_SCHEMAS = "#/components/schemas/"


def close_responses(document: Json) -> None:
    """Change the document in place."""
    components = document["components"]["schemas"]
    pending = list(_answers(document))
    while pending:
        for reference in _references(pending.pop()):
            name = reference["$ref"].removeprefix(_SCHEMAS)
            if name in ECHOED:
                continue
            reference["$ref"] = f"{_SCHEMAS}{name}{SUFFIX}"
            if name + SUFFIX not in components:
                components[name + SUFFIX] = _closed(components[name])
                pending.append(components[name + SUFFIX])


def _answers(document: Json) -> list[Json]:
    operations = [each for item in document["paths"].values() for each in item.values() if isinstance(each, dict)]
    named = [each["responses"] for each in operations if "responses" in each] + [document["components"]["responses"]]
    contents = [answer["content"] for answers in named for answer in answers.values() if "content" in answer]
    return [media for content in contents for media in content.values()]


def _references(node: Any) -> list[Json]:
    """The references to schemas inside an answer's media type or schema; examples and mappings are left alone."""
    if isinstance(node, list):
        return [found for each in node for found in _references(each)]
    if not isinstance(node, dict):
        return []
    if isinstance(node.get("$ref"), str):
        return [node] if node["$ref"].startswith(_SCHEMAS) and not node["$ref"].endswith(SUFFIX) else []
    return [found for key, each in node.items() if key not in {"examples", "example"} for found in _references(each)]


def _closed(schema: Json) -> Json:
    closed = copy.deepcopy(schema)
    if "discriminator" in closed:
        mapping = closed["discriminator"]["mapping"]
        closed["discriminator"]["mapping"] = {value: target + SUFFIX for value, target in mapping.items()}
    for each in _objects(closed):
        each["additionalProperties"] = False
    return closed


def _objects(node: Any) -> list[Json]:
    if isinstance(node, list):
        return [found for each in node for found in _objects(each)]
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("type") == "object" else []
    return own + [found for each in node.values() for found in _objects(each)]
