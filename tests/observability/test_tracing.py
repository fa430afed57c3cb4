import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from batch_exports.contract.request import Request
from batch_exports.observability.metrics import Metrics
from batch_exports.observability.requests import RequestObserver
from batch_exports.observability.tracing import open_tracing
from tests.contract_layer.asgi import scope_of
from tests.observability.spans import tracing_in_memory
from tests.service import Service

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def request(*headers, method="POST"):
    return Request(scope_of(method, "/api/projects/1/batch_exports/", headers, raw_path=b"/"), None)


async def test_a_request_is_a_span_named_by_its_operation_inside_that_of_its_caller():
    tracing, exporter = tracing_in_memory()
    observed = request((b"traceparent", f"00-{CALLER}-00f067aa0ba902b7-01".encode()), (b"x-request-id", b"abc-1"))
    end = RequestObserver(Metrics().requests, tracing)(observed)
    with tracing.step("store write"):
        pass
    observed.operation_id, observed.status = "create_export", 201
    end()
    inner, span = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == CALLER
    assert (span.name, span.kind, span.parent.is_remote) == ("POST create_export", trace.SpanKind.SERVER, True)
    assert inner.parent.span_id == span.context.span_id
    assert dict(span.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 201,
        "batch_exports.request_id": "abc-1",
        "batch_exports.operation": "create_export",
    }
    assert span.status.status_code is trace.StatusCode.UNSET
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize(("status", "failed"), [(200, False), (404, False), (499, False), (500, True), (503, True)])
async def test_only_what_is_the_service_s_fault_is_an_error(status, failed):
    tracing, exporter = tracing_in_memory()
    observed = request()
    span = tracing.request(observed)
    observed.status = status
    span.end(observed)
    (told,) = exporter.get_finished_spans()
    assert (told.status.status_code is trace.StatusCode.ERROR) == failed
    assert told.name == "POST"


@pytest.mark.parametrize("header", [b"", b"garbage", b"00-zz-zz-01", b"\xff" * 55])
async def test_a_caller_s_trace_that_cannot_be_read_begins_a_new_one(header):
    tracing, exporter = tracing_in_memory()
    observed = request((b"traceparent", header))
    tracing.request(observed).end(observed)
    (span,) = exporter.get_finished_spans()
    assert span.parent is None


def test_of_an_error_only_the_type_is_told():
    tracing, exporter = tracing_in_memory()
    with pytest.raises(ConnectionError), tracing.step("run plan", run_id="r"):
        raise ConnectionError("canary-5d20")
    (span,) = exporter.get_finished_spans()
    assert span.status.description == "ConnectionError"
    assert "canary" not in span.to_json()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_TRACES_EXPORTER": "NONE", ENDPOINT: "http://127.0.0.1:1"},
        {ENDPOINT: ""},
        {"OTEL_SDK_DISABLED": "true", ENDPOINT: "http://127.0.0.1:1"},
        {"OTEL_SERVICE_NAME": "exports"},
    ],
)
def test_unless_it_is_asked_for_nothing_is_traced(environment):
    assert open_tracing(environment) is None


def run(program):
    """A program of its own, run to its end, since what is loaded decides."""
    program = f"from batch_exports.observability.tracing import open_tracing\n{program}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)


def test_traces_that_are_asked_for_without_their_package_are_missed_aloud():
    done = run(
        "import sys; sys.modules['opentelemetry'] = None\nassert open_tracing({'OTEL_TRACES_EXPORTER': 'otlp'}) is None"
    )
    assert "opentelemetry" in done.stderr
    assert "pip install 'batch-exports[otel]'" in done.stderr


def test_traces_can_be_read_on_the_console():
    done = run(
        "tracing = open_tracing({'OTEL_TRACES_EXPORTER': 'console'})\n"
        "with tracing.step('run plan', run_id='r'): pass\n"
        "tracing.close()"
    )
    told = json.loads(done.stdout)
    assert (told["name"], told["attributes"]) == ("run plan", {"batch_exports.run_id": "r"})
    assert told["resource"]["attributes"]["service.name"] == "batch-exports"


@pytest.fixture
def collector():
    """A collector on this machine: its URL, and what it has been sent."""
    received = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_a_service_that_ends_has_sent_its_traces(tmp_path, collector):
    url, received = collector
    environment = {ENDPOINT: url, "OTEL_EXPORTER_OTLP_COMPRESSION": "none", "OTEL_SERVICE_NAME": "exports-eu"}
    with Service("serve", "--port", "0", "--data-dir", str(tmp_path), environment=environment) as service:
        assert httpx.get(f"{service.facts['url']}/healthz", trust_env=False).status_code == 200
        assert service.stop() == 0
    path, sent = received.get(timeout=1)
    assert path == "/v1/traces"
    (resource,) = sent.resource_spans
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert named["service.name"] == "exports-eu"
    (span,) = resource.scope_spans[0].spans
    assert span.name == "GET"
