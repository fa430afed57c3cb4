"""Steps that must be refused, and must change nothing: wrong requests, and callers without a right to what they ask."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from batch_exports.conformance.model.documents import Json, check_equal
from batch_exports.conformance.model.inputs import new_exports
from batch_exports.conformance.model.keys import Role
from batch_exports.conformance.model.known_export import KnownExport, Tenant
from batch_exports.conformance.model.program import INDEXES, NOBODY, OWNERS, Program
from batch_exports.conformance.model.refused_inputs import FLAWS_OF_CHANGES, FLAWS_OF_EXPORTS, WRONG_RANGES, Flaw
from batch_exports.conformance.model.steps import step

Request = tuple[str, str, Json | None]
"""A method, a path below the exports of a project, and a body."""

_RANGE = {"start_at": "2024-02-28T22:00:00Z", "end_at": "2024-02-29T00:00:00Z"}
_DESTINATION = {"type": "NoOp", "config": {}}
_SOME, _APART = 4, 5
# Not drawn from the requests themselves: how many runs there are is for the service to say.
_WHICH = st.integers(0, 63)
_VICTIMS = st.sampled_from(["the other tenant's", "the other tenant's", "a deleted", "an unknown"])


class RefusalRules(Program):
    """What is refused."""

    @step(role=OWNERS, flaw=st.sampled_from(FLAWS_OF_EXPORTS), data=st.data())
    def create_wrongly(self, role: Role, flaw: Flaw, data: st.DataObject) -> None:
        """A new export with one flaw."""
        body = new_exports(data.draw, self.mark) | {"destination": _DESTINATION, "filters": None}
        self._refused(self.owner(role), "POST", "/", flaw.of(body), flaw.attr)

    @step(role=OWNERS, index=INDEXES, flaw=st.sampled_from(FLAWS_OF_CHANGES), method=st.sampled_from(["PUT", "PATCH"]))
    def change_wrongly(self, role: Role, index: int, flaw: Flaw, method: str) -> None:
        """A change with one flaw."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is None:
            return
        whole = {"name": self.mark, "interval": "hour", "destination": self._destination(export)}
        body = flaw.of(whole if method == "PUT" else {})
        self._refused(role, method, export.path, body, flaw.attr)
        self.refresh(role, export)

    @step(role=OWNERS, index=INDEXES, what=st.sampled_from(["destination", "model"]))
    def change_what_is_fixed(self, role: Role, index: int, what: str) -> None:
        """A change of the destination's type, or of the model."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is None:
            return
        other_type = "File" if export.settings.destination_type == "NoOp" else "NoOp"
        other_model = "persons" if export.settings.model == "events" else "events"
        wrong: dict[str, Any] = {"destination": {"type": other_type, "config": {}}, "model": other_model}
        self._refused(role, "PATCH", export.path, {"name": f"{self.mark}fixed", what: wrong[what]}, what)
        self.refresh(role, export)

    @step(role=OWNERS, index=INDEXES, wrong=st.sampled_from(WRONG_RANGES))
    def backfill_wrongly(self, role: Role, index: int, wrong: tuple[Json, str | None]) -> None:
        """A backfill whose range is none."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is not None:
            self._refused(role, "POST", f"{export.path}backfills/", *wrong)

    @step(role=OWNERS, index=INDEXES, whose=_VICTIMS, which=_WHICH)
    def reach_for_what_is_not_there(self, role: Role, index: int, whose: str, which: int) -> None:
        """Any request about an export of somebody else, or of nobody any more."""
        role = self.owner(role)
        victim = self._victim(role, whose, index)
        for request in _some([*_requests(victim)], which):
            self.exchange.ask(role, *request, status=404)
        self._check_untouched(victim)

    @step(index=INDEXES, which=_WHICH)
    def write_without_leave(self, index: int, which: int) -> None:
        """Any change by a key that may only read; what it may read is what the main key reads."""
        export = self.tenants[Role.MAIN].pick(index)
        if Role.READER not in self.clients or export is None:
            return
        new = {"name": self.mark, "interval": "hour", "destination": _DESTINATION}
        writes = [("POST", "/", new), *(request for request in _requests(export) if request[0] != "GET")]
        for request in _some(writes, which):
            answer = self.exchange.ask(Role.READER, *request, status=403)
            check_equal("the error", {"code": "permission_denied"}, answer.body)
        self.refresh(Role.READER, export)

    @step(role=OWNERS, which=_WHICH, action=st.sampled_from([("GET", ""), ("POST", "cancel/")]))
    def reach_through_another_export(self, role: Role, which: int, action: tuple[str, str]) -> None:
        """The runs and backfills of one export by way of another."""
        role = self.owner(role)
        exports = list(self.tenants[role].exports.values())
        paths = [path for export in exports for path in _parts(export)]
        if len(exports) > 1 and paths:
            path = paths[which % len(paths)]
            through = next(export for export in exports if not path.startswith(export.path))
            method, last = action
            self.exchange.ask(role, method, through.path + path.split("/", 2)[2] + last, status=404)
            self.see_runs(role, through)

    def _refused(self, role: Role, method: str, path: str, body: Json, attr: str | None) -> None:
        answer = self.exchange.ask(role, method, path, body, status=400)
        check_equal("the error", {"attr": attr}, answer.body)

    def _destination(self, export: KnownExport) -> Json:
        settings = export.settings
        return {"type": settings.destination_type, "config": dict(settings.config)}

    def _victim(self, role: Role, whose: str, index: int) -> KnownExport | None:
        tenants: dict[Role, Tenant] = {other: each for other, each in self.tenants.items() if other != role}
        if whose == "the other tenant's":
            return next((tenant.pick(index) for tenant in tenants.values()), None)
        gone = self.tenants[role].deleted
        return gone[index % len(gone)] if gone and whose == "a deleted" else None

    def _check_untouched(self, victim: KnownExport | None) -> None:
        for owner, tenant in self.tenants.items():
            if victim is not None and victim.id in tenant.exports:
                self.refresh(owner, victim)
                self.see_runs(owner, victim)


def _some(requests: list[Request], which: int) -> list[Request]:
    return [requests[(which + number * _APART) % len(requests)] for number in range(_SOME)]


def _parts(export: KnownExport) -> list[str]:
    runs = [f"{export.path}runs/{run_id}/" for run_id in export.runs]
    return runs + [f"{export.path}backfills/{backfill_id}/" for backfill_id in export.backfills]


def _requests(export: KnownExport | None) -> Iterator[Request]:
    """Requests about an export and its parts, unknown ones for None."""
    path = f"/{NOBODY}/" if export is None else export.path
    parts = [f"{path}runs/{NOBODY}/", f"{path}backfills/{NOBODY}/", *([] if export is None else _parts(export))]
    whole = {"name": "Mine now", "interval": "hour", "destination": _DESTINATION}
    yield from (
        ("GET", path, None),
        ("PUT", path, whole),
        ("PATCH", path, {"name": "Mine now"}),
        ("DELETE", path, None),
    )
    yield from (("POST", f"{path}{action}/", None) for action in ("pause", "unpause", "run_test_step"))
    yield from (("POST", f"{path}{action}/", _RANGE) for action in ("backfill", "backfills"))
    yield from (("GET", f"{path}{noun}/", None) for noun in ("runs", "backfills", "logs", "activity"))
    for part in parts:
        yield from (("GET", part, None), ("POST", f"{part}cancel/", None))
        if "/runs/" in part:
            yield from (("POST", f"{part}retry/", None), ("GET", f"{part}logs/", None))
