"""Steps that read lists: filtered, ordered, in pages of any size."""

from typing import Any

from hypothesis import strategies as st

from batch_exports.conformance.model.documents import Json, check_equal, check_order, with_moments
from batch_exports.conformance.model.inputs import INTERVALS, MODELS, TAILS
from batch_exports.conformance.model.keys import Role
from batch_exports.conformance.model.known_export import KnownExport
from batch_exports.conformance.model.program import INDEXES, OWNERS, Program
from batch_exports.conformance.model.steps import step
from batch_exports.conformance.model.transcript import require
from batch_exports.conformance.model.walks import check_shown, check_sorted, order_of, walk

_LIMITS = st.integers(1, 3)
_FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "search": st.sampled_from([*TAILS[1:], "LAKE", "%", "_", "a"]),
        "paused": st.booleans(),
        "model": st.sampled_from(MODELS),
        "interval": st.sampled_from(INTERVALS),
        "destination_type": st.sampled_from(["NoOp", "S3", "File"]),
    },
)
_EXPORT_ORDERS = st.sampled_from(["created_at", "-created_at", "last_updated_at", "-last_updated_at", "name", "-name"])
_RUN_ORDERS = st.sampled_from(["created_at", "-created_at", "data_interval_start", "-data_interval_start"])
_BACKFILL_ORDERS = st.sampled_from(["created_at", "-created_at", "start_at", "-start_at"])
_STATUSES = st.sampled_from([(), ("Starting",), ("Cancelled",), ("Starting", "Running"), ("Completed", "Cancelled")])
_BACKFILLS_ON_A_PAGE = 50
_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


class ListRules(Program):
    """What lists show."""

    @step(role=OWNERS, limit=_LIMITS, ordering=_EXPORT_ORDERS, latest=INDEXES)
    def list_exports(self, role: Role, limit: int, ordering: str, latest: int) -> None:
        """The exports in their order, each once, each as its own page shows it."""
        role = self.owner(role)
        exports = self.tenants[role].exports
        query = {"search": self.mark.strip(), "limit": limit, "ordering": ordering, "latest_runs": latest}
        rows = walk(self.exchange, role, "/", query, limit, back=True)
        check_shown("exports", {row["id"] for row in rows}, exports.keys())
        check_sorted([with_moments(row) for row in rows], order_of(ordering))
        for row in rows:
            require(
                len(row["latest_runs"]) <= latest, f"{len(row['latest_runs'])} runs are shown, not {latest} at most."
            )
            exports[row["id"]].check(row)

    @step(role=OWNERS, filters=st.lists(_FILTERS, min_size=3, max_size=4))
    def filter_exports(self, role: Role, filters: list[Json]) -> None:
        """The exports that pass all filters, for some combinations of these."""
        role = self.owner(role)
        for chosen in filters:
            wanted = {each.id for each in self.tenants[role].exports.values() if _passes(each, chosen, self.mark)}
            query = {**chosen, "search": f"{self.mark}{chosen.get('search', '')}".rstrip()}
            page = self.exchange.look(role, "/", query)
            check_shown("exports", {row["id"] for row in page["results"]}, wanted)
            check_equal("the list", {"count": len(wanted)}, page)

    @step(role=OWNERS, index=INDEXES, size=_LIMITS, ordering=_RUN_ORDERS, statuses=_STATUSES)
    def list_runs(self, role: Role, index: int, size: int, ordering: str, statuses: tuple[str, ...]) -> None:
        """The runs with these statuses; those that changed meanwhile may be there or not."""
        role = self.owner(role)
        export = self.tenants[role].pick_harmless(index)
        if export is None:
            return
        self.see_runs(role, export)
        before = _states(export)
        query: dict[str, Any] = {"after": "all", "start": "all", "ordering": ordering, "page_size": size}
        query |= {"status": list(statuses)} if statuses else {}
        rows = walk(self.exchange, role, f"{export.path}runs/", query, size, back=not statuses)
        shown = [export.see_run(row) for row in rows]
        check_sorted(shown, order_of(ordering))
        wrong = [run["status"] for run in shown if statuses and run["status"] not in statuses]
        require(not wrong, f"Runs that are {', '.join(wrong)} are among those that are {', '.join(statuses)}.")
        self.see_runs(role, export)
        stayed = {run_id for run_id, state in before.items() if _states(export)[run_id] == state}
        wanted = {run_id for run_id in stayed if not statuses or before[run_id] in statuses}
        lost = wanted - {run["id"] for run in shown}
        require(not lost, f"The list lacks the runs {', '.join(sorted(lost))}.")

    @step(role=OWNERS, index=INDEXES, latest=INDEXES)
    def show_latest_runs(self, role: Role, index: int, latest: int) -> None:
        """The newest runs of an export are the first of the list of its runs."""
        role = self.owner(role)
        export = self.tenants[role].pick_harmless(index)
        if export is None:
            return
        known = set(self.see_runs(role, export))
        shown = self.exchange.look(role, export.path, {"latest_runs": latest})
        export.check(shown)
        latest_ids = [run["id"] for run in shown["latest_runs"]]
        listed = self.see_runs(role, export)
        # Runs that came after the export was read stand before those that it showed.
        newer = listed.index(latest_ids[0]) if latest_ids else 0 if not latest else len(listed) - len(known)
        expected = listed[newer : newer + latest]
        require(latest_ids == expected, f"The latest runs are {latest_ids}; the list begins with {expected}.")
        require(not latest or not known & set(listed[:newer]), "The latest runs lack the newest.")

    @step(role=OWNERS, index=INDEXES, ordering=_BACKFILL_ORDERS)
    def list_backfills(self, role: Role, index: int, ordering: str) -> None:
        """The backfills that were made."""
        role = self.owner(role)
        export = self.tenants[role].pick_harmless(index)
        if export is None:
            return
        rows = walk(
            self.exchange, role, f"{export.path}backfills/", {"ordering": ordering}, _BACKFILLS_ON_A_PAGE, back=True
        )
        found = {row["id"] for row in rows}
        check_shown("backfills", found, export.backfills.keys())
        check_sorted([with_moments(row) for row in rows], order_of(ordering))
        for row in rows:
            export.see_backfill(row)

    @step(role=OWNERS, index=INDEXES, limit=_LIMITS)
    def list_activity(self, role: Role, index: int, limit: int) -> None:
        """Whatever was changed, once, the newest first; no credential is told."""
        role = self.owner(role)
        export = self.tenants[role].pick(index)
        if export is None:
            return
        rows = walk(self.exchange, role, f"{export.path}activity/", {"limit": limit}, limit, back=True)
        found = [row["activity"] for row in reversed(rows) if row["actor"]["type"] != "service"]
        require(found == export.changes, f"The changes listed are {found}; those made are {export.changes}.")
        check_order("the changes", *(with_moments(row)["created_at"] for row in reversed(rows)))
        told = [each["field"] for row in rows for each in row["changes"] if each["secret"] and _tells(each)]
        require(not told, f"What the credentials {', '.join(told)} were is told.")


def _passes(export: KnownExport, filters: Json, mark: str) -> bool:
    text = f"{mark}{filters.get('search', '')}".rstrip().translate(_LOWER)
    document = export.document
    facts = {name: document[name] for name in ("paused", "model", "interval")}
    facts["destination_type"] = document["destination"]["type"]
    chosen = {name: value for name, value in filters.items() if name != "search"}
    return text in document["name"].translate(_LOWER) and all(facts[name] == value for name, value in chosen.items())


def _states(export: KnownExport) -> dict[str, str]:
    return {run_id: run["status"] for run_id, run in export.runs.items()}


def _tells(change: Json) -> bool:
    return change["before"] is not None or change["after"] is not None
