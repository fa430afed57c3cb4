"""Writes the handlers that are missing, as stubs: after what a module has, and without touching that."""

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path

from batch_exports.contract.operation_spec import OperationSpec
from batch_exports.stubs.bodies import BODIES
from batch_exports.stubs.formatting import formatted, with_sorted_imports
from batch_exports.stubs.module import TYPE_CHECKING, Module
from batch_exports.stubs.signatures import PLAIN_BODIES, Argument, arguments_of, result_of

_ORIGINS = {
    "Answer": "handlers._once",
    "Any": "typing",
    "Context": "batch_exports.contract.context",
    "Mapping": "collections.abc",
    "UUID": "uuid",
    "stub": "batch_exports.contract.stub",
    TYPE_CHECKING: "typing",
}
_JSON, _JSON_IN_FULL = PLAIN_BODIES[0], PLAIN_BODIES[1]


def module_with_stubs(module: Module | None, path: Path, operations: Sequence[OperationSpec]) -> str:
    """The text of a module, or of a new one, with stubs for these operations."""
    base = module or Module(path, f'"""Operations of the tag `{path.stem}`."""\n\n{_JSON} = {_JSON_IN_FULL}\n')
    stubs = formatted("\n\n".join(_stub(each, base.names) for each in operations), path)
    models = {each.model for one in operations for each in arguments_of(one) if each.model} - base.names
    text = _with_imports(base, stubs, models)
    end = "" if text.endswith("\n") else "\n"
    whole = f"{text}{end}\n\n{stubs}"
    return whole if module else formatted(whole, path)


def _with_imports(module: Module, stubs: str, models: Iterable[str]) -> str:
    named = {each.id for each in ast.walk(ast.parse(stubs)) if isinstance(each, ast.Name)}
    guarded = [_import(BODIES, name) for name in sorted(models)]
    if guarded:
        named.add(TYPE_CHECKING)
    if f"{_JSON} = {_JSON_IN_FULL}" in module.text:
        named.add("Any")
    needed = sorted(named & _ORIGINS.keys() - module.names)
    if not needed and not guarded:
        return module.text
    text = module.with_imports([_import(_ORIGINS[name], name) for name in needed], guarded)
    # Imports that are in no order stay so: they are not ours.
    was_sorted = with_sorted_imports(module.text, module.path) == module.text
    return with_sorted_imports(text, module.path) if was_sorted else text


def _import(module: str, name: str) -> str:
    return f"from {module} import {name}\n"


def _stub(operation: OperationSpec, names: Iterable[str]) -> str:
    arguments = [*map(_declaration, arguments_of(operation)), "ctx: Context"]
    text = " ".join(operation.summary.split()).rstrip(".") or f"Answer {operation.id}"
    docstring = text.replace("\\", "\\\\").replace('"', '\\"') if '"""' in text or "\\" in text else text
    signature = f"async def {operation.id}({', '.join(arguments)}) -> {result_of(operation)}:"
    if _JSON not in names:
        signature = signature.replace(_JSON, _JSON_IN_FULL)
    return f'@stub\n{signature}\n    """{docstring}."""\n    raise NotImplementedError\n'


def _declaration(argument: Argument) -> str:
    annotation = argument.type + (" | None" if argument.may_be_none else "")
    return f'{argument.name}: "{annotation}"' if argument.model else f"{argument.name}: {annotation}"
