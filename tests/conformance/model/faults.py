"""What services get wrong: each fault stands between the programs and a service that keeps the contract."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from mock_server.personas import KEYS
from tests.conformance.model.connections import Fault, Send

Json = dict[str, Any]

_NO_ZONE = "Mars/Olympus"

MAIN = f"Bearer {KEYS['admin']}"


def changed(request: httpx.Request, **parts: Any) -> httpx.Request:
    """The request with another part: `url`, `headers` or `json`."""
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    parts = {"url": request.url, "content": request.content, "headers": headers} | parts
    if "json" in parts:
        del parts["content"]
    return httpx.Request(request.method, **parts)


def retold(response: httpx.Response, tell: Callable[[Any], Any], status: int | None = None) -> httpx.Response:
    """The response with another body."""
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return httpx.Response(status or response.status_code, json=tell(response.json()), headers=headers)


def is_list(request: httpx.Request) -> bool:
    return request.method == "GET" and request.url.path.endswith("/batch_exports/")


def shows_export(request: httpx.Request) -> bool:
    return request.url.path.rstrip("/").count("/") == 5 and request.method != "DELETE"


def without_header(name: str) -> Fault:
    def fault(request: httpx.Request, send: Send) -> httpx.Response:
        kept = {key: value for key, value in request.headers.items() if key != name}
        return send(changed(request, headers=kept))

    return fault


def without_parameter(name: str) -> Fault:
    def fault(request: httpx.Request, send: Send) -> httpx.Response:
        return send(changed(request, url=request.url.copy_remove_param(name)))

    return fault


def patch_forgets_the_time_zone(request: httpx.Request, send: Send) -> httpx.Response:
    if request.method != "PATCH":
        return send(request)
    body = {
        name: value for name, value in json.loads(request.content).items() if name != "timezone" or value == _NO_ZONE
    }
    return send(changed(request, json=body))


def a_row_is_repeated_on_the_next_page(request: httpx.Request, send: Send) -> httpx.Response:
    offset = int(request.url.params.get("offset", "0"))
    shifted = request.url.copy_set_param("offset", str(max(0, offset - 1)))
    return send(changed(request, url=shifted) if is_list(request) and offset else request)


def the_count_is_that_of_the_page(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    return retold(response, lambda page: page | {"count": len(page["results"])}) if is_list(request) else response


def other_tenants_exports_are_shown(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if response.status_code != 404 or request.method != "GET":
        return response
    return send(changed(request, headers={**request.headers, "authorization": MAIN}))


def whoever_reads_may_pause(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if response.status_code != 403 or not request.url.path.endswith("/pause/"):
        return response
    return send(changed(request, headers={**request.headers, "authorization": MAIN}))


def deleting_does_nothing(request: httpx.Request, send: Send) -> httpx.Response:
    if request.method != "DELETE":
        return send(request)
    shown = send(changed(httpx.Request("GET", request.url), headers=request.headers))
    return (
        httpx.Response(204, headers={"x-request-id": request.headers.get("x-request-id", "")})
        if shown.is_success
        else shown
    )


def a_creation_tells_the_credentials(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if request.method != "POST" or response.status_code != 201 or not is_list(changed_method(request)):
        return response
    secret = {
        name: text for name, text in json.loads(request.content)["destination"]["config"].items() if "key" in name
    }
    return retold(response, lambda body: body | secret)


def a_refused_creation_leaves_an_export(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if request.method == "POST" and response.status_code == 400 and is_list(changed_method(request)):
        whole = {"interval": "hour", "destination": {"type": "NoOp", "config": {}}}
        send(changed(request, json=whole | {"name": json.loads(request.content).get("name", "Left")}))
    return response


def the_etag_stays(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if "etag" in response.headers:
        response.headers["etag"] = '"1"'
    return response


def cancelling_does_nothing(request: httpx.Request, send: Send) -> httpx.Response:
    if not request.url.path.endswith("/cancel/") or KEYS["read"] in request.headers["authorization"]:
        return send(request)
    shown = send(changed(httpx.Request("GET", request.url.join("../")), headers=request.headers))
    return retold(shown, lambda _: {"cancelled": True, "status": "Cancelled"}) if shown.is_success else shown


def what_has_ended_is_cancelled_again(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if response.status_code != 400 or not request.url.path.endswith("/cancel/"):
        return response
    return retold(response, lambda _: {"cancelled": True, "status": "Cancelled"}, status=200)


def the_latest_runs_are_the_oldest(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if request.method != "GET" or response.is_error or not shows_export(request):
        return response
    return retold(response, lambda body: body | {"latest_runs": body["latest_runs"][::-1]})


def a_cancelled_run_starts_again(request: httpx.Request, send: Send) -> httpx.Response:
    def tell(page: Json) -> Json:
        rows = [row | {"status": "Starting", "finished_at": None} for row in page["results"]]
        return page | {"results": rows}

    response = send(request)
    is_runs = request.method == "GET" and request.url.path.endswith("/runs/")
    return retold(response, tell) if is_runs and response.is_success else response


def unpausing_does_nothing(request: httpx.Request, send: Send) -> httpx.Response:
    if not request.url.path.endswith("/unpause/") or KEYS["read"] in request.headers["authorization"]:
        return send(request)
    shown = send(changed(httpx.Request("GET", request.url.join("../")), headers=request.headers))
    return retold(shown, lambda _: {"paused": False, "backfill_id": None}) if shown.is_success else shown


def the_newest_change_is_not_listed(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if response.is_error or not request.url.path.endswith("/activity/") or "cursor" in request.url.params:
        return response
    return retold(response, lambda page: page | {"results": page["results"][1:]})


def a_retry_names_no_run(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if response.is_error or request.method != "GET" or "/runs/" not in request.url.path:
        return response
    forget = {"retry_of": None}
    return retold(
        response,
        lambda body: body | ({"results": [row | forget for row in body["results"]]} if "results" in body else forget),
    )


def runs_are_found_by_way_of_any_export() -> Fault:
    owners: dict[str, str] = {}

    def fault(request: httpx.Request, send: Send) -> httpx.Response:
        response = send(request)
        parts = request.url.path.split("/")
        if "runs" in parts and response.is_success and response.content and "results" in response.json():
            owners.update(
                {row["id"]: row["batch_export"] for row in response.json()["results"] if "batch_export" in row}
            )
        if response.status_code == 404 and "runs" in parts and parts[7] in owners:
            parts[5] = owners[parts[7]]
            return send(changed(request, url=request.url.copy_with(path="/".join(parts))))
        return response

    return fault


def changed_method(request: httpx.Request) -> httpx.Request:
    """As if it only read."""
    return httpx.Request("GET", request.url)


FAULTS: dict[str, tuple[Callable[[], Fault], str, int]] = {
    "patch forgets a field": (lambda: patch_forgets_the_time_zone, "timezone is", 3),
    "a row is repeated": (lambda: a_row_is_repeated_on_the_next_page, "more than once", 7),
    "the count is wrong": (lambda: the_count_is_that_of_the_page, "The count is", 6),
    "a filter is ignored": (lambda: without_parameter("paused"), "it must show", 0),
    "an order is ignored": (lambda: without_parameter("ordering"), "not ordered by", 7),
    "statuses are ignored": (lambda: without_parameter("status"), "are among those that are", 6),
    "tenants see each other": (lambda: other_tenants_exports_are_shown, "it must be 404", 2),
    "readers may pause": (lambda: whoever_reads_may_pause, "it must be 403", 0),
    "deleting does nothing": (lambda: deleting_does_nothing, "the list: count is", 0),
    "credentials are told": (lambda: a_creation_tells_the_credentials, "shows a credential", 0),
    "a refusal leaves something": (lambda: a_refused_creation_leaves_an_export, "the list: count is", 6),
    "the version stays": (lambda: the_etag_stays, "was that of an earlier version", 0),
    "versions are ignored": (lambda: without_header("if-match"), "it must be 412", 3),
    "requests are not repeatable": (lambda: without_header("idempotency-key"), "it must be", 7),
    "cancelling does nothing": (lambda: cancelling_does_nothing, "Starting after the answer", 0),
    "ends are not final": (lambda: what_has_ended_is_cancelled_again, "it must be 400", 0),
    "a run goes back": (lambda: a_cancelled_run_starts_again, "which had ended", 0),
    "the latest are the oldest": (lambda: the_latest_runs_are_the_oldest, "not ordered by -created_at", 3),
    "unpausing does nothing": (lambda: unpausing_does_nothing, "paused is True", 2),
    "a change is not listed": (lambda: the_newest_change_is_not_listed, "", 0),
    "a retry names no run": (lambda: a_retry_names_no_run, "retry_of is None", 2),
    "exports share runs": (runs_are_found_by_way_of_any_export, "it must be 404", 3),
}
"""Each fault, how it comes about, words of what the model says of it, and a seed that finds it soon."""
