"""Exchanges as the control API shows them."""

from typing import Any

from mock_server.journal.exchange import Body, Exchange, RawHeaders
from mock_server.journal.reasons import Reasons
from mock_server.journal.redaction import shown_body, shown_headers, shown_query

Json = dict[str, Any]


def render(exchange: Exchange, reasons: Reasons) -> Json:
    """An exchange without its secrets."""
    return {
        "number": exchange.number,
        "at": exchange.at,
        "world": exchange.world,
        "method": exchange.method,
        "path": exchange.path,
        "query": shown_query(exchange.query),
        "operation": exchange.operation,
        "status": exchange.status,
        "source": exchange.source,
        "fault": exchange.fault,
        "duration_ms": milliseconds(exchange),
        "reason": reasons.of(exchange),
        "request": _message(exchange.request_headers, exchange.request_body),
        "response": _message(exchange.response_headers, exchange.response_body),
    }


def milliseconds(exchange: Exchange) -> float:
    """How long an answer took."""
    return round(exchange.seconds * 1000, 3)


def _message(headers: RawHeaders, body: Body) -> Json:
    joined: dict[str, str] = {}
    for name, value in shown_headers(headers):
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return {"headers": joined, "body": shown_body(body)}
