"""The ceiling: an ASGI application that checks nothing and sends prepared bytes."""

from typing import Any

import orjson

from benchmarks.requests.sample import load_sample


def create_app() -> Any:
    """The application."""
    body = orjson.dumps(load_sample().export)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    statuses = {"GET": 200, "POST": 201}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": statuses[scope["method"]], "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app
