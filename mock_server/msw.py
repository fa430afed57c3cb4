"""Modules of handlers for Mock Service Worker: on to a world of a mock, or with answers recorded from one."""

import asyncio
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from string import Template
from typing import Any

from batch_exports.contract.spec import Spec, load_spec
from mock_server.addressing import WORLD
from mock_server.frozen import NOWHERE, freeze_scenario
from mock_server.library import Library

_THIN = Template("""\
// Handlers for MSW, made by `batch-exports mock export msw`: each request goes on to a world of the mock.
import { bypass, http } from "msw";

export const mock = $url;
export const world = $world;

export const handlers = $patterns.map((pattern) =>
  http.all(pattern, async ({ request }) => {
    const { method, signal } = request;
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.set("$header", world);
    // Read in full: browsers refuse to send a stream over HTTP/1.1.
    const body = method === "GET" || method === "HEAD" ? null : await request.arrayBuffer();
    return fetch(bypass(new Request(new URL(pathname + search, mock), { method, headers, body, signal })));
  }),
);
""")

_FROZEN = Template("""\
// Handlers for MSW, made by `batch-exports mock export msw --frozen`: what scenario $scenario answered at $now.
import { http, HttpResponse } from "msw";

// By path and query. `Object` spares the type checker a look at each.
const answers = Object($answers);
const absent = Object($absent);

export const handlers = $patterns.map((pattern) =>
  http.get(pattern, ({ request }) => {
    const { origin, pathname, search } = new URL(request.url);
    const begin = pathname.search(/\\/\\d+\\/batch_exports\\//);
    const path = pathname.slice(begin);
    const body = answers[path + search] ?? answers[path];
    // Links to other pages lead to where the request came to.
    const text = JSON.stringify(body ?? absent).replaceAll("$nowhere", origin + pathname.slice(0, begin));
    const headers = { "Content-Type": "application/json" };
    return new HttpResponse(text, { status: body === undefined ? 404 : 200, headers });
  }),
);
""")


def thin_handlers(url: str, world: str) -> str:
    """A module whose handlers send each request on to a world of the mock at `url`."""
    patterns = _patterns(load_spec().document["paths"])
    return _THIN.substitute(url=json.dumps(url), world=json.dumps(world), header=WORLD, patterns=patterns)


def frozen_handlers(scenario: str, library: Library, *, now: datetime | None = None, pages: int = 1) -> str:
    """A module whose handlers answer reads as a scenario does; lists end after so many `pages`.

    Raises UnknownScenarioError or FixtureError.
    """
    moment, paths = now or datetime.now(UTC), _readable(load_spec())
    frozen = asyncio.run(freeze_scenario(scenario, library, moment, paths, pages))
    lines = ",\n".join(f"  {json.dumps(path)}: {_json(body)}" for path, body in frozen.answers.items())
    return _FROZEN.substitute(
        scenario=scenario,
        now=moment.isoformat(timespec="seconds"),
        nowhere=NOWHERE,
        patterns=_patterns(paths),
        absent=_json(frozen.absent),
        answers=f"{{\n{lines},\n}}",
    )


def _readable(spec: Spec) -> list[str]:
    """The paths that can be read without saying more."""
    paths: Mapping[str, Any] = spec.document["paths"]
    return [path for path, item in paths.items() if "get" in item and not _needs_query(spec, item["get"])]


def _needs_query(spec: Spec, operation: Mapping[str, Any]) -> bool:
    return any(spec.resolve(each).get("required", False) for each in operation.get("parameters", ()))


def _patterns(paths: Collection[str]) -> str:
    patterns = [f"*/api/:family{path.replace('{', ':').replace('}', '')}" for path in paths]
    return json.dumps(patterns, indent=2)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
