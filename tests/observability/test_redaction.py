import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.observability.redaction import HIDDEN, redact

words = st.text(string.ascii_letters + string.digits, min_size=8, max_size=40).map(lambda text: f"canary{text}")
secrets = st.text(st.characters(codec="utf-8"), min_size=6).filter(lambda text: not set(text) <= set(HIDDEN))
around = st.text(st.characters(codec="utf-8"))


@given(around, secrets, around)
def test_a_secret_in_use_is_in_no_text(before, secret, after):
    assert secret not in redact(f"{before}{secret}{after}", [secret]).replace(HIDDEN, "")


@given(st.lists(words, min_size=1, unique=True))
def test_a_secret_that_begins_with_another_is_hidden_as_a_whole(parts):
    grown = ["".join(parts[: end + 1]) for end in range(len(parts))]
    assert redact(" ".join(grown), grown) == " ".join([HIDDEN] * len(grown))


@pytest.mark.parametrize(
    "form",
    [
        "password={}",
        "PASSWORD: {}",
        "connect(user='u', password='{}')",
        '{{"aws_secret_access_key": "{}"}}',
        "{{'api-key': '{}'}}",
        "s3_secret_key => {}",
        "Authorization: Bearer {}",
        "authorization=Basic {}==",
        "postgresql://user:{}@db.example.com/exports",
        "https://:{}@example.com",
        "postgresql://user:un@escaped{}@db.example.com/exports",
        "phx_{}",
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\n{}",
        "access_token={}&more=1",
    ],
)
@given(value=words)
def test_what_looks_like_a_secret_is_hidden_without_being_known(form, value):
    shown = redact(f"It failed: {form.format(value)} (really)")
    assert value not in shown
    assert HIDDEN in shown
    assert shown.startswith("It failed: ")


@given(around)
def test_hiding_twice_hides_no_more(text):
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "The bucket exports-2026 does not exist. Create it, or name another.",
        "Tried 6 times; the last time: Connection trouble (ReadTimeout).",
        "GET /api/projects/1/batch_exports/ 200 1.5 ms",
        "Add it to BATCH_EXPORTS_OLD_SECRET_KEYS, or give these exports their credentials again.",
        "https://db.example.com:8443/path?query=1",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(text):
    assert redact(text) == text
