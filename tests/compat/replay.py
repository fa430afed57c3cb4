"""Plays what a client of PostHog's API sends, as its file in `shapes` states, and checks what the client reads."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import yaml

FOLDER = Path(__file__).parent
KEPT = re.compile(r"\$(\w+)\.(\w+)")
BASIC = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "null": {"type": "null"},
    "object": {"type": "object"},
    "string": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
}


@dataclass(frozen=True)
class Shape:
    """One client: in its words what it sends, step by step, and what it reads of each answer."""

    client: str
    source: str
    steps: list[dict[str, Any]]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Replay:
    """One client at work in a family of paths, with or without slashes at the end of its paths."""

    http: httpx.Client
    family: str
    slash: bool
    kept: dict[str, Any] = field(default_factory=dict)

    def play(self, shape: Shape) -> None:
        for step in shape.steps:
            answer = self._send(step, shape.headers)
            told = f"{shape.client}, {step['does']}: {answer.status_code} {answer.text}"
            assert answer.status_code == step["status"], told
            if "reads" in step:
                assert not (missed := unfit(step["reads"], answer.json())), f"{told}\n{missed}"
            if "keeps" in step:
                self.kept[step["keeps"]] = answer.json()

    def _send(self, step: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        method, asked = self._filled(step["asks"]).split(" ")
        path, mark, query = asked.partition("?")
        url = f"/api/{self.family}/1/batch_exports{path.rstrip('/')}{'/' * self.slash}{mark}{query}"
        content = {"json": self._filled(step["body"])} if "body" in step else {}
        return self.http.request(method, url, headers=headers, **content)

    def _filled(self, sent: Any) -> Any:
        """What is sent, with kept answers in place of `...: name`, and their fields in place of `$name.field`."""
        if isinstance(sent, dict):
            whole = self.kept[sent["..."]] if "..." in sent else {}
            return whole | {name: self._filled(each) for name, each in sent.items() if name != "..."}
        if isinstance(sent, str):
            return KEPT.sub(lambda found: str(_first(self.kept[found[1]])[found[2]]), sent)
        return sent


def shapes() -> list[Shape]:
    """All clients, by the names of their files."""
    return [Shape(**yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("shapes/*.yaml"))]


def unfit(reads: Any, answer: Any) -> list[str]:
    """Where an answer is not what a client declares to read."""
    schema = {**schema_of(reads), "$defs": _declared()}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [f"{'/'.join(map(str, each.instance_path))}: {each.message}" for each in validator.iter_errors(answer)]


def schema_of(stated: Any) -> dict[str, Any]:
    """The JSON Schema of a type in the notation of `types.yaml`."""
    if isinstance(stated, dict):
        fields = {name.removesuffix("?"): schema_of(each) for name, each in stated.items()}
        required = [name for name in stated if not name.endswith("?")]
        return {"type": "object", "required": required, "properties": fields}
    if isinstance(stated, list):
        return {"type": "array", "minItems": 1, "items": schema_of(stated[0])}
    return _schema_of_text(stated) if isinstance(stated, str) else {"const": stated}


def _schema_of_text(stated: str) -> dict[str, Any]:
    if "|" in stated:
        return {"anyOf": [schema_of(each.strip()) for each in stated.split("|")]}
    if stated.endswith("[]"):
        return {"type": "array", "items": schema_of(stated.removesuffix("[]"))}
    if stated.startswith("'"):
        return {"const": stated.strip("'")}
    return BASIC.get(stated, {"$ref": f"#/$defs/{stated}"})


@cache
def _declared() -> dict[str, Any]:
    return {name: schema_of(each) for name, each in yaml.safe_load((FOLDER / "types.yaml").read_text()).items()}


def _first(kept: dict[str, Any]) -> dict[str, Any]:
    """The kept object, or the first of a kept page."""
    return kept["results"][0] if "results" in kept else kept
