"""A module of handlers as text: what it has, and the same text with more in it."""

import ast
import symtable
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

from batch_exports.contract.spec import SpecError

Function = ast.FunctionDef | ast.AsyncFunctionDef

TYPE_CHECKING = "TYPE_CHECKING"

_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Module:
    """The source of one module."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "Module":
        """The module of a file as it is; SpecError if it is not Python."""
        try:
            module = cls(path, path.read_bytes().decode())
            module.tree  # noqa: B018  # is parsed now
        except (SyntaxError, ValueError) as error:
            raise SpecError(f"{path}: cannot be read as Python: {error}") from error
        return module

    @cached_property
    def tree(self) -> ast.Module:
        """The text, parsed."""
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The functions that other modules may call, by name."""
        found = {each.name: each for each in self.tree.body if isinstance(each, Function)}
        return {name: each for name, each in found.items() if not name.startswith("_")}

    @cached_property
    def names(self) -> frozenset[str]:
        """All names that it defines or imports."""
        symbols = symtable.symtable(self.text, self.path.name, "exec").get_symbols()
        return frozenset(each.get_name() for each in symbols if each.is_assigned() or each.is_imported())

    def with_imports(self, imports: Iterable[str], for_types: Iterable[str]) -> str:
        """The text with import lines added after those that it has, in no good order; the second ones for types."""
        added, guarded = "".join(imports), "".join(f"    {line}" for line in for_types)
        insertions = []
        if guarded and self._guard is not None:
            insertions.append((self._guard, guarded))
        elif guarded:
            added += f"\nif {TYPE_CHECKING}:\n{guarded}"
        insertions.append((self._end_of_imports, added))
        lines = StringIO(self.text, newline="").readlines()
        for number, more in sorted(insertions, reverse=True):
            lines.insert(number, more)
        return "".join(lines)

    @property
    def _end_of_imports(self) -> int:
        """How many lines there are up to the end of the imports, or of the module's docstring."""
        body = self.tree.body
        if not any(isinstance(each, _IMPORTS) for each in body) and ast.get_docstring(self.tree) is not None:
            return _end_of(body[:1], body)
        return _end_of([each for each in body if isinstance(each, _IMPORTS)], body)

    @property
    def _guard(self) -> int | None:
        """How many lines there are up to the end of the imports for types, if there are any."""
        for each in self.tree.body:
            if isinstance(each, ast.If) and ast.unparse(each.test) == TYPE_CHECKING:
                imports = [one for one in each.body if isinstance(one, _IMPORTS) and one.lineno > each.lineno]
                return _end_of(imports, each.body) or None
        return None


def _end_of(statements: Sequence[ast.stmt], among: Sequence[ast.stmt]) -> int:
    # Another statement may begin on the last line, and go on.
    last = max((each.end_lineno or 0 for each in statements), default=0)
    return max((each.end_lineno or 0 for each in among if each.lineno <= last), default=0)
