"""Faults of the HTTP edge that the contract is served by."""

from tests.mutants.fault import Fault


def _fault(fault_id: str, breaks: str, file: str, before: str, after: str, *unit: str) -> Fault:
    return Fault(
        id=fault_id, breaks=breaks, file=f"batch_exports/contract/{file}", before=before, after=after, unit=unit
    )


FAULTS = (
    _fault(
        "bodies-not-validated",
        "what a handler answers is sent, whatever its schema says",
        "responses.py",
        "if not promise.is_valid(orjson.loads(content)):",
        "if content is None:",
        "tests/contract_layer/test_responses.py",
    ),
    _fault(
        "missing-header-not-noticed",
        "an answer may lack a header that is required",
        "responses.py",
        "        if missing:\n",
        "        if missing is None:\n",
        "tests/contract_layer/test_responses.py",
    ),
    _fault(
        "wrong-method-without-allow",
        "a 405 comes without `Allow`",
        "errors.py",
        'headers={"Allow": allow}',
        "headers={}",
        "tests/contract_layer/test_protocol.py",
    ),
    _fault(
        "slash-is-needed",
        "a path without its last slash, or with it, is not found",
        "router.py",
        '        if segments[-1] == "":\n            segments.pop()\n',
        "",
        "tests/contract_layer/test_router.py",
    ),
    _fault(
        "head-has-a-body",
        "an answer to HEAD has a body",
        "middleware.py",
        'b"" if request.method == "HEAD" else body',
        "body",
        "tests/contract_layer/test_protocol.py",
    ),
    _fault(
        "pages-cannot-read-etag",
        "a page of another origin cannot read `ETag`",
        "cors.py",
        '    "ETag",\n',
        "",
        "tests/contract_layer/test_cors.py",
    ),
    _fault(
        "unknown-parameter-ignored",
        "a query parameter that is not documented is ignored",
        "params.py",
        "if unknown := sorted(given.keys() - self._by_name.keys() - self._ignored):",
        "if unknown := sorted(given.keys() & set()):",
        "tests/contract_layer/test_parameters.py",
    ),
    _fault(
        "malformed-id-breaks-the-server",
        "an id that is none is a 500",
        "params.py",
        "        except (ApiError, ValueError, KeyError):\n            raise not_found() from None",
        "        except ApiError:\n            raise not_found() from None",
        "tests/contract_layer/test_protocol.py",
    ),
    _fault(
        "repeated-keys-accepted",
        "a body may name a key twice",
        "json_text.py",
        "    if len(value) != len(pairs):",
        "    if len(value) > len(pairs):",
        "tests/contract_layer/test_bodies.py",
    ),
    _fault(
        "whole-floats-stay-floats",
        "`5.0` is no integer",
        "json_text.py",
        'return _with_integers(value) if b".0" in canonical else value',
        "return value",
        "tests/contract_layer/test_bodies.py",
    ),
    _fault(
        "integers-with-leading-zeros",
        "an integer may begin with zeros",
        "params.py",
        '_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)',
        '_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)',
        "tests/contract_layer/test_parameters.py",
    ),
)
