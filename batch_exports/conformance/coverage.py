"""Coverage of the contract: which statuses and parameters of which operations a run met, and which not."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from batch_exports.conformance.exchanges import Exchange
from batch_exports.conformance.operations import contract_operations, operation_of, parameters

_FIRST_REFUSAL = 400


@dataclass
class Coverage:
    """What was met so far; fed with one exchange after the other."""

    requests: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    parameters: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a request with the parameter was not refused."""

    def note(self, exchange: Exchange) -> None:
        """Count an exchange."""
        self.requests += 1
        operation = operation_of(exchange.method, exchange.url)
        if operation is None:
            return
        self.statuses[operation.id, exchange.status] += 1
        if exchange.status < _FIRST_REFUSAL:
            sent = {*parse_qs(urlsplit(exchange.url).query, keep_blank_values=True)}
            sent |= {name.lower() for name in exchange.request_headers}
            self.parameters.update((operation.id, name) for name in sent)

    def rows(self) -> list[dict[str, Any]]:
        """Each operation, with what was met and the gaps by name."""
        return [self._row(each) for each in contract_operations()]

    def totals(self) -> dict[str, tuple[int, int]]:
        """How many operations succeeded, statuses and parameters were met, each of how many."""
        rows = self.rows()
        found = {"operations": (sum(row["succeeded"] for row in rows), len(rows))}
        for noun in ("statuses", "parameters"):
            met = sum(len(row[noun]["met"]) for row in rows)
            found[noun] = (met, met + sum(len(row[noun]["gaps"]) for row in rows))
        return found

    def _row(self, operation: Any) -> dict[str, Any]:
        statuses = {status: self.statuses[operation.id, int(status)] for status in sorted(operation.responses)}
        named = [each["name"] for each in parameters(operation) if each["in"] != "path"]
        met = {name: self._met(operation.id, name) for name in named}
        return {
            "operation": operation.id,
            "succeeded": any(count for status, count in statuses.items() if status < "300"),
            "statuses": _split(statuses),
            "parameters": _split(met),
        }

    def _met(self, operation_id: str, name: str) -> int:
        return self.parameters[operation_id, name] or self.parameters[operation_id, name.lower()]


def _split(counts: dict[str, int]) -> dict[str, Any]:
    return {
        "met": {name: count for name, count in counts.items() if count},
        "gaps": [name for name, count in counts.items() if not count],
    }
