import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import Invalid, PermanentFailure
from batch_exports.domain.selections import Selection
from batch_exports.services.export_filters import check_filters
from batch_exports.sources import literals
from batch_exports.sources.clickhouse import ClickHouseSource
from batch_exports.sources.filters import conditions
from tests.spec.document import document

MISSING = object()
VALUES: list[Any] = [
    MISSING,
    None,
    True,
    False,
    0,
    1,
    -7,
    42,
    2.5,
    "",
    "1",
    "42",
    "true",
    "Chrome",
    "chrome mobile",
    'it\'s \\ "quoted"',
    "%_",
    "ünïcode",
    "2024-01-01",
    "2024-06-01T12:00:00Z",
    "2024-06-01 12:00:00.5",
    "tomorrow",
]
OPERATORS = document()["components"]["schemas"]["Filter"]["properties"]["operator"]["enum"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.fixture
def properties(client: Any, project_id: int) -> list[Any]:
    """Store one event per value, under the key `it's` of the event and of the person."""
    rows = []
    for number, value in enumerate(VALUES):
        document = literals.string(json.dumps({} if value is MISSING else {"it's": value}))
        rows.append(
            f"({project_id}, generateUUIDv4(), '{number}', 'd', NULL, {document}, {document}, '', "
            "'2024-01-01 00:00:00', '2024-01-01 00:00:00', '2024-01-01 00:00:00')"
        )
    client.command(f"INSERT INTO events VALUES {', '.join(rows)}")
    return VALUES


def text_of(value: Any) -> str | None:
    if value is MISSING or value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value)


def number_of(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def date_of(text: str | None) -> datetime | None:
    try:
        date = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def equals(text: str | None, wanted: Any) -> bool:
    is_number = isinstance(wanted, int | float) and not isinstance(wanted, bool)
    return text is not None and (text == text_of(wanted) or (is_number and number_of(text) == wanted))


def compared(left: Any, right: Any, holds: Callable[[Any, Any], bool]) -> bool:
    return left is not None and holds(left, right)


ORACLES: dict[str, Callable[[str | None, Any], bool]] = {
    "exact": equals,
    "icontains": lambda text, wanted: text is not None and str(wanted).lower() in text.lower(),
    "regex": lambda text, wanted: text is not None and re.search(wanted, text) is not None,
    "gt": lambda text, wanted: compared(number_of(text), float(wanted), lambda a, b: a > b),
    "gte": lambda text, wanted: compared(number_of(text), float(wanted), lambda a, b: a >= b),
    "lt": lambda text, wanted: compared(number_of(text), float(wanted), lambda a, b: a < b),
    "lte": lambda text, wanted: compared(number_of(text), float(wanted), lambda a, b: a <= b),
    "is_set": lambda text, _: text is not None,
    "is_date_before": lambda text, wanted: compared(date_of(text), date_of(wanted), lambda a, b: a < b),
    "is_date_after": lambda text, wanted: compared(date_of(text), date_of(wanted), lambda a, b: a > b),
}
NEGATIONS = {"is_not": "exact", "not_icontains": "icontains", "not_regex": "regex", "is_not_set": "is_set"}
SCALARS = [1, 42, 2.5, True, "1", "true", "Chrome", 'it\'s \\ "quoted"', "%_", "", "ünïcode", "nowhere"]
CASES: list[tuple[str, Any]] = [
    *((operator, value) for operator in ("exact", "is_not") for value in SCALARS),
    *((operator, [1, "Chrome"]) for operator in ("exact", "is_not")),
    *(
        (operator, value)
        for operator in ("icontains", "not_icontains")
        for value in ("CHROME", "'", "\\", "%", ["4", "c"])
    ),
    *((operator, value) for operator in ("regex", "not_regex") for value in ("^C", r"\d+$", "'", ["^a", "e$"])),
    *((operator, value) for operator in ("gt", "gte", "lt", "lte") for value in (1, "1", -8, 2.5, 42)),
    *((operator, None) for operator in ("is_set", "is_not_set")),
    *((operator, "2024-03-01") for operator in ("is_date_before", "is_date_after")),
    *((operator, "2024-06-01T14:00:00+02:00") for operator in ("is_date_before", "is_date_after")),
]


def test_every_operator_agrees_with_its_meaning(
    source: ClickHouseSource, select: Callable[..., Selection], client: Any, properties: list[Any], project_id: int
) -> None:
    for kind in ("event", "person"):
        for operator, wanted in CASES:
            condition = conditions([{"type": kind, "key": "it's", "operator": operator, "value": wanted}])[0]
            where = f"project_id = {project_id} AND {condition}"
            found = client.query(f"SELECT toUInt32(event) FROM events WHERE {where} ORDER BY 1").result_rows
            alternatives = wanted if isinstance(wanted, list) else [wanted]
            meaning = ORACLES[NEGATIONS.get(operator, operator)]
            expected = [
                number
                for number, value in enumerate(properties)
                if any(meaning(text_of(value), each) for each in alternatives) is not (operator in NEGATIONS)
            ]
            assert [row[0] for row in found] == expected, (kind, operator, wanted)


def test_filters_all_have_to_hold(
    source: ClickHouseSource, select: Callable[..., Selection], properties: list[Any]
) -> None:
    filters = (
        {"type": "event", "key": "it's", "operator": "icontains", "value": "chrome"},
        {"type": "person", "key": "it's", "operator": "is_not", "value": "Chrome"},
    )
    assert source.count(select(filters=filters)) == 1
    assert source.count(select(filters=filters[:1])) == 2


def test_an_operator_that_is_not_named_is_exact(
    source: ClickHouseSource, select: Callable[..., Selection], properties: list[Any]
) -> None:
    assert source.count(select(filters=({"type": "event", "key": "it's", "value": "Chrome"},))) == 1


def test_every_operator_of_the_contract_is_tried_above() -> None:
    assert {operator for operator, _ in CASES} == set(OPERATORS)


SCALAR = TEXT | st.sampled_from(
    [
        None,
        True,
        7,
        -2.5,
        "",
        "7",
        "1e400",
        "many",
        "2024-03-01",
        "0001-01-01",
        "9999-12-31T23:59:59-09:00",
        "^a|b$",
        "(",
    ]
)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["event", "person", "hogql"]), "key": TEXT.filter(bool)},
        optional={"operator": st.sampled_from(OPERATORS), "value": SCALAR | st.lists(SCALAR, max_size=3)},
    )
)
def test_a_run_can_carry_out_every_filter_that_is_accepted(
    source: ClickHouseSource, select: Callable[..., Selection], each: dict[str, Any]
) -> None:
    try:
        check_filters([each])
    except Invalid as refusal:
        assert str(refusal.attr).startswith("filters__0__")
    else:
        source.count(select(filters=(each,)))


@given(st.text("ab(|)[]{}?*+\\^$.:<=!PLZd1,-", max_size=12))
def test_the_event_store_understands_every_pattern_that_is_accepted(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None], pattern: str
) -> None:
    insert(1)
    each = {"type": "event", "key": "padding", "operator": "regex", "value": pattern}
    with suppress(Invalid):
        check_filters([each])
        source.count(select(filters=(each,)))


@given(TEXT)
def test_a_text_literal_is_that_text(client: Any, text: str) -> None:
    assert client.raw_query(f"SELECT {literals.string(text)}", fmt="RowBinary").endswith(text.encode())
    assert client.query(f"SELECT hex({literals.string(text)})").result_rows == [(text.encode().hex().upper(),)]


@given(
    key=TEXT.filter(bool) | st.sampled_from(["' OR 1 = 1 --", "\\' OR 1 = 1 --", "'), 1)) OR (1 = (1", "{a:String}"]),
    value=TEXT | st.sampled_from(["' OR 1 = 1 --", "\\", "\\\\' OR 1 --", "') > 0 OR (1", "/*", "$$"]),
    operator=st.sampled_from(["exact", "icontains"]),
)
def test_no_key_value_or_name_can_widen_a_selection(
    source: ClickHouseSource,
    select: Callable[..., Selection],
    insert: Callable[..., None],
    key: str,
    value: str,
    operator: str,
) -> None:
    filters = ({"type": "event", "key": key, "operator": operator, "value": f"{value} nowhere"},)
    insert(1)
    assert source.count(select(filters=filters)) == 0
    assert source.count(select(include_events=(f"{value} nowhere",))) == 0
    assert source.count(select(exclude_events=(f"{value} nowhere",))) > 0


@pytest.mark.parametrize(
    ("each", "reason"),
    [
        ({"type": "hogql", "key": "1 = 1"}, "'hogql'"),
        ({"type": "cohort", "key": "id", "value": 1}, "type is none of"),
        ({"type": "event", "key": 3, "value": 1}, "key is no text"),
        ({"type": "event", "value": 1}, "key is no text"),
        ({"type": "event", "key": "a", "operator": "resembles", "value": 1}, "operator 'resembles' is not known"),
        ({"type": "event", "key": "a", "operator": "gt", "value": "many"}, "no number"),
        ({"type": "event", "key": "a", "operator": "gt", "value": True}, "no number"),
        ({"type": "event", "key": "a", "operator": "lt", "value": 10**400}, "no number"),
        ({"type": "event", "key": "a", "operator": "is_date_after", "value": "-7d"}, "no ISO 8601 date"),
        ({"type": "event", "key": "a", "operator": "regex", "value": 5}, "no regular expression"),
        ({"type": "event", "key": "a", "operator": "exact", "value": []}, "empty"),
        ({"type": "event", "key": "a", "operator": "exact"}, "no text, number or boolean"),
        ({"type": "event", "key": "a", "operator": "exact", "value": {"b": 1}}, "no text, number or boolean"),
    ],
)
def test_a_filter_that_cannot_be_carried_out_is_refused_by_name(each: dict[str, Any], reason: str) -> None:
    fine = {"type": "event", "key": "a", "value": "b"}
    with pytest.raises(PermanentFailure, match=f"^Filter 2 .*{re.escape(reason)}"):
        conditions([fine, each])


def test_a_pattern_that_does_not_compile_is_permanent(
    source: ClickHouseSource, select: Callable[..., Selection], insert: Callable[..., None]
) -> None:
    insert(1)
    with pytest.raises(PermanentFailure, match="cannot compile re2"):
        source.count(select(filters=({"type": "event", "key": "padding", "operator": "regex", "value": "("},)))


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(PermanentFailure, match="no valid Unicode"):
        conditions([{"type": "event", "key": "a", "value": "\ud800"}])
