"""Who may do what: every operation, asked by everybody who may not; generated from the contract."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from batch_exports.conformance.operations import SAFE_METHODS, contract_operations
from batch_exports.conformance.target import Target
from batch_exports.contract.operation_spec import OperationSpec

_FALSE_TOKENS = ("phx_nobody", "of-another-service")


class Claim(StrEnum):
    """What a row claims."""

    NO_KEY = "without a key nobody is let in"
    FALSE_KEY = "a false key lets nobody in"
    NO_SCOPE = "a key without the scope is forbidden"
    OTHER_PROJECT = "another project is forbidden"
    OTHER_OBJECT = "an object of another project is not found"
    OTHER_LIST = "what is another project's is not listed"


@dataclass(frozen=True, slots=True)
class CallerRow:
    """One operation, asked by one caller."""

    operation: OperationSpec
    claim: Claim
    key: str | None
    project: str = "@current"

    @property
    def expected(self) -> tuple[int, str, str] | None:
        """Status, `type` and `code` of the refusal; None where the answer is a success."""
        return _REFUSALS[self.claim]


_REFUSALS = {
    Claim.NO_KEY: (401, "authentication_error", "not_authenticated"),
    Claim.FALSE_KEY: (401, "authentication_error", "authentication_failed"),
    Claim.NO_SCOPE: (403, "authentication_error", "permission_denied"),
    Claim.OTHER_PROJECT: (403, "authentication_error", "permission_denied"),
    Claim.OTHER_OBJECT: (404, "invalid_request", "not_found"),
    Claim.OTHER_LIST: None,
}


def caller_rows(target: Target, *, changes: bool) -> Iterator[CallerRow]:
    """The rows that the keys of a target can prove."""
    for operation in contract_operations():
        if changes or operation.method in SAFE_METHODS:
            yield CallerRow(operation, Claim.NO_KEY, None)
            for token in (*_FALSE_TOKENS, target.key + "x"):
                yield CallerRow(operation, Claim.FALSE_KEY, token)
            if target.read_key and operation.scopes[0].endswith(":write"):
                yield CallerRow(operation, Claim.NO_SCOPE, target.read_key)
            if target.other_key:
                yield from _other_rows(operation, target.other_key, target.project)


def unproven(target: Target, *, changes: bool) -> list[str]:
    """The statuses that no run brings about, and the claims that the keys of a target cannot prove, with what would."""
    found = [
        "413: how large a body may be is for the operator to say",
        "429: the run waits when it has to, and does not press on",
        "500: the service would have to break",
    ]
    if not changes:
        found.append("what changes anything: take --profile quick, with a key that may write")
    if not target.other_key:
        found.append("403: give --other-key")
        claims = (Claim.OTHER_PROJECT, Claim.OTHER_OBJECT, Claim.OTHER_LIST)
        found += [f"{claim}: give --other-key" for claim in claims]
    elif not target.project:
        found.append(f"{Claim.OTHER_PROJECT}: no answer told the number of the project")
    if not (target.read_key and changes):
        found.append(
            f"{Claim.NO_SCOPE}: " + ("give --read-key" if changes else "take --profile quick, with --read-key")
        )
    return found


def names_object(operation: OperationSpec) -> bool:
    """Whether it is about something inside a project."""
    return "id}" in operation.path.removeprefix("/{project_id}")


def _other_rows(operation: OperationSpec, key: str, project: str | None) -> Iterator[CallerRow]:
    if project:
        yield CallerRow(operation, Claim.OTHER_PROJECT, key, project)
    if names_object(operation):
        yield CallerRow(operation, Claim.OTHER_OBJECT, key)
    elif operation.method in SAFE_METHODS:
        yield CallerRow(operation, Claim.OTHER_LIST, key)
