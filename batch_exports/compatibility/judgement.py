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
    may_be_announced: bool = False
    """Whether changes pass that the version and the changelog announce."""
    missing: tuple[str, ...] = ()
    """What these leave unsaid."""

    @property
    def passes(self) -> bool:
        """Whether nothing breaks, or all that breaks was announced."""
        return not self.missing if self.may_be_announced else not self.comparison.is_breaking


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
    if changelog is None or not versions:
        return Report(base, revision, comparison, may_be_announced=changelog is not None)
    missing = unannounced(comparison, versions[-1], version_of(spec), changelog.read_text(encoding="utf-8"))
    return Report(base, revision, comparison, may_be_announced=True, missing=tuple(missing))
