"""A world of a running mock: what a front end does to it, and what a test reads of it."""

from collections.abc import Mapping
from typing import Any, Self

import httpx

from mock_server.personas import KEYS

EXPORTS = "/api/projects/1/batch_exports/"
EXPORT = f"{EXPORTS}019cadd4-5620-7c3e-9a41-5d2f7b6c8e10/"
AS_ADMIN = {"Authorization": f"Bearer {KEYS['admin']}"}
NOTHING_TO_DO = {"interval": "every 5 minutes", "destination": {"type": "NoOp", "config": {}}}


class LiveWorld:
    """One world, reached over HTTP."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name
        headers = {"X-Mock-World": name, "X-Mock-Admin": "1"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.delete(f"/__mock/worlds/{self.name}")
        self._client.close()

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] = AS_ADMIN, **content: Any) -> httpx.Response:
        """Call the API that is mocked."""
        return self._client.request(method, path, headers={**AS_ADMIN, **headers}, **content)

    def read(self, path: str) -> Any:
        """Read from the control API."""
        return self._client.get(f"/__mock/{path}").raise_for_status().json()

    def steer(self, method: str, path: str, body: Any = None) -> None:
        """Change something by the control API."""
        self._client.request(method, f"/__mock/{path}", json=body).raise_for_status()

    @property
    def open_runs(self) -> list[dict[str, Any]]:
        """The runs that can be moved."""
        return [run for run in self.read("runs?limit=1000")["results"] if run["next"]]

    def run(self, run_id: str) -> dict[str, Any]:
        """One run as it is now."""
        return next(run for run in self.read("runs?limit=1000")["results"] if run["id"] == run_id)
