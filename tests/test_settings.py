import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.settings import LOG_LEVELS, PREFIX, BadSetting, Settings

NAMES = [field.name for field in dataclasses.fields(Settings)]
SECRETS = ("database_url", "clickhouse_url", "secret_key", "old_secret_keys", "metrics_token")
URLS = {"postgresql": "database_url", "https": "clickhouse_url"}
texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


def read(**values):
    return Settings.read({PREFIX + name.upper(): value for name, value in values.items()})


def refusal(**values):
    with pytest.raises(BadSetting) as refused:
        read(**values)
    return str(refused.value)


def test_without_an_environment_all_are_at_their_defaults():
    assert Settings.read({"PATH": "/bin", "BATCH_EXPORTS_PORT": ""}) == Settings()


def test_options_win_over_the_environment_and_absent_ones_do_not():
    settings = Settings.read({"BATCH_EXPORTS_PORT": "1", "BATCH_EXPORTS_HOST": "h"}, port=2, host=None)
    assert (settings.port, settings.host) == (2, "h")


@given(name=st.sampled_from(NAMES), text=texts)
def test_any_text_is_a_setting_or_one_line_that_names_it(name, text):
    try:
        settings = read(**{name: text})
    except BadSetting as refused:
        assert str(refused).startswith(f"{PREFIX}{name.upper()}: ")
        assert str(refused).endswith(".")
    else:
        assert isinstance(settings, Settings)


@given(name=st.sampled_from(SECRETS), text=st.text("abcdef0123456789", min_size=8).map(lambda text: f"canary{text}"))
def test_no_refusal_and_no_print_shows_a_secret(name, text):
    for value in (text, f"postgresql://u:{text}@h:{text}/d", f"https://u:{text}@h:{text}/d", f"sqlite://{text}"):
        try:
            shown = repr(read(**{name: value}))
        except BadSetting as refused:
            shown = str(refused)
        assert text not in shown


@given(
    scheme=st.sampled_from(sorted(URLS)),
    pieces=st.lists(st.text("abc/:?#", max_size=4).map(lambda text: f"{text}canary"), min_size=2, max_size=4),
)
def test_a_password_with_a_bare_at_sign_is_refused_and_no_piece_of_it_repeated(scheme, pieces):
    assert "canary" not in refusal(**{URLS[scheme]: f"{scheme}://u:{'@'.join(pieces)}@127.0.0.1:1/d"})


@pytest.mark.parametrize(("scheme", "name"), URLS.items())
def test_an_at_sign_in_a_password_is_written_with_a_percent_sign(scheme, name):
    refused = refusal(**{name: f"{scheme}://u:pass@word@127.0.0.1:1/d"})
    assert refused.endswith("holds more than one @; write those inside of names and passwords as %40.")
    url = f"{scheme}://u:pass%40word@127.0.0.1:1/d"
    assert getattr(read(**{name: url}), name) == url


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("*", {"*"}),
        ("https://app.example.com", {"https://app.example.com"}),
        ("http://localhost:5173, https://a.b,", {"http://localhost:5173", "https://a.b"}),
        ("http://[::1]:8080", {"http://[::1]:8080"}),
    ],
)
def test_origins_are_listed_with_commas(text, origins):
    assert read(cors_origins=text).cors_origins == origins


@pytest.mark.parametrize(
    "text", ["app.example.com", "https://app.example.com/", "https://*.a.b", "null", "HTTPS://a.b"]
)
def test_an_origin_that_no_browser_would_send_is_refused(text):
    assert "must look like https://app.example.com" in refusal(cors_origins=text)


@given(st.integers())
def test_a_port_is_a_number_that_a_socket_takes(number):
    try:
        assert read(port=str(number)).port == number
        is_port = True
    except BadSetting:
        is_port = False
    assert is_port == (0 <= number <= 65535)


@pytest.mark.parametrize("name", ["worker_concurrency", "max_open_backfills", "max_body_bytes"])
@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "1_000", "٣"])
def test_amounts_are_whole_and_positive(name, text):
    assert refusal(**{name: text}).endswith("must be a whole number, at least 1.")


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("egress", "everything", "must be one of public, loopback, any"),
        ("log_level", "loud", f"must be one of {', '.join(LOG_LEVELS)}"),
        ("egress_allow", "https://lake.example", "neither a host name nor a network"),
        ("egress_allow", "lake.example,10.0.0.0/33", "'10.0.0.0/33' is neither"),
        ("trusted_proxies", "proxy.example", "neither an address nor a network"),
        ("secret_key", "YWJj", "must be 32 bytes in base64"),
        ("secret_key", "not base64!", "must be 32 bytes in base64"),
        ("old_secret_keys", f"{'A' * 43}=,YWJj", "must be 32 bytes in base64"),
        ("database_url", "mysql://host/db", "must look like"),
        ("database_url", "sqlite://", "must look like"),
        ("database_url", "sqlite:///:memory:", "must look like"),
        ("database_url", "postgresql://host:port/db", "must look like"),
        ("database_url", "sqlite:////folder/file.db?timeout=1", "a SQLite file, which takes no parameters"),
        ("clickhouse_url", "clickhouse.example:8443", "must look like"),
        ("root_path", "batch", "must look like /batch-exports"),
        ("log_format", "xml", "must be one of text, json"),
        ("metrics_token", "tooshort", "must be at least 16 letters and digits"),
        ("metrics_token", "spaces in a token are no good", "must be at least 16 letters and digits"),
        ("drain_seconds", "-1", "must be a whole number, at least 0"),
        ("throttle_per_minute", "-1", "must be a whole number, at least 0"),
        ("worker_port", "65536", "must be a whole number, from 0 to 65535"),
    ],
)
def test_a_value_that_cannot_be_used_says_what_would_do(name, text, advice):
    assert advice in refusal(**{name: text})


def test_names_are_read_whatever_their_case_and_spaces():
    settings = read(egress="ANY", log_level="Debug", egress_allow=" Lake.Example , 10.1.0.0/16,", root_path="/be/")
    assert (settings.egress, settings.log_level, settings.root_path) == ("any", "debug", "/be")
    assert settings.egress_allow == {"lake.example", "10.1.0.0/16"}
