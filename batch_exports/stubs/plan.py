"""What an edit of the contract asks of the handlers: stubs and types to write, and drift that somebody has to mend."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from keyword import iskeyword
from pathlib import Path

from batch_exports.contract.operation_spec import OperationSpec, describe_operations
from batch_exports.contract.spec import FILE_NAME, Spec, SpecError, load_spec
from batch_exports.stubs.bodies import BODIES, body_types
from batch_exports.stubs.drift import drift_of
from batch_exports.stubs.module import Module
from batch_exports.stubs.writing import module_with_stubs


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do."""

    texts: Mapping[Path, str] = field(repr=False)
    """The files to write, in full."""
    stubs: Mapping[Path, Sequence[str]]
    """The operations without a handler, by the file that will have it."""
    drift: Sequence[str]
    """Where handlers do not fit the contract; nothing but a person can mend that."""

    @property
    def is_empty(self) -> bool:
        """Whether the handlers are as the contract has them."""
        return not self.texts and not self.drift

    def carry_out(self) -> None:
        """Write the files."""
        for path, text in self.texts.items():
            path.write_bytes(text.encode())


def plan(root: Path) -> Plan:
    """What there is to do in a checkout; raises SpecError or ToolError."""
    spec = load_spec(root / "openapi" / FILE_NAME)
    return plan_for(spec, root / "handlers")


def plan_for(spec: Spec, folder: Path) -> Plan:
    """What a contract asks of a folder of handlers; raises SpecError or ToolError."""
    modules = {path.stem: Module.read(path) for path in sorted(folder.glob("[!_]*.py"))}
    by_tag = _by_tag(spec)
    texts, stubs, drift = {}, {}, []
    for tag in sorted(by_tag.keys() | modules.keys()):
        path, module = folder / f"{tag}.py", modules.get(tag)
        known = frozenset[str]() if module is None else module.names
        missing = [each for each in by_tag[tag] if each.id not in known]
        if missing:
            texts[path] = module_with_stubs(module, path, missing)
            stubs[path] = [each.id for each in missing]
        if module is not None:
            drift += [f"{folder.name}/{path.name}:{line}: {text}" for line, text in drift_of(module, by_tag[tag])]
    bodies, types = folder / f"{BODIES.rpartition('.')[2]}.py", body_types(spec, folder)
    if not bodies.exists() or bodies.read_bytes() != types.encode():
        texts[bodies] = types
    return Plan(texts, stubs, drift)


def _by_tag(spec: Spec) -> Mapping[str, Sequence[OperationSpec]]:
    by_tag: dict[str, list[OperationSpec]] = defaultdict(list)
    for each in describe_operations(spec, lambda *_: None):
        for name in (each.id, each.tag):
            if not name.isidentifier() or iskeyword(name) or name.startswith("_"):
                raise SpecError(f"{each.id}: no handler can be found by the name {name!r}: use letters, digits and _")
        by_tag[each.tag].append(each)
    return by_tag
