"""The operations of a document, each with what it has from its path and from the whole document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from batch_exports.compatibility.places import Place

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_NAME = re.compile(r"{([^{}]*)}")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, and the path and the document that it is part of."""

    template: str
    method: str
    place: Place
    item: Place
    document: Place

    @property
    def key(self) -> Key:
        """What clients reach it by: the path without the names in it, and the method."""
        return _NAME.sub("{}", self.template), self.method

    @property
    def id(self) -> str:
        """Its operationId, or else its method and path."""
        return str(self.place.value.get("operationId", f"{self.method.upper()} {self.template}"))

    @property
    def tags(self) -> list[str]:
        """What it is grouped by; generated clients go by the first."""
        return list(self.place.value.get("tags", ()))

    @property
    def parameters(self) -> dict[Key, Place]:
        """Its parameters by kind and name; those in the path by their number in it: no client sends their names."""
        order = _NAME.findall(self.template)
        found = {}
        for place in (*_listed(self.item, "parameters"), *_listed(self.place, "parameters")):
            kind, name = place.value["in"], place.value["name"]
            found[kind, str(order.index(name)) if kind == "path" and name in order else name] = place
        return found

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """The alternatives of schemes and scopes; one that asks for nothing if there are none."""
        stated: Any = self.place.value.get("security", self.document.value.get("security"))
        return stated or [{}]


def operations(document: Place) -> dict[Key, Operation]:
    """All operations by what clients reach them by."""
    found = (
        Operation(template, method, item[method], item, document)
        for template, item in document["paths"].entries().items()
        for method in METHODS
        if method in item
    )
    return {each.key: each for each in found}


def components(document: Place, section: str) -> dict[str, Place]:
    """The components of a section, by their names."""
    return document["components"].entries_of(section) if "components" in document else {}


def _listed(place: Place, key: str) -> Iterator[Place]:
    return place[key].items() if key in place else iter(())
