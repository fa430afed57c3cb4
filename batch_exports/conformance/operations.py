"""The operations of the contract, as the suite asks them."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from batch_exports.contract.operation_spec import OperationSpec, describe_operations
from batch_exports.contract.spec import load_spec

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BASES = ("/api/projects", "/api/environments")

_PARAMETER = re.compile(r"\{\w+\}")


@cache
def contract_operations() -> tuple[OperationSpec, ...]:
    """Every operation of the contract that the product carries, in the document's order."""
    return tuple(describe_operations(load_spec(), lambda _name, _tag: None))


def parameters(operation: OperationSpec) -> Sequence[Mapping[str, Any]]:
    """Its parameters, those of its path among them."""
    item = operation.document.document["paths"][operation.path]
    nodes = [*item.get("parameters", ()), *item[operation.method.lower()].get("parameters", ())]
    return [operation.document.resolve(each) for each in nodes]


def operation_of(method: str, url: str) -> OperationSpec | None:
    """The operation that a request asks for; None for what the contract does not have."""
    path = urlsplit(url).path
    for base in BASES:
        _, found, below = path.partition(base)
        if found:
            return next((each for each in contract_operations() if _asks(each, method, below)), None)
    return None


def _asks(operation: OperationSpec, method: str, path: str) -> bool:
    return operation.method == method and _pattern(operation.path).fullmatch(path) is not None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = map(re.escape, _PARAMETER.split(template.removesuffix("/")))
    # Both spellings of the end are the contract's; `test` and `run_test_step_new` are listed after `{id}` in it.
    return re.compile("[^/]+".join(parts).replace("[^/]+", "(?!run_test_step_new/?$|test/?$)[^/]+") + "/?")
