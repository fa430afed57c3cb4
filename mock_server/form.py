"""What form a scenario has."""

from importlib.resources import files
from pathlib import Path

import yaml
from jsonschema_rs import Draft202012Validator

from batch_exports.contract.schemas import Mode, Schemas
from batch_exports.contract.spec import load_spec
from mock_server.documents import Document

_HERE = Path(str(files("mock_server")))
_CONTROL = _HERE / "control" / "control.yaml"
_EXACT = "rows"
_REQUESTED = frozenset({"faults", "progression"})


def check_form(document: Document) -> None:
    """Raise FixtureError unless a document has the form of a scenario."""
    document.check("", _schema("scenario_schema.yaml"))
    if _EXACT in document.data:
        document.check(f"/{_EXACT}", _schema("rows_schema.yaml"))
    if not _REQUESTED.isdisjoint(document.data):
        _check_requested(document)


def _check_requested(document: Document) -> None:
    """Check what has the words of the control API."""
    schemas = Schemas(load_spec(_CONTROL), Mode.REQUEST)
    rule = schemas.validator({"$ref": "#/components/schemas/FaultRuleRequest"})
    for number in range(len(document.data.get("faults", ()))):
        document.check(f"/faults/{number}", rule)
    if "progression" in document.data:
        document.check("/progression", schemas.validator({"$ref": "#/components/schemas/ProgressionRequest"}))


def _schema(name: str) -> Draft202012Validator:
    schema = yaml.load((_HERE / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return Draft202012Validator(schema, validate_formats=True)
