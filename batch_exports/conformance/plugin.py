"""For pytest: what holds the answers of one's own tests, or a whole deployment, against the contract.

Nothing of the suite is loaded before a test asks for it.
"""

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from batch_exports.conformance.responses import Contract
    from batch_exports.conformance.result import Result

_KEYS = {
    "key": ("BATCH_EXPORTS_CONTRACT_KEY", "API key of a project in which a run may make exports."),
    "other-key": ("BATCH_EXPORTS_CONTRACT_OTHER_KEY", "Key of another project."),
    "read-key": ("BATCH_EXPORTS_CONTRACT_READ_KEY", "Key that may only read the first project."),
}

_PROFILE = "How far a run goes; read-only sends nothing but GET."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `batch-exports contract` to pytest's."""
    group = parser.getgroup("batch exports", "the contract of batch exports")
    group.addoption("--contract-url", help="Deployment that `contract_run` asks; by default a mock is started.")
    for name, (variable, text) in _KEYS.items():
        group.addoption(f"--contract-{name}", default=os.environ.get(variable), help=f"{text} Or: {variable}.")
    group.addoption("--contract-profile", choices=["quick", "deep", "read-only"], default="quick", help=_PROFILE)
    group.addoption("--contract-seed", type=int, default=1, help="What requests are drawn from.")


@pytest.fixture(scope="session")
def contract() -> "Contract":
    """The contract: `contract.check(response)` raises unless an answer that httpx received keeps it."""
    from batch_exports.conformance.responses import Contract  # noqa: PLC0415  # unused, it costs nothing

    return Contract()


@pytest.fixture(scope="session")
def contract_run(request: pytest.FixtureRequest) -> "Result":
    """One run of the whole suite: `contract_run.failures` is empty if the deployment keeps the contract."""
    # Unused, they cost nothing.
    from batch_exports.conformance.own_mock import own_mock  # noqa: PLC0415
    from batch_exports.conformance.profiles import PROFILES  # noqa: PLC0415
    from batch_exports.conformance.run import run_contract  # noqa: PLC0415
    from batch_exports.conformance.target import Target  # noqa: PLC0415

    def option(name: str) -> Any:
        return request.config.getoption(f"--contract-{name}")

    profile, seed = PROFILES[option("profile")], option("seed")
    if option("url") is None:
        with own_mock() as target:
            return run_contract(target, profile, seed)
    if not option("key"):
        raise pytest.UsageError("--contract-url needs --contract-key, or BATCH_EXPORTS_CONTRACT_KEY")
    target = Target(option("url").rstrip("/"), option("key"), option("other-key"), option("read-key"))
    return run_contract(target, profile, seed)
