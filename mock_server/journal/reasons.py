"""Why a request was refused: more than the API's own answer may say."""

from http import HTTPStatus
from typing import Any

import orjson

from batch_exports.contract.operation_spec import OperationSpec
from mock_server.addressing import path_in_world
from mock_server.journal.exchange import Exchange
from mock_server.journal.nearest import methods_of, nearest_operation
from mock_server.journal.places import (
    Place,
    body_schema,
    field_place,
    keyword_place,
    parameters_of,
    path_texts,
    read_body,
    shown_value,
)
from mock_server.journal.redaction import is_secret, redact, shown_parameters
from mock_server.operations import Operations
from mock_server.personas import KEYS
from mock_server.prefer import APPLIED

_FIRST_REFUSAL = 400
_FAULT = "fault"
_APPLIED = APPLIED.lower().encode()

Json = dict[str, Any]


class Reasons:
    """Explains refusals by the contract; only when somebody reads them, so that requests pay nothing for it."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._nearest_known: dict[tuple[str, str], str | None] = {}

    def of(self, exchange: Exchange) -> str | None:
        """Why a request was refused; None for one that was not."""
        if 0 < exchange.status < _FIRST_REFUSAL:
            return None
        if exchange.source == _FAULT and exchange.fault is not None:
            return f"The fault {exchange.fault} hit it."
        if exchange.status == 0:
            return "No answer was sent."
        applied = dict(exchange.response_headers).get(_APPLIED)
        if applied is not None:
            return f"The request asked for it: Prefer: {applied.decode('latin-1')}."
        return self._explained(exchange)

    def _explained(self, exchange: Exchange) -> str:
        error = _error(exchange)
        detail = str(redact(error.get("detail") or HTTPStatus(exchange.status).phrase))
        hint = self._hint(exchange, error)
        return f"{detail} {hint}" if hint else detail

    def _hint(self, exchange: Exchange, error: Json) -> str | None:
        if exchange.status == HTTPStatus.UNAUTHORIZED:
            return f"The mock knows these keys: {', '.join(KEYS.values())}."
        operation = None if exchange.operation is None else self._operations.get(exchange.operation)
        if operation is None:
            asked = exchange.method, path_in_world(exchange.path)
            if asked not in self._nearest_known:
                self._nearest_known[asked] = self._nearest(*asked)
            return self._nearest_known[asked]
        place = self._place(operation, exchange, error)
        return None if place is None else f"({_named(error)}{place})"

    def _nearest(self, method: str, path: str) -> str | None:
        if methods := methods_of(self._operations, path):
            return f"The path has {', '.join(f'{each.method} ({each.id})' for each in methods)}."
        nearest = nearest_operation(self._operations, method, path)
        if nearest is None:
            return None
        operation, template = nearest
        return f"The nearest operation is {operation.id}: {operation.method} {template}"

    def _place(self, operation: OperationSpec, exchange: Exchange, error: Json) -> Place | None:
        attr = error.get("attr")
        if exchange.status == HTTPStatus.NOT_FOUND:
            return self._misfit_in_path(operation, exchange)
        return (
            self._violation(operation, exchange, error)
            or (_parameter(operation, exchange, attr) if attr else None)
            or (_field(operation, exchange, attr) if attr else None)
        )

    def _violation(self, operation: OperationSpec, exchange: Exchange, error: Json) -> Place | None:
        """What the body breaks, if that is what was answered."""
        value = read_body(operation, exchange.request_body)
        check = self._operations.checks.incoming(body_schema(operation))
        if value is None or check.is_valid(value):
            return None
        violation = check.violation(value)
        if (violation.code, violation.detail) != (error.get("code"), error.get("detail")):
            return None
        source = violation.source
        location = source.absolute_keyword_location or ""
        return keyword_place(operation.document, location, violation.path, source.instance)

    def _misfit_in_path(self, operation: OperationSpec, exchange: Exchange) -> Place | None:
        """The path's parameter that is not even of its type: it is answered as one that names nothing."""
        texts = path_texts(operation, exchange.path)
        for (place, name), (pointer, declared) in parameters_of(operation).items():
            schema = operation.document.resolve(declared["schema"])
            is_text = schema.get("type") == "string"
            if place == "path" and is_text and not self._operations.checks.incoming(schema).is_valid(texts.get(name)):
                return Place(pointer, shown_value([], texts.get(name)))
        return None


def _error(exchange: Exchange) -> Json:
    try:
        error = orjson.loads(exchange.response_body or b"")
    except orjson.JSONDecodeError:
        return {}
    return error if isinstance(error, dict) else {}


def _named(error: Json) -> str:
    attr = error.get("attr")
    return f"{redact(attr)}: " if isinstance(attr, str) else ""


def _parameter(operation: OperationSpec, exchange: Exchange, attr: str) -> Place | None:
    parameters = parameters_of(operation)
    if ("query", attr) in parameters:
        values = [value for name, value in shown_parameters(exchange.query) if name == attr]
        return Place(parameters["query", attr][0], shown_value([attr], values[0]) if values else "")
    for (place, name), (pointer, _) in parameters.items():
        if place == "header" and name.lower() == attr.lower() and not is_secret(name):
            given = dict(exchange.request_headers).get(name.lower().encode())
            return Place(pointer, shown_value([], given.decode("latin-1")) if given else "")
    return None


def _field(operation: OperationSpec, exchange: Exchange, attr: str) -> Place | None:
    value = read_body(operation, exchange.request_body)
    return field_place(operation.document, body_schema(operation), value, attr)
