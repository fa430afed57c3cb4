"""Walks through lists, page by page, as their links lead."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from batch_exports.conformance.model.documents import Json
from batch_exports.conformance.model.exchange import Exchange
from batch_exports.conformance.model.keys import Role
from batch_exports.conformance.model.transcript import require

Order = tuple[str, bool]
"""A field, and whether its largest value comes first."""


def walk(
    exchange: Exchange, role: Role, path: str, query: Mapping[str, Any], size: int, *, back: bool = False
) -> list[Json]:
    """The rows of all pages of a list that holds `size` of them on each; if asked, both ways."""
    page = exchange.look(role, path, query)
    require(page["previous"] is None, f"The first page has a page before it: {page['previous']}")
    pages = [page]
    while page["next"] is not None:
        require(len(page["results"]) == size, f"A page that others follow holds {len(page['results'])} of {size} rows.")
        page = exchange.follow(role, page["next"])
        pages.append(page)
        require(page["results"], "A page that another leads to is empty.")
    require(len(page["results"]) <= size, f"A page holds {len(page['results'])} rows; {size} were asked for.")
    rows = [row for each in pages for row in each["results"]]
    _check_once(rows)
    _check_counts(pages, rows)
    if back:
        _walk_back(exchange, role, pages)
    return rows


def check_sorted(rows: Sequence[Json], order: Order) -> None:
    """Raise Mismatch unless rows are in an order, and those that are equal in it by their id."""
    name, falls = order
    keys = [(row[name], row["id"]) for row in rows]
    require(
        keys == sorted(keys, reverse=falls),
        f"The rows are not ordered by {'-' if falls else ''}{name}: {[str(key[0]) for key in keys]}.",
    )


def check_shown(what: str, found: Collection[str], wanted: Collection[str]) -> None:
    """Raise Mismatch unless a list shows the objects with these ids."""
    require(set(found) == set(wanted), f"The list shows the {what} {sorted(found)}; it must show {sorted(wanted)}.")


def order_of(text: str) -> Order:
    """The order that the parameter `ordering` names."""
    return text.lstrip("-"), text.startswith("-")


def _check_once(rows: Sequence[Json]) -> None:
    ids = [row["id"] for row in rows]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    require(not twice, f"The pages of one list show more than once: {', '.join(twice)}.")


def _check_counts(pages: Sequence[Json], rows: Sequence[Json]) -> None:
    counts = [page["count"] for page in pages if "count" in page]
    require(all(each == len(rows) for each in counts), f"The count is {counts}, and the pages have {len(rows)} rows.")


def _walk_back(exchange: Exchange, role: Role, pages: Sequence[Json]) -> None:
    """From the last page back to the first: the same rows in the same order, besides those that have come since."""
    forth = [row["id"] for page in pages for row in page["results"]]
    page, back = pages[-1], [row["id"] for row in pages[-1]["results"]]
    while page["previous"] is not None:
        page = exchange.follow(role, page["previous"])
        back = [row["id"] for row in page["results"]] + back
    seen = [each for each in back if each in set(forth)]
    require(
        seen == forth, f"The way back through {len(pages)} pages shows {len(seen)} rows, not the {len(forth)} there."
    )
