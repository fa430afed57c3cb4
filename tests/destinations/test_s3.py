"""S3: what it keeps beyond the conformance of all destinations of files, against a real server."""

import os
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.registry import DestinationRegistry
from batch_exports.destinations.s3.config import S3Settings
from batch_exports.destinations.s3.storage import Patience, S3Storage
from batch_exports.domain.destinations import CheckStatus
from batch_exports.domain.egress import EgressMode, EgressPolicy
from batch_exports.domain.errors import PermanentFailure, RetryableFailure
from batch_exports.ports import Chunk
from tests.destinations.conformance import FilesConformance
from tests.destinations.conftest import BUCKET
from tests.destinations.names import Names, serving_names
from tests.destinations.worlds import LOOPBACK, S3World, context, export, open_writer
from tests.formats.chunks import line_chunks, make_rows
from tests.seaweed import FULL, READ_ONLY, WRITE_ONLY


@pytest.fixture
def world(s3_server, gate):
    return S3World(s3_server, BUCKET, gate)


class TestS3(FilesConformance):
    pass


@pytest.fixture
def recorder():
    """A server that notes each request and answers as told."""
    servers = []

    def start(status=200, location=None, body=b""):
        requests = []

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                requests.append((self.command, self.path, dict(self.headers.items()), content))
                self.send_response(status)
                if location is not None:
                    self.send_header("Location", location)
                self.send_header("ETag", '"tag"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - the library's names

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}", requests

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def config(**changes):
    return {
        "bucket_name": "some-bucket",
        "region": "us-east-1",
        "prefix": "p",
        "aws_access_key_id": FULL.access_key,
        "aws_secret_access_key": FULL.secret_key,
        **changes,
    }


def refusal(world, **changes):
    with pytest.raises((PermanentFailure, RetryableFailure)) as caught:
        export(world, make_rows(3), **changes)
    text = str(caught.value)
    for secret in (FULL.secret_key, READ_ONLY.secret_key, "wrong-secret"):
        assert secret not in text
    return caught.type, text


def error_body(code):
    return f"<Error><Code>{code}</Code><Message>{FULL.secret_key}</Message></Error>".encode()


@pytest.mark.parametrize(
    ("changes", "kind", "advice"),
    [
        ({"bucket_name": "no-such-bucket"}, PermanentFailure, "The bucket 'no-such-bucket' does not exist"),
        ({"bucket_name": "no/such"}, PermanentFailure, "Correct it"),
        ({"region": "us-east-1.example.com/#"}, PermanentFailure, "region of the export"),
        ({"aws_access_key_id": "UNKNOWN"}, PermanentFailure, "Correct aws_access_key_id"),
        ({"aws_secret_access_key": "wrong-secret"}, PermanentFailure, "Correct aws_secret_access_key"),
        ({"aws_secret_access_key": None}, PermanentFailure, "Set aws_access_key_id and aws_secret_access_key"),
        (
            {"aws_access_key_id": READ_ONLY.access_key, "aws_secret_access_key": READ_ONLY.secret_key},
            PermanentFailure,
            "Allow them s3:PutObject",
        ),
        ({"encryption": "rot13"}, PermanentFailure, "Use AES256 or aws:kms"),
        ({"kms_key_id": "key"}, PermanentFailure, "encryption aws:kms"),
    ],
)
def test_what_only_a_changed_setting_can_cure_is_permanent_and_says_which(world, changes, kind, advice):
    found, text = refusal(world, **changes)
    assert found is kind
    assert advice in text


def test_nobody_listening_is_worth_another_try(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        kind, text = refusal(world, endpoint_url=f"http://127.0.0.1:{free.getsockname()[1]}")
    assert kind is RetryableFailure
    assert "Nothing answers at 127.0.0.1" in text


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, "InternalError", RetryableFailure),
        (503, "SlowDown", RetryableFailure),
        (429, "TooManyRequests", RetryableFailure),
        (501, "NotImplemented", PermanentFailure),
        (301, "PermanentRedirect", PermanentFailure),
        (400, "AuthorizationHeaderMalformed", PermanentFailure),
        (400, "KMS.NotFoundException", PermanentFailure),
        (403, "RequestTimeTooSkewed", PermanentFailure),
        (403, "AllAccessDisabled", PermanentFailure),
        (404, "NoSuchUpload", RetryableFailure),
        (418, "Teapot", PermanentFailure),
    ],
)
def test_a_server_error_passes_and_a_refusal_stays(world, recorder, status, code, kind):
    endpoint_url, _ = recorder(status, body=error_body(code))
    found, text = refusal(world, endpoint_url=endpoint_url)
    assert found is kind
    assert code in text or "region" in text or "clock" in text


def test_a_bucket_that_may_only_be_written_is_enough(world):
    keys = {"aws_access_key_id": WRITE_ONLY.access_key, "aws_secret_access_key": WRITE_ONLY.secret_key}
    (file,) = export(world, make_rows(5), **keys)
    export(world, make_rows(6), **keys)
    assert len(world.objects()) == 2
    assert file.key in world.objects()


def test_wrong_keys_show_even_when_there_are_no_rows(world):
    with pytest.raises(PermanentFailure, match="aws_access_key_id"):
        export(world, [], aws_access_key_id="UNKNOWN")


def test_a_large_file_is_uploaded_in_parts_and_read_back_whole(world):
    def large():
        for _ in range(40):
            yield Chunk(1, 1_000_001, os.urandom(500_000).hex().encode() + b"\n")

    writer = open_writer(world)
    (file,) = writer.write_part(0, 0, large(), lambda _: None)
    assert file.bytes == 40 * 1_000_001
    assert len(world.objects()[file.key]) == file.bytes
    assert world.unfinished() == []


def test_an_upload_that_the_server_breaks_off_leaves_nothing(world):
    writer = open_writer(world, aws_access_key_id=READ_ONLY.access_key, aws_secret_access_key=READ_ONLY.secret_key)
    with pytest.raises(PermanentFailure):
        writer.write_part(
            0, 0, (Chunk(1, 1_000_001, os.urandom(500_000).hex().encode() + b"\n") for _ in range(40)), lambda _: None
        )
    assert world.objects() == {}
    assert world.unfinished() == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("export-")]


# -- where packets go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 303, 307])
@pytest.mark.parametrize(
    "target",
    [
        "http://localhost:{port}", "http://127.0.0.1:{port}", "http://[::ffff:7f00:2]:{port}",
        "https://localhost:{port}", "https://127.0.0.2:{port}",
    ],
)  # fmt: skip
def test_no_redirect_leads_to_another_server(world, recorder, status, target):
    elsewhere, asked = recorder()
    target = target.format(port=elsewhere.rpartition(":")[2])
    endpoint_url, _ = recorder(status, location=f"{target}/latest/meta-data")
    kind, text = refusal(world, endpoint_url=endpoint_url)
    assert kind is PermanentFailure
    assert "127.0.0.1 redirects to" in text or "in another region" in text
    result = world.registry.run_step("S3", config(endpoint_url=endpoint_url), 1)
    assert result.status is CheckStatus.FAILED
    assert "127.0.0.1 redirects to" in (result.message or "")
    assert asked == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_changes_to_a_private_address_is_refused_with_advice(recorder, scheme):
    endpoint_url, asked = recorder()
    names = Names(["127.0.0.1"], ["127.0.0.7"])
    url = endpoint_url.replace("http://127.0.0.1", f"{scheme}://storage.example.com")
    with serving_names(names) as gate:
        registry = DestinationRegistry(gate)
        assert registry.run_step("S3", config(endpoint_url=url), 0).status is CheckStatus.PASSED
        refused = [registry.run_step("S3", config(endpoint_url=url), step) for step in (1, 2)]
    for result in refused:
        assert result.status is CheckStatus.FAILED
        assert (
            result.message
            == "The egress policy 'public' of this service refuses host 'storage.example.com' at address "
            "127.0.0.7. Use an allowed host, or ask the operator to add it to BATCH_EXPORTS_EGRESS_ALLOW."
        )
    assert asked == []


def test_a_name_that_changes_while_a_run_writes_ends_the_run(world, recorder):
    endpoint_url, asked = recorder()
    with serving_names(Names(["127.0.0.1"], ["127.0.0.7"])) as gate:
        url = endpoint_url.replace("127.0.0.1", "storage.example.com")
        writer = DestinationRegistry(gate).open("S3", context(world, endpoint_url=url))
        files = writer.write_part(0, 0, line_chunks(make_rows(1), 1), lambda _: None)
        with pytest.raises(PermanentFailure, match=r"refuses host 'storage\.example\.com' at address 127\.0\.0\.7"):
            writer.commit(files)
    assert [method for method, *_ in asked] == ["PUT"]


def test_a_name_that_cannot_be_looked_up_for_the_moment_is_worth_another_try(world, recorder):
    with serving_names(Names(socket.gaierror(socket.EAI_AGAIN, "later"))) as gate:
        writer = DestinationRegistry(gate).open("S3", context(world, endpoint_url="https://storage.example.com"))
        with pytest.raises(RetryableFailure, match="could not be looked up for the moment"):
            writer.write_part(0, 0, line_chunks(make_rows(1), 1), lambda _: None)


def test_nothing_of_the_environment_changes_a_request(world, recorder, monkeypatch):
    other, asked_other = recorder()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROXY_URL"):
        monkeypatch.setenv(name, other)
    for name in ("NO_PROXY", "no_proxy", "AWS_PROXY_EXCLUDES"):
        monkeypatch.setenv(name, "*")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "ENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "environment", "AWS_SESSION_TOKEN": "environment",
        "AWS_SKIP_SIGNATURE": "true", "AWS_REQUEST_PAYER": "true", "AWS_S3_EXPRESS": "true", "AWS_REGION": "eu-west-9",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true", "AWS_WEB_IDENTITY_TOKEN_FILE": "/none", "AWS_ROLE_ARN": "role",
        "AWS_METADATA_ENDPOINT": other, "AWS_CONTAINER_CREDENTIALS_FULL_URI": other, "AWS_UNSIGNED_PAYLOAD": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    (file,) = export(world, make_rows(3))
    assert asked_other == []
    endpoint_url, asked = recorder()
    open_writer(world, endpoint_url=endpoint_url).write_part(0, 0, line_chunks(make_rows(1), 1), lambda _: None)
    ((_, _, headers, _),) = asked
    assert headers["connection"] == "close", "the request came through the gate"
    assert "x-amz-security-token" not in headers
    assert FULL.access_key in headers["authorization"]
    assert "eu-west-9" not in headers["authorization"]
    monkeypatch.undo()
    assert file.key in world.objects()


def test_encryption_of_the_environment_is_refused_and_not_used(world, monkeypatch):
    monkeypatch.setenv("AWS_SERVER_SIDE_ENCRYPTION", "aws:kms")
    with pytest.raises(PermanentFailure, match="AWS_SERVER_SIDE_ENCRYPTION"):
        export(world, make_rows(1))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.1.2.3", "[::1]", "2130706433"])
def test_the_public_policy_refuses_before_any_packet(world, host):
    registry = DestinationRegistry(EgressGate(EgressPolicy(EgressMode.PUBLIC)))
    with pytest.raises(PermanentFailure, match="egress policy"):
        registry.open("S3", context(world, endpoint_url=f"http://{host}:9"))
    result = registry.run_step("S3", config(endpoint_url=f"http://{host}:9"), 0)
    assert result.status is CheckStatus.FAILED
    assert "egress policy" in (result.message or "")


def test_the_loopback_policy_refuses_amazon_without_looking_its_name_up(world):
    names = Names(["127.0.0.1"])
    with closing(EgressGate(LOOPBACK, names)) as gate:
        registry = DestinationRegistry(gate)
        with pytest.raises(PermanentFailure, match=r"s3\.us-east-1\.amazonaws\.com"):
            registry.open("S3", context(world, endpoint_url=None))
        for step in range(3):
            message = registry.run_step("S3", config(), step).message
            assert "egress policy 'loopback'" in (message or "")
    assert names.asked == []


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://s3.us-east-1.amazonaws.com:443"),
        ({"region": "cn-north-1"}, "https://s3.cn-north-1.amazonaws.com.cn:443"),
        ({"use_virtual_style_addressing": True}, "https://some-bucket.s3.us-east-1.amazonaws.com:443"),
        ({"endpoint_url": "http://[::1]:9000/"}, "http://[::1]:9000"),
        ({"endpoint_url": "https://Storage.example.com/s3/"}, "https://storage.example.com:443/s3"),
    ],
)
def test_the_address_of_the_bucket_follows_from_the_settings(changes, url):
    assert S3Settings.read(config(**changes)).url == url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "example.com",
        "http://",
        "http://a b",
        "http://h\\@x",
        "http://u:p@h",
        "http://h:99999",
        "http://h/?a",
    ],
)
def test_an_endpoint_that_is_no_plain_address_is_refused(url):
    with pytest.raises(PermanentFailure, match="endpoint_url"):
        S3Settings.read(config(endpoint_url=url))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label=st.text("abcz09-", min_size=1, max_size=8), is_bucket=st.booleans())
@example(label="4a", is_bucket=False)
@example(label="4a", is_bucket=True)
def test_a_name_that_the_client_cannot_read_is_refused_and_never_a_crash(gate, label, is_bucket):
    name = f"xn--{label}"
    named = {"bucket_name": name} if is_bucket else {"endpoint_url": f"https://{name}.example.com"}
    with pytest.raises(PermanentFailure, match=r"is not the name of a server|egress policy"):
        S3Storage(
            S3Settings.read(config(use_virtual_style_addressing=True, **named)), gate, Patience(seconds=1, retries=0)
        ).list_any()


def test_settings_show_no_secret():
    shown = repr(S3Settings.read(config()))
    assert FULL.secret_key not in shown
    assert FULL.access_key not in shown


@pytest.mark.parametrize("rows", [1, 40])
def test_encryption_settings_are_sent_with_every_object(world, recorder, rows):
    body = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
    endpoint_url, asked = recorder(body=body)
    chunks = (Chunk(1, 1_000_001, b"x" * 1_000_000 + b"\n") for _ in range(rows))
    writer = open_writer(world, endpoint_url=endpoint_url, encryption="aws:kms", kms_key_id="the-key")
    try:
        writer.write_part(0, 0, chunks, lambda _: None)
    except RetryableFailure:
        assert rows > 1, "the recorder completes no multipart upload"
    method, _, headers, _ = asked[0]
    assert method == ("PUT" if rows == 1 else "POST")
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "the-key"


# -- connection checks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "changes", "advice"),
    [
        (0, {"endpoint_url": "http://127.0.0.1:1"}, "Nothing answers at 127.0.0.1"),
        (0, {"endpoint_url": "http://nobody.localhost.invalid"}, "egress policy"),
        (1, {"bucket_name": "no-such-bucket"}, "does not exist"),
        (1, {"aws_secret_access_key": "wrong-secret"}, "Correct aws_secret_access_key"),
        (
            1,
            {"aws_access_key_id": WRITE_ONLY.access_key, "aws_secret_access_key": WRITE_ONLY.secret_key},
            "may not list",
        ),
        (
            2,
            {"aws_access_key_id": READ_ONLY.access_key, "aws_secret_access_key": READ_ONLY.secret_key},
            "may not write",
        ),
        (2, {"prefix": "../x"}, "prefix"),
    ],
)
def test_a_failed_check_tells_what_to_change(world, step, changes, advice):
    result = world.registry.run_step("S3", {**world.config, **changes}, step)
    assert result.status is CheckStatus.FAILED
    assert advice in (result.message or "")


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (503, "SlowDown"), (503, "")])
def test_a_check_tells_what_to_do_about_a_fault_of_the_server(world, recorder, status, code):
    endpoint_url, _ = recorder(status, body=error_body(code) if code else b"")
    result = world.registry.run_step("S3", config(endpoint_url=endpoint_url), 1)
    assert result.status is CheckStatus.FAILED
    assert f"could not list objects for the moment ({f'{status} {code}'.strip()})" in (result.message or "")
    assert "wait, and if it stays, ask those who run it" in (result.message or "")


@pytest.mark.parametrize("credential", [FULL.access_key, FULL.secret_key, f"Error.{FULL.access_key}"])
def test_a_credential_that_a_server_returns_as_its_error_is_not_shown(world, recorder, credential):
    endpoint_url, _ = recorder(403, body=error_body(credential))
    result = world.registry.run_step("S3", config(endpoint_url=endpoint_url), 1)
    assert result.status is CheckStatus.FAILED
    assert "may not list objects in the bucket 'some-bucket' (403)" in (result.message or "")


def test_a_web_server_is_no_bucket(world, recorder):
    endpoint_url, asked = recorder(body=b"<html>hi</html>")
    result = world.registry.run_step("S3", config(endpoint_url=endpoint_url), 1)
    assert result.status is CheckStatus.FAILED
    assert "as no S3 server does. Correct endpoint_url." in (result.message or "")
    assert [method for method, *_ in asked] == ["GET", "HEAD"]


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("wrong", [{}, {"bucket_name": 3}, {"endpoint_url": []}, {"prefix": {}}])
def test_no_config_makes_a_check_raise(world, step, wrong):
    changed = {**world.config, **wrong} if wrong else {}
    assert world.registry.run_step("S3", changed, step).status in {CheckStatus.FAILED, CheckStatus.PASSED}


def test_two_runs_may_write_at_once(world):
    errors = []

    def run(hour):
        try:
            export(world, make_rows(500), hour=hour, run=uuid4().hex)
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(hour,)) for hour in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(world.objects()) == 8


def test_who_waits_for_an_answer_is_told_soon_that_the_server_keeps_silent(gate):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        storage = S3Storage(S3Settings.read(config(endpoint_url=url)), gate, Patience(seconds=1, retries=0))
        with pytest.raises(RetryableFailure, match="No answer from"):
            storage.list_any()
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
