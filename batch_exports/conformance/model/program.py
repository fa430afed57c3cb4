"""The ground that programs stand on: who acts, what was made, what must hold after every step, what is cleared away."""

import sys
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from batch_exports.conformance.model.documents import check_equal
from batch_exports.conformance.model.exchange import Exchange
from batch_exports.conformance.model.inputs import new_exports
from batch_exports.conformance.model.keys import Role
from batch_exports.conformance.model.known_export import KnownExport, Tenant
from batch_exports.conformance.model.known_work import KnownBackfill
from batch_exports.conformance.model.reports import Reports
from batch_exports.conformance.model.transcript import Mismatch, Transcript, require
from batch_exports.conformance.model.walks import walk

NOBODY = str(UUID(int=0))
"""The id of nothing."""
ALL_RUNS = {"after": "all", "page_size": 1000}
"""The query of all runs of an export on one page."""

OWNERS = st.sampled_from([Role.MAIN, Role.MAIN, Role.OTHER])
"""Who may make exports."""
INDEXES = st.integers(0, 3)
_HARMLESS = {"destination": {"type": "NoOp", "config": {}}, "model": "events"}
_MORE = 2
_FAMILIES = st.sampled_from(["projects", "environments"])
_EVERYTHING = 1000
_GONE = (204, 404)


class Program(RuleBasedStateMachine):
    """One program of requests, and what is known of the service while it goes on."""

    clients: ClassVar[Mapping[Role, httpx.Client]]
    reports: ClassVar[Reports]
    """Where programs that go wrong are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.reports.begin()
        # Tells the exports of this program from all others; no choice depends on it.
        self.mark = f"model-{uuid4().hex} "
        self.transcript = Transcript(self.mark)
        self.exchange = Exchange(self.clients, self.transcript, self.mark.strip())
        self.tenants = {role: Tenant() for role in (Role.MAIN, Role.OTHER) if role in self.clients}

    @initialize(family=_FAMILIES, data=st.data())
    def begin(self, family: str, data: st.DataObject) -> None:
        """Choose one of the families of paths, and make exports: enough of them for pages and filters to matter."""
        self.exchange.base = f"/api/{family}/@current/batch_exports"
        for role in self.tenants:
            self.make(role, new_exports(data.draw, self.mark) | _HARMLESS)
        for _ in range(_MORE):
            self.make(Role.MAIN, new_exports(data.draw, self.mark))

    def make(self, role: Role, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> KnownExport:
        """Make an export and check the answer."""
        answer = self.exchange.ask(role, "POST", "/", body, headers, status=201)
        export = KnownExport.made(body, answer)
        self.tenants[role].add(export)
        self.transcript.name(f"export of {role}", export.id)
        place = httpx.URL(answer.headers.get("Location", "")).path
        require(place.endswith(export.path), f"The Location of the export {export.id} is {place}.")
        export.check(self.exchange.send(role, "GET", place, status=200, looks=True).body)
        return export

    def owner(self, role: Role) -> Role:
        """The role, or the main one where there is no key for it."""
        return role if role in self.tenants else Role.MAIN

    def refresh(self, role: Role, export: KnownExport) -> None:
        """Read an export, and check that it is what it must be."""
        answer = self.exchange.send(role, "GET", f"{self.exchange.base}{export.path}", status=200, looks=True)
        export.check(answer.body)
        require(answer.etag == export.etags[-1], f"The ETag is {answer.etag}; it must be {export.etags[-1]}.")

    def see_runs(self, role: Role, export: KnownExport) -> list[str]:
        """All runs of an export, newest first: at least those that were known."""
        before = set(export.runs)
        rows = walk(self.exchange, role, f"{export.path}runs/", ALL_RUNS, _EVERYTHING)
        for row in rows:
            self.transcript.name("run", row["id"])
            export.see_run(row)
        ids = [row["id"] for row in rows]
        require(before <= set(ids), f"The runs of {export.id} lack {', '.join(before - set(ids))}.")
        return ids

    def see_backfill(self, role: Role, export: KnownExport, backfill_id: str) -> KnownBackfill:
        """A backfill as it is now."""
        return export.see_backfill(self.exchange.look(role, f"{export.path}backfills/{backfill_id}/"))

    @invariant()
    def lists_show_what_was_made(self) -> None:
        """Each tenant's list is what the model knows, whoever may read it, and nothing more."""
        for role, tenant in self.tenants.items():
            query = {"search": self.mark.strip(), "limit": _EVERYTHING, "latest_runs": 1}
            page = self.exchange.look(role, "/", query)
            check_equal("the list", {"count": len(tenant.exports), "next": None, "previous": None}, page)
            shown = {row["id"]: row for row in page["results"]}
            require(shown.keys() == tenant.exports.keys(), "The list does not show the exports that there are.")
            for export in tenant.exports.values():
                export.check(shown[export.id])

    def teardown(self) -> None:
        """Keep what was wrong, and delete what was made."""
        failure = sys.exception()
        if isinstance(failure, Exception) and not isinstance(failure, HypothesisException):
            # What is no mismatch comes of a document that has not even the form of one.
            text = str(failure) if isinstance(failure, Mismatch) else f"The answer cannot be read: {failure!r}"
            self.reports.add(*self.transcript.report(text))
        for role, tenant in self.tenants.items():
            for export_id in self._leftovers(role) | tenant.exports.keys():
                self.clients[role].delete(f"{self.exchange.base}/{export_id}/")

    def _leftovers(self, role: Role) -> set[str]:
        """What the service kept of this program, also where it should not have."""
        query: dict[str, str | int] = {"search": self.mark.strip(), "limit": _EVERYTHING}
        answer = self.clients[role].get(f"{self.exchange.base}/", params=query)
        return {row["id"] for row in answer.json()["results"]} if answer.is_success else set()
