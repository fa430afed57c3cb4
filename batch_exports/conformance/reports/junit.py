"""A result as JUnit's XML: a suite for each part, a case for each operation that it asked about."""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from batch_exports.conformance.exchanges import Failure
from batch_exports.conformance.operations import contract_operations
from batch_exports.conformance.result import Result

# XML 1.0 has no way to write these.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: Result) -> str:
    """The report's text."""
    root = Element("testsuites", name="batch-exports contract", time=f"{result.seconds:.1f}")
    for part in result.checked:
        _add_suite(root, part, [each for each in result.failures if each.part == part])
    if result.unproven:
        suite = SubElement(root, "testsuite", name="unproven", tests=str(len(result.unproven)), failures="0")
        for claim in result.unproven:
            SubElement(SubElement(suite, "testcase", classname="unproven", name=claim), "skipped", message=claim)
    text: str = tostring(root, encoding="unicode", xml_declaration=True)
    return text


def _add_suite(root: Element, part: str, failures: list[Failure]) -> None:
    # The model's programs go from operation to operation; broken connections belong to none.
    whole = part in {"model", "requests"}
    names = [part] if whole else [each.id for each in contract_operations()]
    names += sorted({each.operation for each in failures if each.operation and each.operation not in names})
    suite = SubElement(root, "testsuite", name=part, tests=str(len(names)))
    broken = 0
    for name in names:
        case = SubElement(suite, "testcase", classname=part, name=name)
        found = [each for each in failures if each.operation in {name, ""}]
        broken += bool(found)
        for failure in found:
            text = _writable(f"{failure.detail}\n{failure.curl}")
            SubElement(case, "failure", message=_writable(failure.title), type="ContractBroken").text = text
    suite.set("failures", str(broken))


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
