"""Steps that make, change, pause and delete exports."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from batch_exports.conformance.model.documents import check_equal
from batch_exports.conformance.model.inputs import changes, new_exports, replacements
from batch_exports.conformance.model.keys import Role
from batch_exports.conformance.model.known_export import KnownAnswer, KnownExport
from batch_exports.conformance.model.known_work import KnownBackfill
from batch_exports.conformance.model.program import INDEXES, OWNERS, Program
from batch_exports.conformance.model.steps import step
from batch_exports.conformance.model.transcript import require

VERSIONS = st.sampled_from([None, None, None, "present", "any", "several", "past", "weak", "unknown"])
"""What `If-Match` says."""

_CURRENT = frozenset({None, "present", "any", "several"})
_KEYS = st.sampled_from(["first", "second"])


def if_match(export: KnownExport, version: str | None) -> tuple[dict[str, str], bool]:
    """The header that names a version of an export, and whether it is the present one."""
    present, first = export.etags[-1], export.etags[0]
    tags = {
        "present": present,
        "any": "*",
        "several": f'{first}, "unknown", {present}',
        "past": first,
        "weak": f"W/{present}",
        "unknown": '"unknown"',
    }
    if version is None:
        return {}, True
    return {"If-Match": tags[version]}, version in _CURRENT or (version == "past" and first == present)


class ExportRules(Program):
    """What happens to exports themselves."""

    @step(role=OWNERS, data=st.data())
    def create(self, role: Role, data: st.DataObject) -> None:
        """A new export."""
        self.make(self.owner(role), new_exports(data.draw, self.mark))

    @step(role=OWNERS, key=_KEYS, data=st.data())
    def create_once(self, role: Role, key: str, data: st.DataObject) -> None:
        """A request with an idempotency key: carried out once, answered alike again, and no other request."""
        role = self.owner(role)
        tenant = self.tenants[role]
        sent = {"Idempotency-Key": f"{self.mark.strip()}-{key}"}
        known = tenant.answers.get(key)
        if known is None:
            body = new_exports(data.draw, self.mark)
            export = self.make(role, body, sent)
            tenant.answers[key] = KnownAnswer(body, export.first_answer)
        elif data.draw(st.booleans()):
            answer = self.exchange.ask(role, "POST", "/", known.body, sent, status=201)
            check_equal("the repeated answer", known.answer, answer.body)
            replayed = answer.headers.get("Idempotent-Replayed")
            require(replayed == "true", f"Idempotent-Replayed is {replayed!r}; it must be 'true'.")
        else:
            other = {**known.body, "name": f"{known.body['name']} again"}
            answer = self.exchange.ask(role, "POST", "/", other, sent, status=409)
            check_equal("the error", {"code": "idempotency_key_reused"}, answer.body)

    @step(role=OWNERS, index=INDEXES, version=VERSIONS, data=st.data())
    def patch(self, role: Role, index: int, version: str | None, data: st.DataObject) -> None:
        """A PATCH, of the present version or of another."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is not None:
            body = changes(data.draw, export.settings, self.mark)
            self._change(role, export, "PATCH", body, version)

    @step(role=OWNERS, index=INDEXES, version=VERSIONS, data=st.data())
    def put(self, role: Role, index: int, version: str | None, data: st.DataObject) -> None:
        """A PUT, of the present version or of another."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is not None:
            body = replacements(data.draw, export.settings, self.mark)
            self._change(role, export, "PUT", body, version)

    @step(role=OWNERS, index=INDEXES)
    def pause(self, role: Role, index: int) -> None:
        """Pausing, which changes nothing the second time."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is None:
            return
        answer = self.exchange.ask(role, "POST", f"{export.path}pause/", status=200)
        check_equal("the answer", {"paused": True}, answer.body)
        self._see_paused(role, export, paused=True)

    @step(role=OWNERS, index=INDEXES, backfill=st.sampled_from([None, False, True]))
    def unpause(self, role: Role, index: int, backfill: bool | None) -> None:  # noqa: FBT001 - drawn by name
        """Unpausing, which changes nothing the second time; intervals may have passed or not."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is None:
            return
        harmless = export.makes_harmless_runs
        body = {"backfill": backfill and harmless} if backfill is not None else None
        answer = self.exchange.ask(role, "POST", f"{export.path}unpause/", body, status=200)
        check_equal("the answer", {"paused": False}, answer.body)
        was_paused = export.document["paused"]
        self._see_paused(role, export, paused=False)
        backfill_id = answer.body.get("backfill_id")
        if backfill_id is not None:
            require(backfill and was_paused, f"Nobody asked for backfill {backfill_id}.")
            export.backfills[backfill_id] = KnownBackfill(backfill_id, None, export.schedules)
            export.changes.append("backfill_created")
            self.see_backfill(role, export, backfill_id)

    @step(role=OWNERS, index=INDEXES, version=VERSIONS)
    def delete(self, role: Role, index: int, version: str | None) -> None:
        """A deletion, of the present version or of another."""
        role = self.owner(role)
        tenant = self.tenants[role]
        export = tenant.pick(index)
        if export is None:
            return
        headers, is_present = if_match(export, version)
        answer = self.exchange.ask(role, "DELETE", export.path, headers=headers, status=204 if is_present else 412)
        if is_present:
            tenant.remove(export)
        else:
            check_equal("the error", {"code": "precondition_failed", "attr": "If-Match"}, answer.body)

    def _change(
        self, role: Role, export: KnownExport, method: str, body: Mapping[str, Any], version: str | None
    ) -> None:
        headers, is_present = if_match(export, version)
        answer = self.exchange.ask(role, method, export.path, dict(body), headers, status=200 if is_present else 412)
        if is_present:
            settings = export.settings.replaced(body) if method == "PUT" else export.settings.updated(body)
            export.changed(settings, answer, paused=body.get("paused"))
        else:
            check_equal("the error", {"code": "precondition_failed", "attr": "If-Match"}, answer.body)
        self.refresh(role, export)

    def _see_paused(self, role: Role, export: KnownExport, *, paused: bool) -> None:
        answer = self.exchange.send(role, "GET", f"{self.exchange.base}{export.path}", status=200, looks=True)
        export.changed(export.settings, answer, paused=paused)
