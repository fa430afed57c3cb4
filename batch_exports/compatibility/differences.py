"""What can change between two versions of a contract, and what follows from it for clients."""

from dataclasses import dataclass
from enum import StrEnum

from batch_exports.compatibility.places import Place
from batch_exports.contract.schemas import Mode


class Shift(StrEnum):
    """What became of the set of the requests that are taken, or of the answers that may come."""

    NARROWED = "narrowed"
    """Some of them are gone."""
    WIDENED = "widened"
    """Some are new."""
    REPLACED = "replaced"
    """Some are gone and others new, or they mean something else."""
    EXTENDED = "extended"
    """New ones, which no client of today sends or is bothered by."""
    UNDECIDED = "undecided"
    """No rule says."""
    ANNOTATED = "annotated"
    """The same as before: only what is said about them has changed."""


class Verdict(StrEnum):
    """What a change means for clients that were written against the base, the worst first."""

    BREAKING = "breaking"
    UNDECIDED = "undecided"
    COMPATIBLE = "compatible"
    DOCUMENTATION = "documentation"

    @property
    def breaks(self) -> bool:
        """Whether it counts as breaking: what cannot be decided does, by caution."""
        return self in {Verdict.BREAKING, Verdict.UNDECIDED}


_ALWAYS = {
    Shift.REPLACED: Verdict.BREAKING,
    Shift.EXTENDED: Verdict.COMPATIBLE,
    Shift.UNDECIDED: Verdict.UNDECIDED,
    Shift.ANNOTATED: Verdict.DOCUMENTATION,
}
_BREAKING = {(Shift.NARROWED, Mode.REQUEST), (Shift.WIDENED, Mode.RESPONSE)}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in both versions."""

    kind: str
    """Its name for programs, such as `enum-value-removed`."""
    shift: Shift
    mode: Mode
    subject: str
    """The operation or field that a changelog would name."""
    what: str
    """What has changed, in a sentence."""
    base: Place | None
    revision: Place | None

    @property
    def verdict(self) -> Verdict:
        """Requests may only widen, and answers may only narrow."""
        if self.shift in _ALWAYS:
            return _ALWAYS[self.shift]
        return Verdict.BREAKING if (self.shift, self.mode) in _BREAKING else Verdict.COMPATIBLE
