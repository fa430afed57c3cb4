"""How much has been compared: operations, their statuses, and the transitions of what they are about."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.parity.playing import OPERATIONS, Compared
from tests.parity.programs import Call

States = dict[str, str]
Transition = tuple[str, str, str, str]
"""The kind of an object, its state before, the operation, and its state after."""

NEW, DELETED = "new", "deleted"


@dataclass
class Figure:
    """A count of what both worlds have answered."""

    requests: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    transitions: Counter[Transition] = field(default_factory=Counter)

    def add(self, compared: Iterable[Compared]) -> None:
        """Count what one program compared."""
        states: States = {}
        step, before = None, states
        for each in compared:
            self.requests += 1
            self.statuses[each.call.operation, each.answer.status] += 1
            if each.step is not step or each.call is step:
                step, before = each.step, dict(states)
            after = dict(_shown(each, states))
            states |= after
            if isinstance(step, Call) and step.method is None and OPERATIONS[step.operation].method != "get":
                self._note(step, before, after)

    @property
    def operations(self) -> set[str]:
        return {operation for operation, status in self.statuses if status < 300}

    def added(self, compared: Sequence[Compared]) -> Sequence[Compared]:
        """What one program compared, once it is counted."""
        self.add(compared)
        return compared

    def __str__(self) -> str:
        return (
            f"{len(self.operations)} operations, {len(self.statuses)} statuses of them and "
            f"{len(self.transitions)} transitions compared, in {self.requests} requests"
        )

    def _note(self, step: Call, before: States, after: States) -> None:
        subjects = set(step.path.values())
        for symbol, state in after.items():
            old = before.get(symbol, NEW)
            if state != old or symbol in subjects:
                kind = symbol[1:].partition("-")[0]
                self.transitions[kind, old, step.operation, state] += 1


def _shown(compared: Compared, states: States) -> Iterator[tuple[str, str]]:
    """The state of each object that an answer shows."""
    call, answer = compared.call, compared.answer
    export = call.path.get("id", "")
    gone = call.operation == "get_export" and answer.status == 404 and states.get(export) == DELETED
    if gone or (call.operation == "delete_export" and answer.status == 204):
        yield export, DELETED
    if answer.status < 300:
        yield from _states(answer.body)


def _states(content: Any) -> Iterator[tuple[str, str]]:
    if isinstance(content, list):
        for each in content:
            yield from _states(each)
    elif isinstance(content, Mapping):
        if "latest_runs" in content:
            yield content["id"], "paused" if content["paused"] else "active"
        elif "batch_export" in content:
            yield content["id"], content["status"]
        yield from _states(content.get("results", content.get("latest_runs")))
