"""All destination types; the code and the drivers of each load when it is first used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.domain.destinations import CheckStatus, ConnectionCheck, connection_checks, no_writer
from batch_exports.domain.errors import ExportFailure, PermanentFailure
from batch_exports.ports import RunContext, Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DestinationRegistry:
    """Opens writers and runs connection checks, under the operator's rules: where to connect, where files may lie."""

    gate: EgressGate
    file_root: Path | None = None

    def open(self, kind: str, context: RunContext) -> Writer:
        """A writer for one run; no connection is made before its first method is called."""
        return _loaded(kind, lambda: _OPENERS[kind](self, context))

    def run_step(self, kind: str, config: Mapping[str, Any], step: int) -> ConnectionCheck:
        """Run check number `step` of a type; what goes wrong is in the result, which tells what to change."""
        planned = connection_checks(kind)[step]
        if kind not in _CHECKS:
            return replace(planned, status=CheckStatus.SKIPPED, message=str(no_writer(kind)))
        try:
            message = _loaded(kind, lambda: _CHECKS[kind](self, config, step))
        except ExportFailure as error:
            return replace(planned, status=CheckStatus.FAILED, message=str(error))
        except Exception as error:  # noqa: BLE001 - its text may hold a secret, so that only its type is shown
            message = f"The check itself failed ({type(error).__name__}). Check the settings of the destination."
            return replace(planned, status=CheckStatus.FAILED, message=message)
        return replace(planned, status=CheckStatus.PASSED, message=message)


def _loaded(kind: str, use: Callable[[], T]) -> T:
    if kind not in _OPENERS:
        raise no_writer(kind)
    try:
        return use()
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(error.name or "")
        if extra is None:
            raise
        raise PermanentFailure(
            f"{kind} exports need a package that is not installed ({error.name}). "
            f"Ask the operator to run: pip install 'batch-exports[{extra}]'"
        ) from None


def _open_s3(registry: DestinationRegistry, context: RunContext) -> Writer:
    from batch_exports.destinations.s3 import open_writer  # noqa: PLC0415 - loads a driver

    return open_writer(context, registry.gate)


def _open_file(registry: DestinationRegistry, context: RunContext) -> Writer:
    from batch_exports.destinations.file import open_writer  # noqa: PLC0415 - on first use, as all types

    return open_writer(context, registry.file_root)


def _open_noop(_registry: DestinationRegistry, _context: RunContext) -> Writer:
    from batch_exports.destinations.noop import NoOpWriter  # noqa: PLC0415 - on first use, as all types

    return NoOpWriter()


def _check_s3(registry: DestinationRegistry, config: Mapping[str, Any], step: int) -> str | None:
    from batch_exports.destinations.s3 import check  # noqa: PLC0415 - loads a driver

    return check(config, step, registry.gate)


def _check_file(registry: DestinationRegistry, config: Mapping[str, Any], _step: int) -> str | None:
    from batch_exports.destinations.file import check  # noqa: PLC0415 - on first use, as all types

    return check(config, registry.file_root)


def _check_noop(_registry: DestinationRegistry, _config: Mapping[str, Any], _step: int) -> str | None:
    return None


_OPENERS: Mapping[str, Callable[[DestinationRegistry, RunContext], Writer]] = {
    "S3": _open_s3,
    "File": _open_file,
    "NoOp": _open_noop,
}
_CHECKS: Mapping[str, Callable[[DestinationRegistry, Mapping[str, Any], int], str | None]] = {
    "S3": _check_s3,
    "File": _check_file,
    "NoOp": _check_noop,
}
_EXTRAS: Mapping[str, str] = {"obstore": "s3", "pyarrow": "server", "brotli": "server", "isal": "server"}
