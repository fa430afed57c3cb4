"""Finds what stands at a path: a tree of path segments, in which a written-out segment beats a parameter."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from batch_exports.contract.errors import allow_header
from batch_exports.contract.spec import SpecError

Target = TypeVar("Target")


class Node(Generic[Target]):
    """One place in the tree."""

    __slots__ = ("allow", "parameter", "static", "targets")

    def __init__(self) -> None:
        self.static: dict[str, Node[Target]] = {}
        self.parameter: Node[Target] | None = None
        self.targets: dict[str, Target] = {}
        self.allow = ""


class Router(Generic[Target]):
    """Maps paths and methods to targets. A slash at the end of a path makes no difference."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: Node[Target] = Node()

    def add(self, path: str, method: str, target: Target) -> None:
        """Put a target at a path template."""
        node = self._root
        for segment in _segments(path):
            if is_parameter(segment):
                node.parameter = node.parameter or Node()
                node = node.parameter
            else:
                node = node.static.setdefault(segment, Node())
        if method in node.targets:
            raise SpecError(f"{method} {path} is declared twice")
        node.targets[method] = target
        node.allow = allow_header(list(node.targets))

    def find(self, path: str) -> tuple[Node[Target], list[str]] | None:
        """The place of a path, with the texts that stand where its template has parameters."""
        segments = path.split("/")
        if segments[-1] == "":
            segments.pop()
        node, values = self._root, []
        for segment in segments[1:]:
            if (child := node.static.get(segment)) is None:
                if (child := node.parameter) is None or not segment:
                    return self._search(self._root, segments[1:], [])
                values.append(segment)
            node = child
        return (node, values) if node.targets else self._search(self._root, segments[1:], [])

    def _search(
        self, node: Node[Target], segments: Sequence[str], values: list[str]
    ) -> tuple[Node[Target], list[str]] | None:
        """The same for paths whose first segments read like another, longer template."""
        if not segments:
            return (node, values) if node.targets else None
        first, rest = segments[0], segments[1:]
        found = self._search(child, rest, values) if (child := node.static.get(first)) else None
        if found is None and node.parameter is not None and first:
            found = self._search(node.parameter, rest, [*values, first])
        return found


def is_parameter(segment: str) -> bool:
    """Whether a segment of a path template is a parameter; SpecError for one that is so in part."""
    if segment.startswith("{") and segment.endswith("}"):
        return True
    if "{" in segment or "}" in segment:
        raise SpecError(f"{segment}: a parameter must be a whole segment of its path")
    return False


def parameter_names(path: str) -> list[str]:
    """The names of a path template's parameters, from left to right."""
    return [segment[1:-1] for segment in _segments(path) if is_parameter(segment)]


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")
