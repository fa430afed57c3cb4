"""Compares whether something has to be there: a parameter, a body, a header."""

from collections.abc import Iterator

from batch_exports.compatibility.differences import Difference, Shift
from batch_exports.compatibility.places import Place
from batch_exports.contract.schemas import Mode


def compare_requirement(
    before: Place, after: Place, mode: Mode, kind: str, subject: str, called: str
) -> Iterator[Difference]:
    """What has changed about `required`; `called` is how a sentence about it begins."""
    was, is_now = (each.value.get("required", False) for each in (before, after))
    if was != is_now:
        word, shift = ("required", Shift.NARROWED) if is_now else ("optional", Shift.WIDENED)
        yield Difference(f"{kind}-became-{word}", shift, mode, subject, f"{called} is now {word}.", before, after)
