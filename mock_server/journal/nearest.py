"""The operation that a request to an unknown address most likely meant."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from batch_exports.contract.middleware import server_paths
from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.router import is_parameter
from mock_server.operations import Operations

_LONGEST_PATH = 200
"""What comes later in a path is not looked at."""
_LEAST_LIKENESS = 0.5


def methods_of(operations: Operations, path: str) -> list[OperationSpec]:
    """The operations that have this path, by whatever method."""
    return [each for each in operations if operations.find(each.method, path) is each]


def nearest_operation(operations: Operations, method: str, path: str) -> tuple[OperationSpec, str] | None:
    """The operation whose path is most like this one, and its path template; None when none is alike."""
    asked = path.strip("/")[:_LONGEST_PATH]
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(asked)
    best, found = (_LEAST_LIKENESS, False), None
    for operation, template in _templates(operations):
        matcher.set_seq1(_filled(template, asked))
        # An upper bound, which is found much sooner.
        if matcher.quick_ratio() >= best[0]:
            score = (matcher.ratio(), operation.method == method)
            if score > best:
                best, found = score, (operation, template)
    return found


def _templates(operations: Operations) -> Iterator[tuple[OperationSpec, str]]:
    for operation in operations:
        for base in server_paths(operation.document.document):
            yield operation, base + operation.path


def _filled(template: str, asked: str) -> str:
    """The template with the texts that the asked path has where the template has parameters."""
    texts = asked.split("/")
    segments = template.strip("/").split("/")
    return "/".join(
        texts[index] if is_parameter(segment) and index < len(texts) else segment
        for index, segment in enumerate(segments)
    )
