"""A result as one page of HTML that needs nothing else."""

from collections.abc import Sequence
from html import escape
from typing import Any

from batch_exports.conformance.exchanges import Failure
from batch_exports.conformance.result import Result

_HEAD = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
table { border-collapse: collapse; min-width: 100% }
th, td { text-align: left; padding: .3rem .6rem; vertical-align: top }
tr { border-bottom: 1px solid #8886 } pre { background: #8882; padding: .8rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere } .wide { overflow-x: auto }
.kept { color: light-dark(#14682f, #7bd88f) } .broken { color: light-dark(#a4161a, #ff8a8a) }
"""


def page(result: Result) -> str:
    """The page's text."""
    verdict = "kept" if result.kept else "broken"
    counts = ", ".join(f"{met} of {of} {noun}" for noun, (met, of) in result.coverage.totals().items())
    parts = [
        f"<h1>The contract is <span class={verdict}>{verdict}</span></h1>",
        f"<p>{escape(result.target.url)}, {result.coverage.requests} requests in {result.seconds:.0f} s: {counts}.</p>",
        f"<pre>{escape(result.command)}</pre>",
        *("<h2>Failures</h2>" if result.failures else "", *map(_failure, result.failures)),
        *_listed("Not proven", result.unproven),
        *_listed("Not deleted", result.left),
        "<h2>Coverage</h2><div class=wide tabindex=0>",
        "<table><tr><th>operation<th>statuses met<th>gaps<th>parameters met<th>gaps",
        *map(_row, result.coverage.rows()),
        "</table></div>",
    ]
    head = f"{_HEAD}<title>Contract {verdict}</title><style>{_STYLE}</style>"
    return head + "\n".join(parts) + "</html>\n"


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<h2>{title}</h2><ul>", *(f"<li>{escape(each)}" for each in lines), "</ul>"] if lines else []


def _failure(failure: Failure) -> str:
    title = f"{failure.part}: {failure.operation} {failure.title}"
    return f"<h3>{escape(title)}</h3><pre>{escape(failure.detail)}</pre><pre>{escape(failure.curl)}</pre>"


def _row(row: dict[str, Any]) -> str:
    cells = [row["operation"]]
    for noun in ("statuses", "parameters"):
        cells += [", ".join(row[noun]["met"]), ", ".join(row[noun]["gaps"])]
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells)
