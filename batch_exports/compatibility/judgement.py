"""Judges a contract against an earlier one: against the last release, unless another is named."""

import os
from dataclasses import dataclass
from pathlib import Path

from batch_exports.compatibility.comparison import Comparison, compare
from batch_exports.compatibility.releases import read_release, released_versions
from batch_exports.compatibility.revisions import read_revision
from batch_exports.compatibility.versions import unannounced, version_of
from batch_exports.contract.spec import find_spec


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a comparison."""

    base: str | None
    """What was compared with; None if nothing has been released yet."""
    revision: str
    comparison: Comparison
    missing: tuple[str, ...] | None = None
    """What the version and the changelog leave unsaid; None if changes do not pass by being announced."""

    @property
    def passes(self) -> bool:
        """Whether nothing breaks, or all that breaks was announced."""
        return not self.comparison.is_breaking if self.missing is None else not self.missing


def judge(base: str | None, revision: str | None, releases: Path, changelog: Path | None) -> Report:
    """Compare two contracts; with a changelog, ask only whether all changes are announced."""
    revision = revision or os.path.relpath(find_spec())
    spec = read_revision(revision)
    versions = released_versions(releases)
    if base is None and not versions:
        return Report(None, revision, Comparison(()))
    if base is None:
        base, before = f"the release {versions[-1]}", read_release(releases, versions[-1])
    else:
        before = read_revision(base, beside=revision)
    comparison = compare(before, spec)
    if changelog is None:
        return Report(base, revision, comparison)
    if not versions:
        return Report(base, revision, comparison, missing=())
    missing = unannounced(comparison, versions[-1], version_of(spec), changelog.read_text(encoding="utf-8"))
    return Report(base, revision, comparison, missing=tuple(missing))
