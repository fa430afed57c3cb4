"""A world of the mock, steered by httpx."""  # noqa: INP001  # is copied into other projects

from dataclasses import dataclass, field
from typing import Any

import httpx

Json = dict[str, Any]


class MockError(Exception):
    """The mock refused; the text is what it said."""

    def __init__(self, status: int, said: str) -> None:
        """Keep the status beside the text."""
        super().__init__(said)
        self.status = status


@dataclass(frozen=True)
class MockWorld:
    """State of its own: data, clock, faults, journal, snapshots."""

    url: str
    name: str
    token: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What a request carries that is for this world."""
        return {"X-Mock-World": self.name}

    def client(self, key: str = "phx_mock_admin") -> httpx.Client:
        """A client of the API that is mocked, in this world."""
        return httpx.Client(base_url=self.url, headers={**self.headers, "Authorization": f"Bearer {key}"})

    def scenario(self, name: str, **origin: Any) -> Json:
        """Begin anew in a scenario, with a `seed` and a `now` if they are given."""
        return self.ask("PUT", "scenario", {"name": name, **origin})

    def reset(self) -> Json:
        """Go back to what the world began with."""
        return self.ask("POST", "reset")

    def advance(self, by: str) -> Json:
        """Let so much time pass at once, with all that is due: `2h`, `90m`, `PT90M`."""
        return self.ask("PUT", "clock", {"action": "advance", "by": by})

    def progression(self, mode: str, **how: Any) -> Json:
        """Choose how runs move: `clock`, `polls`, `immediate` or `manual`."""
        return self.ask("PUT", "progression", {"mode": mode, **how})

    def step(self, run: str, to: str | None = None, **why: str) -> Json:
        """Move a run on: to its next status, or to a chosen one, with a `latest_error` if it is given."""
        return self.ask("POST", f"runs/{run}/step", why if to is None else {"to": to, **why})

    def fault(self, do: Json, **rule: Any) -> Json:
        """Let something go wrong: `do` says what, `match`, `times`, `after` and `probability` when."""
        return self.ask("POST", "faults", {"do": do, **rule})

    def requests(self, **query: Any) -> list[Json]:
        """List what was asked of the API: by `operation`, by `status`, `since` a number."""
        found: list[Json] = self.ask("GET", "requests", query=query)["results"]
        return found

    def verify(self, **expected: Any) -> Json:
        """Fail unless it was asked so: `operation`, `method`, `path`, `query`, `body`, `status`, `count`."""
        return self.ask("POST", "requests/verify", expected)

    def snapshot(self, name: str = "kept") -> Json:
        """Keep the state under a name."""
        return self.ask("PUT", f"snapshots/{name}")

    def restore(self, name: str = "kept") -> Json:
        """Go back to a state that was kept."""
        return self.ask("POST", f"snapshots/{name}/restore")

    def remove(self) -> None:
        """Forget the world."""
        self.ask("DELETE", f"worlds/{self.name}")

    def ask(self, method: str, path: str, body: Json | None = None, query: Json | None = None) -> Json:
        """Call the control API; raises MockError when it refuses."""
        headers = {**self.headers, "X-Mock-Admin": "1"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        url = f"{self.url}/__mock/{path}"
        answer = httpx.request(method, url, headers=headers, json=body, params=query, trust_env=False)
        if answer.is_error:
            raise MockError(answer.status_code, f"{method} /__mock/{path}: {answer.status_code} {answer.text}")
        said: Json = answer.json() if answer.content else {}
        return said
