"""Keys of exported files: the names that readers of a bucket rely on."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.errors import Invalid
from batch_exports.domain.object_keys import MAX_KEY_BYTES, check_object_keys, max_file_bytes, object_keys, render

START = datetime(2025, 1, 31, 23, tzinfo=UTC)
END = START + timedelta(hours=1)
INTERVAL = "2025-01-31T23:00:00+00:00-2025-02-01T00:00:00+00:00"

moments = st.integers(0, 3_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
configs = st.fixed_dictionaries(
    {"prefix": st.text(max_size=60)},
    optional={
        "file_format": st.sampled_from(["JSONLines", "Parquet"]),
        "max_file_size_mb": st.sampled_from([None, 0, 1, 50]),
    },
)


def keys(config, start=START, end=END):
    return object_keys(config, model="events", start=start, end=end)


@given(configs, moments, st.integers(0, 10_000))
def test_any_prefix_gives_a_key_that_every_store_takes_or_a_refusal(config, start, number):
    try:
        key = keys(config, start, start + timedelta(hours=1)).data(number)
    except Invalid as error:
        assert error.attr == "destination__config__prefix"
        return
    segments = key.split("/")
    assert all(segment not in {"", ".", ".."} for segment in segments)
    assert len(key.encode()) <= MAX_KEY_BYTES
    assert all(character.isprintable() or ord(character) > 0x9F for character in key)


@given(moments, moments, st.integers(1, 400), st.integers(1, 400), st.integers(0, 20), st.integers(0, 20))
def test_different_intervals_and_files_never_share_a_key(one, other, one_hours, other_hours, first, second):
    config = {"prefix": "{table}/{year}", "max_file_size_mb": 1}
    one_end, other_end = one + timedelta(hours=one_hours), other + timedelta(hours=other_hours)
    same = (one, one_end, first) == (other, other_end, second)
    assert (keys(config, one, one_end).data(first) == keys(config, other, other_end).data(second)) is same


@pytest.mark.parametrize("size", [None, 0])
def test_no_size_and_a_size_of_0_make_one_file_without_a_number(size):
    assert max_file_bytes({"max_file_size_mb": size}) is None
    assert keys({"prefix": "", "max_file_size_mb": size}).data(0) == keys({"prefix": ""}).data(0)


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_no_template_can_crash(template, variables):
    assert isinstance(render(template, variables), str)


@given(st.integers(0, 100_000), configs)
def test_an_interval_owns_its_data_files_and_not_its_manifest(number, config):
    try:
        mine = keys(config)
    except Invalid:
        return
    assert mine.owns(mine.data(number))
    assert not mine.owns(mine.manifest)
    assert not mine.owns(keys(config, END, END + timedelta(hours=1)).data(number))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"prefix": "exports"}, f"exports/{INTERVAL}.jsonl"),
        ({"prefix": "exports/", "compression": "gzip"}, f"exports/{INTERVAL}.jsonl.gz"),
        ({"prefix": "/exports", "compression": "brotli"}, f"exports/{INTERVAL}.jsonl.br"),
        ({"prefix": "", "file_format": "Parquet"}, f"{INTERVAL}.parquet"),
        ({"prefix": "a", "file_format": "Parquet", "compression": "zstd"}, f"a/{INTERVAL}.parquet"),
        ({"prefix": "a", "max_file_size_mb": 5}, f"a/{INTERVAL}-0.jsonl"),
        ({"prefix": "a", "max_file_size_mb": 0}, f"a/{INTERVAL}.jsonl"),
        ({"prefix": "{year}/{month}/{day}/{hour}{minute}{second}"}, f"2025/02/01/000000/{INTERVAL}.jsonl"),
        ({"prefix": "{table}/{data_interval_start}"}, f"events/2025-01-31T23:00:00+00:00/{INTERVAL}.jsonl"),
        ({"prefix": "{table}/{unknown}"}, f"{{table}}/{{unknown}}/{INTERVAL}.jsonl"),
        ({"prefix": "{table.__class__}"}, f"{{table.__class__}}/{INTERVAL}.jsonl"),
        ({"prefix": "{year:>9999}"}, f"{{year:>9999}}/{INTERVAL}.jsonl"),
        ({"prefix": "{"}, f"{{/{INTERVAL}.jsonl"),
        (
            {
                "prefix": "a",
                "key_template": "{prefix}/{table}_{data_interval_start_compact}_{data_interval_end_compact}",
            },
            "a/events_20250131T230000Z_20250201T000000Z.jsonl",
        ),
    ],
)
def test_the_first_file_has_the_documented_key(config, expected):
    assert keys(config).data(0) == expected


def test_the_manifest_lies_beside_the_files():
    assert keys({"prefix": "exports"}).manifest == f"exports/{INTERVAL}_manifest.json"


def test_times_are_utc_whatever_zone_they_come_in():
    zone = timezone(timedelta(hours=9))
    assert keys({"prefix": "{hour}"}, START.astimezone(zone), END.astimezone(zone)).data(0) == f"00/{INTERVAL}.jsonl"


def test_a_second_file_without_a_size_limit_does_not_replace_the_first():
    mine = keys({"prefix": "a"})
    assert mine.data(1) == f"a/{INTERVAL}-1.jsonl"


@pytest.mark.parametrize("prefix", ["../up", "a/../../b", "line\nbreak", "nul\0", "x" * 1024, "\ud800"])
def test_a_prefix_that_makes_unusable_keys_is_refused_when_written(prefix):
    with pytest.raises(Invalid) as refusal:
        check_object_keys({"prefix": prefix}, "events")
    assert refusal.value.attr == "destination__config__prefix"


@pytest.mark.parametrize(
    "template", ["{prefix}/all", "{prefix}/{data_interval_start}", "{data_interval_end}", "{day}", "{run}", "{", "{0}"]
)
def test_a_key_template_that_would_let_intervals_overwrite_one_another_is_refused(template):
    with pytest.raises(Invalid) as refusal:
        check_object_keys({"prefix": "a", "key_template": template}, "events")
    assert refusal.value.attr == "destination__config__key_template"


@given(st.integers(1, 10_000))
def test_a_megabyte_has_1024_times_1024_bytes(megabytes):
    assert max_file_bytes({"max_file_size_mb": megabytes}) == megabytes * 1024 * 1024
    assert max_file_bytes({"max_file_size_mb": None}) is None
