"""The verdict on two versions of a contract."""

from collections import Counter
from dataclasses import dataclass, replace

from batch_exports.compatibility.differences import Difference, Verdict
from batch_exports.compatibility.document_comparison import compare_documents
from batch_exports.compatibility.explanations import Explanation, explain
from batch_exports.compatibility.places import Lines, Path, pointer, top
from batch_exports.contract.schemas import Mode
from batch_exports.contract.spec import Spec

_SEVERITY = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Change:
    """One change at one place, with all the operations that it reaches."""

    kind: str
    verdict: Verdict
    mode: Mode | None
    subject: str
    what: str
    pointer: str
    line: int
    """The line in the revision; of what is gone, that of what held it."""
    explanation: Explanation
    operations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes from one version to another, the worst first."""

    changes: tuple[Change, ...]

    @property
    def verdict(self) -> Verdict | None:
        """The worst that any change means; None without changes."""
        return self.changes[0].verdict if self.changes else None

    @property
    def is_breaking(self) -> bool:
        """Whether clients of the base must be changed, as far as can be told."""
        return any(change.verdict.breaks for change in self.changes)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many changes there are of each verdict."""
        counted = Counter(change.verdict for change in self.changes)
        return {verdict: counted[verdict] for verdict in Verdict}


def compare(base: Spec, revision: Spec) -> Comparison:
    """What the revision means for clients that were written against the base."""
    lines = Lines(revision.source)
    reached: dict[Change, list[str]] = {}
    for operation, difference in compare_documents(top(base), top(revision)):
        names = reached.setdefault(_change(difference, lines), [])
        if operation is not None and operation not in names:
            names.append(operation)
    changes = (replace(change, operations=tuple(names)) for change, names in reached.items())
    return Comparison(tuple(sorted(changes, key=lambda each: (_SEVERITY[each.verdict], each.line, each.pointer))))


def _change(difference: Difference, lines: Lines) -> Change:
    path = _path(difference)
    return Change(
        kind=difference.kind,
        verdict=difference.verdict,
        mode=None if difference.verdict is Verdict.DOCUMENTATION else difference.mode,
        subject=difference.subject,
        what=difference.what,
        pointer=pointer(path),
        line=lines.of(path),
        explanation=explain(difference),
    )


def _path(difference: Difference) -> Path:
    """Where to look: what both versions have where it is defined, what one has alone where it is listed."""
    base, revision = difference.base, difference.revision
    if base and revision:
        return revision.path
    found = revision or base
    return found.entry if found else ()
