"""What Schemathesis is told about this API, by its command line and by pytest alike; schemathesis.toml names it."""

import zlib
from collections import defaultdict
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import schemathesis
from schemathesis.core import rate_limit
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData, TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

from batch_exports.conformance import hooks_settings
from batch_exports.conformance.fitting import fit
from batch_exports.conformance.issued import Issued
from batch_exports.conformance.made_exports import made_export, note_made
from batch_exports.conformance.operations import SAFE_METHODS
from batch_exports.conformance.refusals import is_meant
from batch_exports.conformance.strict_responses import close_responses

Case = schemathesis.Case[Any]

SOME_TIME_ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", None]

_settings = hooks_settings.read()
# Schemathesis waits a minute at most before it gives up, and the limits of a key may be those of an hour.
rate_limit.RATE_LIMIT_AUTO_MAX_WAIT = 3600
_issued_by_world: dict[int, Issued] = defaultdict(lambda: Issued(_settings.silent_endpoint))


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Close the answers' schemas, and let a few time zones stand for all."""
    close_responses(raw_schema)
    if not _settings.all_time_zones:
        # Each of the six hundred would be a case of three operations.
        raw_schema["components"]["schemas"]["TimeZone"]["enum"] = SOME_TIME_ZONES


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: Case) -> bool:
    """Leave out most boundaries of bodies that have very many."""
    about = case.meta.phase.data if case.meta else None
    if not isinstance(about, CoveragePhaseData) or about.parameter_location != ParameterLocation.BODY:
        return True
    return _settings.tries(_operation_id(case), case.body)


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Let the request speak of what exists, and fit the rules that no schema states."""
    if _settings.safe_methods_only and case.method.upper() not in SAFE_METHODS:
        raise PermissionError(f"{case.method} must not leave a run that only reads")
    if case.meta is None:
        return
    if "If-Match" in case.headers and getattr(case.meta.phase.data, "parameter", "If-Match") != "If-Match":
        # The coverage phase knows no quotes in headers, and would break this one in each case about something else.
        case.headers["If-Match"] = "*"
    draw = zlib.crc32(repr(case).encode(errors="replace"))
    # What is wrong stays so, and some of what is right, so that every rule is met as well.
    if not case.meta.generation.mode.is_positive or draw % 4 == 0:
        return
    issued = _issued(case)
    in_sequence = case.meta.phase.name is TestPhase.STATEFUL
    path = issued.real_path(case.path, case.path_parameters, draw // 4, after_deletion=in_sequence)
    if path != case.path_parameters:
        # Values that a hook sets are held against the schema again, and some came here encoded.
        case.path_parameters = {name: unquote(value) for name, value in path.items()}
    if "cursor" in case.query:
        case.query = issued.real_query(case.query)
    if "If-Match" in case.headers:
        case.headers["If-Match"] = issued.real_tag(_export_id(case), case.headers["If-Match"])
    if "Idempotency-Key" in case.headers:
        # One that was used before would hide whatever else the request is about.
        case.headers["Idempotency-Key"] = f"{draw:08x}"
    if isinstance(case.body, dict):
        case.body = fit(_operation_id(case), _export_id(case), case.body, issued)


@schemathesis.hook
def after_call(_context: schemathesis.HookContext, case: Case, response: schemathesis.Response) -> None:
    """Remember what the answer shows."""
    if _settings.sent:
        with _settings.sent.open("ab") as sent:
            sent.write(b".")
    issued = _issued(case)
    if case.path.endswith(("/pause/", "/unpause/")):
        issued.forget_tag(_export_id(case))
    if case.path.endswith("/cancel/"):
        issued.end(str(case.path_parameters.get("id")))
    elif response.status_code == HTTPStatus.NO_CONTENT and case.method == "DELETE":
        issued.forget(_export_id(case))
    elif response.status_code in {HTTPStatus.OK, HTTPStatus.CREATED}:
        _note_made(case, response)
        issued.note(case.path_parameters, case.body, _json(response))
        for tag in response.headers.get("etag", ()):
            issued.note_tag(response.json(), tag)


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext, failure: Failure, case: Case, response: schemathesis.Response
) -> bool:
    """Leave out the refusals that are meant."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    return not is_meant(_operation_id(case), response.status_code, _json(response))


def _note_made(case: Case, response: schemathesis.Response) -> None:
    made = made_export(case.method, case.path, response.status_code, response.content)
    if made and _settings.made:
        note_made(_settings.made, made)


def _issued(case: Case) -> Issued:
    # In one process each world has a schema object of its own.
    return _issued_by_world[id(case.operation.schema)]


def _export_id(case: Case) -> str:
    return str(case.path_parameters.get("batch_export_id") or case.path_parameters.get("id"))


def _operation_id(case: Case) -> str:
    return str(case.operation.definition.raw["operationId"])


def _json(response: schemathesis.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
