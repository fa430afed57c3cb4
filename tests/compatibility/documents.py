"""Edited copies of the contract, and what the comparison says of them."""

from copy import deepcopy

from batch_exports.compatibility.comparison import compare
from batch_exports.contract.spec import Spec, load_spec
from tests.spec.document import PATH

CONTRACT = load_spec(PATH)


def edited(*edits, source=b""):
    """A copy of the contract after some edits, each of which changes a document in place."""
    document = deepcopy(CONTRACT.document)
    for edit in edits:
        edit(document)
    return Spec(document, source)


def changes_of(*edits):
    """What the edits come to."""
    return compare(CONTRACT, edited(*edits)).changes


def changes_back(*edits):
    """What it comes to when they are undone."""
    return compare(edited(*edits), Spec(CONTRACT.document, b"")).changes


def at(document, pointer):
    """The part of a document that a JSON pointer leads to."""
    node = document
    for part in pointer.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        node = node[int(key)] if isinstance(node, list) else node[key]
    return node


def put(pointer, **values):
    """An edit that sets keys."""

    def edit(document):
        at(document, pointer).update(deepcopy(values))

    return edit


def drop(pointer, key):
    """An edit that removes a key, or a value of a list."""

    def edit(document):
        node = at(document, pointer)
        node.remove(key) if isinstance(node, list) else node.pop(key)

    return edit


def append(pointer, *values):
    """An edit that adds values to a list."""

    def edit(document):
        at(document, pointer).extend(deepcopy(values))

    return edit


def together(*edits):
    """Several edits as one."""

    def edit(document):
        for each in edits:
            each(document)

    return edit


def small(schema, **components):
    """A contract of one operation, which takes and answers one schema."""
    content = {"content": {"application/json": {"schema": schema}}}
    operation = {"operationId": "save", "requestBody": content, "responses": {"200": {"description": "", **content}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Small", "version": "1.0.0"},
        "paths": {"/things": {"post": operation}},
        "components": {"schemas": components},
    }
    return Spec(document, b"")


def verdicts(base, revision, **components):
    """What a change of one schema means for who sends it, and for who reads it: the worst of each."""
    found = {"request": [], "response": []}
    for change in compare(small(base, **components), small(revision, **components)).changes:
        found[change.mode or "request"].append(str(change.verdict))
    return tuple(next(iter(each), None) for each in found.values())
