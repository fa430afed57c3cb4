"""The journal as an HTTP archive (HAR 1.2), which browsers and most HTTP tools open."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson

from mock_server.journal.exchange import Exchange
from mock_server.journal.reasons import Reasons
from mock_server.journal.redaction import shown_body, shown_cookies, shown_headers, shown_parameters, shown_query
from mock_server.journal.rendering import milliseconds

Json = dict[str, Any]
Pairs = list[tuple[str, str]]

_VERSION = "HTTP/1.1"
_UNKNOWN = -1
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def to_har(exchanges: Iterable[Exchange], reasons: Reasons, version: str) -> Json:
    """An archive of exchanges; `version` is the mock's."""
    creator = {"name": "batch-exports mock", "version": version}
    return {
        "log": {"version": "1.2", "creator": creator, "entries": [_entry(exchange, reasons) for exchange in exchanges]}
    }


def _entry(exchange: Exchange, reasons: Reasons) -> Json:
    took = milliseconds(exchange)
    return {
        "startedDateTime": exchange.at,
        "time": took,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        # Names that begin with an underscore are left to whoever writes an archive.
        "_number": exchange.number,
        "_world": exchange.world,
        "_operation": exchange.operation,
        "_source": exchange.source,
        "_fault": exchange.fault,
        "_reason": reasons.of(exchange),
    }


def _request(exchange: Exchange) -> Json:
    headers = shown_headers(exchange.request_headers)
    body = exchange.request_body
    request = {
        "method": exchange.method,
        "url": _url(exchange, headers),
        "httpVersion": _VERSION,
        "cookies": _cookies(headers, "cookie"),
        "headers": _named(headers),
        "queryString": _named(shown_parameters(exchange.query)),
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN if body is None else len(body),
    }
    return {**request, "postData": {"mimeType": _media_type(headers), "text": _text(body)}} if body else request


def _response(exchange: Exchange) -> Json:
    headers = shown_headers(exchange.response_headers)
    body = exchange.response_body
    content: Json = {"size": len(body or b""), "mimeType": _media_type(headers)}
    return {
        "status": exchange.status,
        "statusText": _PHRASES.get(exchange.status, ""),
        "httpVersion": _VERSION,
        "cookies": _cookies(headers, "set-cookie"),
        "headers": _named(headers),
        "content": {**content, "text": _text(body)} if body else content,
        "redirectURL": _first(headers, "location"),
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN if body is None else len(body),
    }


def _url(exchange: Exchange, headers: Pairs) -> str:
    query = shown_query(exchange.query)
    host = quote(_first(headers, "host") or "localhost", safe=":[]")
    return f"http://{host}{quote(exchange.path)}" + (f"?{quote(query, safe='=&%+*,:/')}" if query else "")


def _text(body: bytes | bytearray | None) -> str:
    shown = shown_body(body)
    return shown if isinstance(shown, str) else orjson.dumps(shown).decode()


def _cookies(headers: Pairs, header: str) -> list[Json]:
    return _named(cookie for name, value in headers if name == header for cookie in shown_cookies(value))


def _media_type(headers: Pairs) -> str:
    return _first(headers, "content-type")


def _first(headers: Pairs, header: str) -> str:
    return next((value for name, value in headers if name == header), "")


def _named(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]
