"""Writes a comparison down: for people, for programs, for a review, and as annotations of a pull request."""

from collections.abc import Callable, Mapping

import orjson

from batch_exports.compatibility.comparison import Change
from batch_exports.compatibility.differences import Verdict
from batch_exports.compatibility.judgement import Report

_SIGNS = {
    Verdict.BREAKING: "BREAKING",
    Verdict.UNDECIDED: "UNDECIDED",
    Verdict.COMPATIBLE: "compatible",
    Verdict.DOCUMENTATION: "documentation",
}
_LEVELS = {Verdict.BREAKING: "error", Verdict.UNDECIDED: "error", Verdict.COMPATIBLE: "notice"}


def as_text(report: Report) -> str:
    """Paragraphs for a terminal."""
    paragraphs = [_paragraph(change, report.revision) for change in report.comparison.changes]
    return "\n\n".join(["\n".join(paragraphs), *_closing(report)] if paragraphs else _closing(report))


def _paragraph(change: Change, revision: str) -> str:
    head = f"{_SIGNS[change.verdict]}  {change.what}"
    if not change.verdict.breaks:
        return f"{head}  ({_reach(change)}, {revision}:{change.line})"
    lines = [head, f"  at      {revision}:{change.line}  {change.pointer}", f"  in      {_reach(change)}"]
    lines.append(f"  breaks  {change.explanation.concerns}")
    lines.append(f"  do      {change.explanation.advice}")
    return "\n".join(lines) + "\n"


def _reach(change: Change) -> str:
    sides = {None: "", "request": " (request)", "response": " (answer)"}
    return (", ".join(change.operations) or "every operation") + sides[change.mode]


def _closing(report: Report) -> list[str]:
    missing = "\n".join(f"Not announced: {sentence}" for sentence in report.missing or ())
    return [text for text in (missing, _summary(report)) if text]


def _summary(report: Report) -> str:
    if report.base is None:
        return "No release is filed: every change is free."
    counts = [f"{count} {verdict}" for verdict, count in report.comparison.counts.items() if count]
    summary = f"From {report.base} to {report.revision}: {', '.join(counts) or 'no changes'}."
    return f"{summary} Nothing is left to announce." if counts and report.missing == () else summary


def as_json(report: Report) -> str:
    """One line for programs."""
    verdict = report.comparison.verdict
    data = {
        "base": report.base,
        "revision": report.revision,
        "verdict": verdict,
        "breaking": report.comparison.is_breaking,
        "counts": {str(verdict): count for verdict, count in report.comparison.counts.items()},
        "not_announced": report.missing or (),
        "changes": [_as_data(change) for change in report.comparison.changes],
    }
    return orjson.dumps(data).decode()


def _as_data(change: Change) -> Mapping[str, object]:
    return {
        "kind": change.kind,
        "verdict": change.verdict,
        "direction": change.mode,
        "subject": change.subject,
        "operations": change.operations,
        "pointer": change.pointer,
        "line": change.line,
        "what": change.what,
        "breaks": change.explanation.concerns,
        "advice": change.explanation.advice,
    }


def as_markdown(report: Report) -> str:
    """A comment for a review."""
    parts = [f"### Contract: {_summary(report)}", *(f"- **Not announced**: {each}" for each in report.missing or ())]
    for verdict in Verdict:
        changes = [change for change in report.comparison.changes if change.verdict is verdict]
        if changes:
            parts.append("\n".join([f"#### {verdict.capitalize()}", "", *map(_item, changes)]))
    return "\n\n".join(parts)


def _item(change: Change) -> str:
    item = f"- {change.what} <sub>line {change.line}, {_reach(change)}</sub>"
    if not change.verdict.breaks:
        return item
    return f"{item}\n  - Breaks: {change.explanation.concerns}\n  - Instead: {change.explanation.advice}"


def as_annotations(report: Report) -> str:
    """Workflow commands of GitHub, which show changes beside the lines of a pull request."""
    told = [change for change in report.comparison.changes if change.verdict in _LEVELS]
    lines = [_annotation(change, report.revision) for change in told]
    lines += [f"::error title=Not announced::{_escaped(sentence)}" for sentence in report.missing or ()]
    return "\n".join([*lines, _summary(report)])


def _annotation(change: Change, revision: str) -> str:
    place = f"file={_property(revision)},line={change.line},title={_property(change.kind)}"
    message = f"{change.what} {change.explanation.concerns} {change.explanation.advice}".strip()
    return f"::{_LEVELS[change.verdict]} {place}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "github": as_annotations,
}
"""The ways to write a comparison down, by name."""
