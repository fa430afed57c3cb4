"""Programs act on error codes: each that the service can answer with stands in the guide, and no other."""

import ast
import re

from tests.invariants.repository import ROOT, source_modules

CODE = re.compile(r"[a-z]+(_[a-z]+)*")
TABLE_ROW = re.compile(r"^\| [0-9]{3} \| (.+?) \|", re.MULTILINE)


def codes_in(tree):
    """The codes that a module names: `code="..."`, `default_code = "..."`, `ApiError(status, "...")`, and answers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "code":
            yield node.value
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            if names & {"default_code", "PARSE_ERROR"}:
                yield node.value
            elif names & {"_BOUNDS", "_SIZES"}:
                yield from (entry.elts[0] for entry in node.value.values)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"ApiError", "_unauthorized", "Violation"}:
            yield from node.args[:2]
        elif isinstance(node, ast.Return | ast.IfExp):
            values = [node.value] if isinstance(node, ast.Return) else [node.body, node.orelse]
            yield from (value.elts[0] for value in values if isinstance(value, ast.Tuple) and is_answer(value))


def is_answer(value):
    return len(value.elts) == 2 and isinstance(value.elts[0], ast.Constant) and isinstance(value.elts[0].value, str)


def answered():
    """The codes of everything that answers requests."""
    parts = ("contract", "domain", "services", "server.py")
    folders = [ROOT / "handlers", *(ROOT / "batch_exports" / part for part in parts)]
    trees = [tree for path, tree in source_modules().items() if any(map(path.is_relative_to, folders))]
    values = [value.value for tree in trees for value in codes_in(tree) if isinstance(value, ast.Constant)]
    return {value for value in values if isinstance(value, str) and CODE.fullmatch(value)}


def test_the_guide_tells_of_every_error_code():
    guide = (ROOT / "docs" / "guide" / "api.md").read_text()
    told = {code for row in TABLE_ROW.findall(guide) for code in re.findall(r"`([a-z_]+)`", row)}
    assert told == answered()
