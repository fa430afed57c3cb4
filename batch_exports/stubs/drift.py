"""Tells where handlers have drifted from the contract, by their source alone."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.contract.signatures import BODY, CONTEXT
from batch_exports.stubs.module import Function, Module
from batch_exports.stubs.signatures import PLAIN_BODIES, Argument, arguments_of

Problems = Iterator[tuple[int, str]]
"""Lines, and what is wrong there."""


def drift_of(module: Module, operations: Sequence[OperationSpec]) -> Problems:
    """What is wrong with a module, whose tag has these operations; handlers that are missing are not."""
    by_id = {each.id: each for each in operations}
    for name, function in module.functions.items():
        if name in by_id:
            yield from ((function.lineno, f"{name} {text}") for text in _drift(function, by_id[name]))
        elif isinstance(function, ast.AsyncFunctionDef):
            yield function.lineno, f"{name} is no operation of the tag {module.path.stem}"
    for name in sorted(by_id.keys() & module.names - module.functions.keys()):
        yield 1, f"{name} is not a function of this module"


def _drift(function: Function, operation: OperationSpec) -> Iterator[str]:
    if not isinstance(function, ast.AsyncFunctionDef):
        yield "is not an async function"
    declared = {each.name: each for each in arguments_of(operation)}
    taken = {each.arg: each for each in (*function.args.args, *function.args.kwonlyargs)}
    yield from _names(function, declared.keys() - taken.keys(), taken.keys() - declared.keys() - {CONTEXT})
    defaults = _defaults(function.args)
    for name, argument in declared.items():
        if name in defaults:
            yield from _default(argument, defaults[name])
        if name in taken and (annotation := taken[name].annotation) is not None:
            yield from _type(argument, annotation)


def _names(function: Function, missing: set[str], unknown: set[str]) -> Iterator[str]:
    if function.args.kwarg is not None:
        # A body that nobody reads may be left to `**`; what else is declared has a meaning.
        missing = missing - {BODY}
    if len(missing) == len(unknown) == 1:
        yield f"takes {min(unknown)}, which the contract calls {min(missing)}"
        return
    yield from (f"does not take {name}, which the contract declares" for name in sorted(missing))
    yield from (f"takes {name}, which the contract does not declare" for name in sorted(unknown))


def _defaults(arguments: ast.arguments) -> Mapping[str, ast.expr]:
    positional = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    pairs = [
        *zip(positional, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return {argument.arg: default for argument, default in pairs if default is not None}


def _default(argument: Argument, given: ast.expr) -> Iterator[str]:
    if not argument.optional:
        yield f"has a default for {argument.name}, which every request has to bring"
    elif not _is_literal(given, argument.default):
        yield f"has {ast.unparse(given)} as the default of {argument.name}, the contract has {argument.default!r}"


def _is_literal(node: ast.expr, value: Any) -> bool:
    try:
        found = ast.literal_eval(node)
    except ValueError:
        return False
    return type(found) is type(value) and bool(found == value)


def _type(argument: Argument, annotation: ast.expr) -> Iterator[str]:
    nothing = ["None"] if argument.may_be_none else []
    possible = (argument.type, *(PLAIN_BODIES if argument.name == BODY else ()))
    said = _members(annotation)
    if said != ["Any"] and all({*said} != {each, *nothing} for each in possible):
        yield f"says that {argument.name} is {' | '.join(said)}, it is {' | '.join([argument.type, *nothing])}"


def _members(annotation: ast.expr) -> list[str]:
    """The types that an annotation joins by `|`, in quotes or not."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return _members(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return [*_members(annotation.left), *_members(annotation.right)]
    return [ast.unparse(annotation)]
