"""What a pattern lets through, every reader lets through, and the service can use."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.domain.destinations import SECRET_KEYS
from batch_exports.domain.egress import PUBLIC, EgressMode, EgressPolicy, check_config_hosts
from batch_exports.domain.errors import Invalid
from batch_exports.domain.object_keys import check_object_keys
from batch_exports.domain.relative_times import read_relative_time
from batch_exports.domain.times import read_aware_time, read_date, read_time
from tests.spec.document import request_schemas, resolve, response_schemas, schemas

NOW = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
PATTERNS = sorted({each["pattern"] for each in (request_schemas() | response_schemas()).values() if "pattern" in each})
# Of each, since there are many patterns.
FEW = settings(max_examples=20)

offsets = st.integers(-14 * 60 + 1, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    datetime(1980, 1, 1),  # noqa: DTZ001  # zones are drawn beside
    datetime(2099, 12, 31, 23, 59, 59),  # noqa: DTZ001
    timezones=st.none() | offsets,
)

HOST_SETTINGS = [
    (kind, key)
    for kind in SECRET_KEYS
    for key, schema in schemas()[f"{kind}Config"]["properties"].items()
    if resolve(schema).get("pattern", "").startswith(("^http", schemas()["HostName"]["pattern"]))
]


def _matching(schema):
    """Strings that Python reads as matching, cut to the schema's length."""
    pattern = re.sub(r"\$$", r"\\Z", schema["pattern"])
    return st.from_regex(pattern).filter(lambda text: len(text) <= schema.get("maxLength", 10_000))


def _config(kind, key):
    return resolve(schemas()[f"{kind}Config"]["properties"][key])


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_anchored_at_its_start(pattern):
    assert pattern.startswith("^")


def test_what_does_not_match_is_refused_with_a_sentence_of_its_pattern():
    sentences = {}
    for place, schema in request_schemas().items():
        if "pattern" in schema:
            assert "x-detail" in schema, place
            assert sentences.setdefault(schema["pattern"], schema["x-detail"]) == schema["x-detail"], place


@pytest.mark.parametrize("pattern", PATTERNS)
@FEW
@given(data=st.data())
def test_python_and_rust_read_a_pattern_alike(pattern, data):
    validator = jsonschema_rs.Draft202012Validator({"type": "string", "pattern": pattern})
    text = data.draw(_matching({"pattern": pattern}) | st.text(max_size=30))
    expected = re.search(re.sub(r"\$$", r"\\Z", pattern), text) is not None
    assert validator.is_valid(text) is expected


@given(_matching(schemas()["Time"]))
def test_every_time_that_the_contract_takes_can_be_read(text):
    assert 1979 <= read_time(text, attr="at").year <= 2100


@given(_matching(schemas()["RelativeTime"]))
def test_every_relative_time_that_the_contract_takes_can_be_read(text):
    assert (read_relative_time(text, NOW, attr="at") is None) == (text == "all")


@given(_matching(schemas()["BackfillBound"]))
def test_every_bound_of_a_backfill_can_be_read_as_a_date_or_a_time(text):
    assert read_date(text) if len(text) == 10 else read_aware_time(text)


@given(moments)
def test_every_moment_of_the_years_in_reach_is_taken(moment):
    text = moment.isoformat()
    assert re.search(schemas()["Time"]["pattern"], text)
    assert re.search(schemas()["RelativeTime"]["pattern"], text)
    assert bool(re.search(schemas()["BackfillBound"]["pattern"], text)) is (moment.tzinfo is not None)


@given(st.dates(date(1980, 1, 1), date(2099, 12, 31)))
def test_every_date_of_the_years_in_reach_is_taken(day):
    assert all(
        re.search(schemas()[name]["pattern"], day.isoformat()) for name in ("BackfillBound", "RelativeTime", "Time")
    )


@given(st.from_regex(r"-?[0-9]?[hdwmqysHDWMQY](Start|End)?", fullmatch=True))
def test_every_relative_time_of_the_compatible_api_is_taken(text):
    assert re.search(schemas()["RelativeTime"]["pattern"], text)


@pytest.mark.parametrize("name", ["BackfillBound", "OptionalTime", "RelativeTime", "Time"])
def test_whoever_is_out_of_the_years_in_reach_is_told_which_they_are(name):
    assert not re.search(schemas()[name]["pattern"], "2100-01-01T00:00:00Z")
    assert "years 1980 to 2099" in schemas()[name]["x-detail"]


@pytest.mark.parametrize("text", ["2026-02-29", "2026-04-31", "2100-02-29", "2026-13-01", "2026-00-10", "2026-1-1"])
def test_a_day_that_no_calendar_has_is_refused(text):
    assert not re.search(schemas()["BackfillBound"]["pattern"], text)
    assert not re.search(schemas()["Time"]["pattern"], f"{text}T00:00:00Z")


@pytest.mark.parametrize(("kind", "key"), [each for each in HOST_SETTINGS if each[1] != "token_uri"])
@pytest.mark.parametrize(
    "host", ["localhost", "s3.example.com", "minio", "10.0.0.5", "8.8.8.8", "[::1]", "[2001:db8::1]"]
)
def test_whatever_host_an_operator_may_allow_can_be_written(kind, key, host):
    schema = resolve(_config(kind, key))
    value = host if schema == schemas()["HostName"] else f"https://{host}"
    assert re.search(schema["pattern"], value)
    check_config_hosts(kind, {key: value}, EgressPolicy(EgressMode.ANY))


@pytest.mark.parametrize(("kind", "key"), HOST_SETTINGS)
def test_every_setting_that_names_a_host_is_asked_of_the_egress_policy(kind, key):
    host = "localhost" if resolve(_config(kind, key)) == schemas()["HostName"] else "https://localhost/"
    with pytest.raises(Invalid):
        check_config_hosts(kind, {key: host}, PUBLIC)


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "010.0.0.1", "256.0.0.1", "::1", "a..b", "a b", ""])
def test_a_host_in_disguise_is_refused(host):
    assert not re.search(schemas()["HostName"]["pattern"], host)
    assert not re.search(_config("S3", "endpoint_url")["pattern"], f"https://{host}/")
    assert not re.search(_config("HTTP", "url")["pattern"], f"https://{host}")


@pytest.mark.parametrize("port", ["0", "65536", "99999", "", "-1"])
def test_a_port_that_cannot_be_is_refused(port):
    assert not re.search(_config("S3", "endpoint_url")["pattern"], f"https://localhost:{port}")


@given(
    _matching(schemas()["KeyPrefix"]),
    st.none() | _matching(schemas()["KeyTemplate"]),
    st.sampled_from(["events", "persons", "sessions"]),
)
def test_every_prefix_and_template_that_the_contract_takes_makes_usable_keys(prefix, template, model):
    check_object_keys({"prefix": prefix, "key_template": template}, model)


@given(_matching(_config("File", "prefix")), _matching(_config("File", "path")))
def test_no_folder_that_the_contract_takes_leads_out_of_the_root(prefix, path):
    segments = f"{path}/{prefix}".split("/")
    assert not path.startswith("/")
    assert not {"..", "."} & set(segments)
    assert "\\" not in path + prefix
    check_object_keys({"prefix": prefix}, "events")


@pytest.mark.parametrize("path", ["/etc", "../x", "a/../b", "a/..", ".ssh", "a\\b", "a//b", "a/", ""])
def test_a_path_that_leads_elsewhere_is_refused(path):
    assert not re.search(_config("File", "path")["pattern"], path)


@given(st.text(alphabet=st.characters(categories=["Zs", "Cc"]), max_size=20))
def test_a_name_of_nothing_but_spaces_is_refused(name):
    assert not re.search(schemas()["ExportName"]["pattern"], name)


def _required_texts():
    """The texts without which there is no destination, and all credentials: their types and names."""
    for kind in SECRET_KEYS:
        config = schemas()[f"{kind}Config"]
        for name in sorted({*config.get("required", ()), *SECRET_KEYS[kind]}):
            if resolve(config["properties"][name])["type"] == "string":
                yield kind, name


@pytest.mark.parametrize(("kind", "name"), [each for each in _required_texts() if each[1] != "prefix"])
@FEW
@given(st.text(alphabet=st.characters(categories=["Zs", "Zl", "Zp", "Cc"]), max_size=20))
def test_a_setting_of_nothing_but_spaces_is_refused(kind, name, text):
    assert not re.search(_config(kind, name)["pattern"], text)


@given(_matching(schemas()["ExportName"]))
def test_a_name_stays_a_name_without_the_spaces_around_it(name):
    assert name.strip()
