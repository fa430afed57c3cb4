"""Production does not know that there is a mock: nothing in its code could behave differently for one."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "batch_exports"
COMMAND_LINE = PRODUCT / "cli" / "__init__.py"
"""Where the mock's command is joined to the others."""
BYSTANDERS = (PRODUCT / "cli" / "contract.py", PRODUCT / "cli" / "routes.py", PRODUCT / "conformance")
"""What looks at both worlds from outside, and no service loads."""


def words(tree):
    """Every name and text in code, without docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node) is not None
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"{getattr(node, 'module', '')}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_no_name_and_no_text_in_production_s_code_speaks_of_a_mock():
    files = {*PRODUCT.rglob("*.py"), *ROOT.joinpath("handlers").rglob("*.py")}
    assert COMMAND_LINE in files
    found = {
        str(file.relative_to(ROOT)): word
        for file in files
        if not any(file.is_relative_to(each) for each in BYSTANDERS)
        for word in words(ast.parse(file.read_text()))
        if "mock" in word.lower()
    }
    assert set(found) == {str(COMMAND_LINE.relative_to(ROOT))}
