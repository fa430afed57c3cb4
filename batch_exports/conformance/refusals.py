"""Refusals of well-formed requests that the contract means: rules between fields, or of states, that no schema states.

Whatever else a schema allows has to be accepted. A refusal counts as meant only if operation, `code`, `attr` and the
words of `detail` are those of one of these rules.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CHANGE = frozenset({"replace_export", "update_export"})
_SAVE = _CHANGE | {"create_export", "run_new_test_step"}
_CHECK = frozenset({"run_new_test_step", "run_test_step"})
_BACKFILL = frozenset({"create_backfill", "backfill_export"})
_IGNORE_BODY = frozenset({"pause_export", "cancel_run", "retry_run", "cancel_backfill"})
_TAKE_MORE = _SAVE | _CHECK | _IGNORE_BODY | {"backfill_export", "unpause_export"}


@dataclass(frozen=True)
class Rule:
    """One rule, in regular expressions, and why no schema states it."""

    operations: frozenset[str]
    detail: str
    reason: str
    attr: str = ""
    code: str = "invalid_input"
    status: int = 400

    def covers(self, operation_id: str, status: int, error: Mapping[str, Any]) -> bool:
        """Whether the rule explains this answer."""
        expected = ((self.code, error["code"]), (self.attr, error["attr"] or ""), (self.detail, error["detail"]))
        if operation_id not in self.operations or status != self.status:
            return False
        return all(re.fullmatch(pattern, text, re.DOTALL) for pattern, text in expected)


RULES = (
    # -- exports: between two fields of one body ----------------------------------------------------------------------
    Rule(_SAVE, "offset_day (should not be specified|is not applicable) .*", "depends on the interval", "offset_day"),
    Rule(_SAVE, "offset_hour is not applicable .*", "depends on the interval", "offset_hour"),
    Rule(_SAVE, ".* must be after its 'start_at'.", "compares two times", "end_at"),
    Rule(_SAVE, "'filters' is only supported for 'events' .*", "depends on the model", "filters"),
    Rule(
        _SAVE,
        "This field (is required|may not be null)\\.|This list may not be empty\\.|A valid number is required\\.|"
        "Not a valid string\\.|Input .* is not a valid ISO formatted datetime\\.|Input .* is outside the years .*|"
        "Not a regular expression that RE2 understands: .*",
        "depends on the filter's operator",
        "filters__[0-9]+__value(__[0-9]+)?",
        "required|null|empty|invalid_input",
    ),
    Rule(
        _SAVE,
        "This service evaluates no expressions: .*",
        "the type is part of the compatible API, and exports of earlier versions may have it",
        "filters__[0-9]+__type",
    ),
    Rule(_SAVE, "HTTP batch exports only support the events model", "depends on the model", "destination"),
    Rule(
        _SAVE,
        "'primary_key' is required when 'incremental_mode' is 'MERGE'",
        "the field is part of the compatible API, and this service takes no queries",
        "primary_key",
    ),
    Rule(_SAVE, "Missing required inputs for 'COPY'", "depends on the mode", "destination"),
    Rule(
        _SAVE,
        "(Password|Private key) is required if authentication type is .*",
        "depends on another setting",
        "destination",
    ),
    Rule(
        _SAVE,
        "Compression .* is not supported for file format .*",
        "depends on the format",
        "destination__config__compression",
    ),
    # -- exports: what the service knows and a schema does not --------------------------------------------------------
    Rule(
        _SAVE | _CHECK,
        'Invalid pk "[0-9]+" - object does not exist.',
        "the field is part of the compatible API, and this service keeps no integrations",
        "destination__integration",
        "does_not_exist",
    ),
    Rule(
        _SAVE,
        "Invalid (endpoint_url|host|url|token_uri|server_hostname|connection_string): .*",
        "which hosts may be reached is for the operator to say",
        "destination__config__(endpoint_url|host|url|token_uri|server_hostname|connection_string)",
    ),
    Rule(
        _CHANGE | {"run_test_step"},
        "Cannot change destination type from .*",
        "compares with what is stored",
        "destination",
    ),
    Rule(
        _CHANGE,
        "Changing 'use_json_type' is not supported. .*",
        "compares with what is stored",
        "destination__config__use_json_type",
    ),
    Rule(_CHANGE, "Changing models is not supported. .*", "compares with what is stored", "model"),
    Rule(
        frozenset({"update_export", "run_test_step"}),
        ".*",
        "which settings there are depends on the stored type, so the schema of a partial config is open",
        "destination__config(__.+)?",
        ".*",
    ),
    Rule(
        _CHECK,
        "Ensure this value is less than or equal to [0-9].",
        "how many checks there are depends on the type",
        "step",
        "max_value",
    ),
    # -- backfills ----------------------------------------------------------------------------------------------------
    Rule(_BACKFILL, "Input .* is naive.", "times or dates: depends on the export's interval"),
    Rule(_BACKFILL, "Input .* is not a valid ISO formatted date.*", "times or dates: depends on the export's interval"),
    Rule(_BACKFILL, "Input .* is not on the correct day of the week .*", "depends on the export's offset_day"),
    Rule(_BACKFILL, "The initial backfill datetime 'start_at' must be before 'end_at'", "compares two times"),
    Rule(_BACKFILL, "The provided 'end_at' .* is in the future", "compares with the clock"),
    Rule(_BACKFILL, "The backfill's range has no interval that is over. .*", "compares with the clock"),
    Rule(_BACKFILL, "Backfilling a BatchExport with no end date is not allowed", "depends on the destination's type"),
    Rule(_BACKFILL, "Backfilling from the beginning of time is not enabled .*", "the compatible API takes the null"),
    # -- states -------------------------------------------------------------------------------------------------------
    Rule(frozenset({"cancel_run"}), "Cannot cancel a run that is in '.+' status", "the run has ended"),
    Rule(frozenset({"cancel_backfill"}), "Cannot cancel a backfill that is in '.+' status", "the backfill has ended"),
    Rule(
        _CHANGE | {"delete_export"},
        "The export has changed: its ETag is .*",
        "any tag is well formed, and one alone is that of the stored version",
        "If-Match",
        "precondition_failed",
        412,
    ),
    # -- bodies that take keys which they do not list -----------------------------------------------------------------
    Rule(
        _TAKE_MORE,
        "JSON parse error - the character NUL is not allowed",
        "values of keys that are not listed have no schema that could exclude it",
        code="parse_error",
    ),
)


def is_meant(operation_id: str, status: int, error: Any) -> bool:
    """Whether a rule explains an answer."""
    return isinstance(error, dict) and any(rule.covers(operation_id, status, error) for rule in RULES)
