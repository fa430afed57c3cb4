"""The exports that a run made: written down as they are made, deleted when the run ends however it ends."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx

_CREATED = 201


def made_export(method: str, path: str, status: int, body: bytes) -> str | None:
    """The id of the export that a request made; None if it made none."""
    if (method.upper(), status) != ("POST", _CREATED) or not path.rstrip("/").endswith("/batch_exports"):
        return None
    try:
        made = json.loads(body)
    except ValueError:
        return None
    return str(made["id"]) if isinstance(made, dict) and "id" in made else None


def note_made(notes: Path, export_id: str) -> None:
    """Write down an export before anything else happens."""
    with notes.open("a") as lines:
        lines.write(export_id + "\n")


def delete_made(notes: Path, clients: list[httpx.Client], deleted: Callable[[], None] = lambda: None) -> list[str]:
    """Delete the exports that were written down, until Ctrl-C; those that are left."""
    left = dict.fromkeys(notes.read_text().split()) if notes.exists() else {}
    with suppress(KeyboardInterrupt):
        for export_id in list(left):
            # To a key of another project it is not found, as it is to its own once it is deleted.
            answers = {_delete(client, export_id) for client in clients}
            if httpx.codes.NO_CONTENT in answers or answers == {httpx.codes.NOT_FOUND}:
                del left[export_id]
            deleted()
    return list(left)


def _delete(client: httpx.Client, export_id: str) -> int | None:
    try:
        return client.delete(f"/api/projects/@current/batch_exports/{export_id}/").status_code
    except httpx.HTTPError:
        return None
