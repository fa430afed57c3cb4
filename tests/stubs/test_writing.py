"""Stubs are written as the contract has them, and what is there already stays as it is."""

import ast
import inspect

from hypothesis import given, settings
from hypothesis import strategies as st

from batch_exports.contract.signatures import require_signature
from batch_exports.contract.stub import is_stub
from batch_exports.stubs.drift import drift_of
from batch_exports.stubs.formatting import formatted, with_sorted_imports
from batch_exports.stubs.module import Module
from batch_exports.stubs.signatures import arguments_of
from batch_exports.stubs.writing import module_with_stubs
from tests.spec.document import ROOT
from tests.stubs.small_specs import operation_lists

PATH = ROOT / "handlers" / "things.py"
# Each asks the formatter several times, in processes of its own.
few = settings(max_examples=6)

heads = st.sampled_from(["", '"""Things."""\n', '#!/usr/bin/python\n"""Things\n\nof all kinds.\n"""\n'])
imports = st.lists(
    st.sampled_from(
        [
            "from typing import Any\n",
            "from typing import (\n    Any,  # whatever it is\n    Protocol,\n)\n",
            "import re, os\n",
            "from uuid import UUID as Id\n",
            "from batch_exports.contract.context import Context\n",
            'import json; TEXT = """\nimport x\n"""\n',
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from handlers._bodies import Old\n",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING: from handlers._bodies import Old\n",
        ]
    ),
    max_size=4,
).map("".join)
tails = st.lists(
    st.sampled_from(
        [
            "Json = dict[str, Any]\n",
            "x  =  1   # as somebody likes it\n",
            "\n\n\n\n# alone\n",
            "def _hidden( a,b ): return a\n",
            'class Odd:\n\n\n    text = """\nimport y\n"""\n',
            "page = '\x0c'\n",
            "form = 1\n\x0c\nfeed = 2\n",
        ]
    ),
    min_size=1,
).map(lambda pieces: "# first\n" + "".join(pieces))


def texts_of(module):
    """The statements that are no imports, as they are written."""
    kept = [each for each in module.body if not isinstance(each, ast.Import | ast.ImportFrom | ast.If)]
    return [ast.dump(each) for each in kept]


@few
@given(heads, imports, tails, st.booleans(), operation_lists)
def test_what_a_module_has_stays_byte_for_byte(head, between, tail, ends, operations):
    tail = tail if ends else tail.rstrip("\n")
    text = head + between + tail
    written = module_with_stubs(Module(PATH, text), PATH, operations)
    assert written.startswith(head)
    assert tail in written
    assert texts_of(ast.parse(written))[: -len(operations)] == texts_of(ast.parse(text))


@few
@given(imports, tails, operation_lists)
def test_imports_that_are_there_are_kept_and_nothing_is_imported_twice(between, tail, operations):
    before, written = between + tail, module_with_stubs(Module(PATH, between + tail), PATH, operations)

    def imported(text):
        found = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Import | ast.ImportFrom)]
        return [(getattr(each, "module", ""), name.name, name.asname) for each in found for name in each.names]

    assert set(imported(before)) <= set(imported(written))
    added = [each for each in imported(written) if each not in imported(before)]
    assert len(added) == len(set(added))


@few
@given(operation_lists)
def test_a_new_module_is_as_ruff_has_it_and_does_what_its_operations_ask(operations):
    text = module_with_stubs(None, PATH, operations)
    assert formatted(text, PATH) == text == with_sorted_imports(text, PATH)
    module = {}
    exec(compile(text, PATH, "exec"), module)  # noqa: S102  # what was just written
    for each in operations:
        handler = module[each.id]
        assert is_stub(handler)
        require_signature(each.id, handler, {one.name for one in arguments_of(each)})
        assert inspect.getdoc(handler) == (" ".join(each.summary.split()).rstrip(".") or f"Answer {each.id}") + "."


@few
@given(operation_lists, st.data())
def test_stubs_never_drift_whichever_were_written_first(operations, data):
    first = data.draw(st.lists(st.sampled_from(operations), min_size=1, unique_by=lambda each: each.id))
    rest = [each for each in operations if each not in first]
    text = module_with_stubs(None, PATH, first)
    if rest:
        text = module_with_stubs(Module(PATH, text), PATH, rest)
    module = Module(PATH, text)
    assert list(drift_of(module, operations)) == []
    assert module.functions.keys() == {each.id for each in operations}
    assert formatted(text, PATH) == text == with_sorted_imports(text, PATH)
