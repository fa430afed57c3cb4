"""Versions of the contract, and which one follows from what has changed."""

import re
from typing import NamedTuple

from batch_exports.compatibility.comparison import Change, Comparison
from batch_exports.compatibility.differences import Verdict
from batch_exports.contract.spec import Spec, SpecError

_FORM = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)", re.ASCII)


class Version(NamedTuple):
    """A semantic version without suffixes."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return ".".join(map(str, self))

    def after(self, verdict: Verdict | None) -> "Version":
        """The lowest version that may follow this one; before 1.0.0 each step counts one place less."""
        if verdict is None:
            return self
        if verdict.breaks:
            return Version(self.major + 1, 0, 0) if self.major else Version(0, self.minor + 1, 0)
        if verdict is Verdict.COMPATIBLE and self.major:
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)


def version_of(spec: Spec) -> Version:
    """The version that a contract says it has."""
    stated = str(spec.document.get("info", {}).get("version", ""))
    match = _FORM.fullmatch(stated)
    if match is None:
        raise SpecError(f"info.version is {stated!r}, and no version such as 1.2.3")
    return Version(*map(int, match.groups()))


def unannounced(comparison: Comparison, released: Version, version: Version, changelog: str) -> list[str]:
    """What the version and the changelog leave unsaid, in sentences; nothing if they say all."""
    needed = released.after(comparison.verdict)
    missing = []
    if version < needed:
        missing.append(f"info.version is {version}; after {released} such changes need at least {needed}.")
    newest = _newest_section(changelog)
    told = [change for change in comparison.changes if change.verdict is not Verdict.DOCUMENTATION]
    if told and not _mentions(newest, str(version)):
        missing.append(f"The newest section of the changelog does not name the contract's version {version}.")
    untold = [change for change in told if not any(_mentions(newest, name) for name in _names(change))]
    return missing + [
        f"The newest section of the changelog does not name `{each.subject}`. {each.what}" for each in untold
    ]


def _names(change: Change) -> tuple[str, ...]:
    return change.subject, *change.operations


def _newest_section(changelog: str) -> str:
    _, *sections = re.split(r"^## ", changelog, flags=re.MULTILINE)
    return sections[0] if sections else ""


def _mentions(section: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\w)", section) is not None
