"""What Schemathesis is told about this API, by its command line and by pytest alike; schemathesis.toml names it."""

import os
import zlib
from collections import defaultdict
from typing import Any
from urllib.parse import unquote

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

from tests.contract.fitting import fit
from tests.contract.issued import Issued
from tests.contract.refusals import is_meant
from tests.contract.strict_responses import close_responses

DEEP = "BATCH_EXPORTS_CONTRACT_EXAMPLES"
SOME_TIME_ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", None]

_issued_by_world: dict[int, Issued] = defaultdict(Issued)


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    close_responses(raw_schema)
    if DEEP not in os.environ:
        # Each of the six hundred would be a case of three operations; tests/spec compares them with the database.
        raw_schema["components"]["schemas"]["TimeZone"]["enum"] = SOME_TIME_ZONES


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case, _kwargs: dict[str, Any]) -> None:
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
def after_call(_context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    issued = _issued(case)
    if case.path.endswith(("/pause/", "/unpause/")):
        issued.forget_tag(_export_id(case))
    if case.path.endswith("/cancel/"):
        issued.end(str(case.path_parameters.get("id")))
    elif response.status_code == 204 and case.method == "DELETE":
        issued.forget(_export_id(case))
    elif response.status_code in {200, 201}:
        issued.note(case.path_parameters, case.body, _json(response))
        for tag in response.headers.get("etag", ()):
            issued.note_tag(response.json(), tag)


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext, failure: Failure, case: schemathesis.Case, response: schemathesis.Response
) -> bool:
    if not isinstance(failure, RejectedPositiveData):
        return True
    return not is_meant(_operation_id(case), response.status_code, _json(response))


def _issued(case: schemathesis.Case) -> Issued:
    # In one process each world has a schema object of its own.
    return _issued_by_world[id(case.operation.schema)]


def _export_id(case: schemathesis.Case) -> str:
    return str(case.path_parameters.get("batch_export_id") or case.path_parameters.get("id"))


def _operation_id(case: schemathesis.Case) -> str:
    return str(case.operation.definition.raw["operationId"])


def _json(response: schemathesis.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
