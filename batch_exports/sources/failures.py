"""What went wrong in an event store, as failures that a run can show and act upon."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from batch_exports.domain.errors import ExportFailure, PermanentFailure, RetryableFailure

# Errors that stay until somebody changes the export, the credentials or the store. All others may pass.
_PERMANENT_CODES = frozenset(
    {
        16,  # NO_SUCH_COLUMN_IN_TABLE
        36,  # BAD_ARGUMENTS
        41,  # CANNOT_PARSE_DATETIME
        43,  # ILLEGAL_TYPE_OF_ARGUMENT
        46,  # UNKNOWN_FUNCTION
        47,  # UNKNOWN_IDENTIFIER
        53,  # TYPE_MISMATCH
        60,  # UNKNOWN_TABLE
        62,  # SYNTAX_ERROR
        81,  # UNKNOWN_DATABASE
        115,  # UNKNOWN_SETTING
        158,  # TOO_MANY_ROWS
        164,  # READONLY
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        307,  # TOO_MANY_BYTES
        386,  # NO_COMMON_TYPE
        427,  # CANNOT_COMPILE_REGEXP
        452,  # SETTING_CONSTRAINT_VIOLATION
        497,  # ACCESS_DENIED
        516,  # AUTHENTICATION_FAILED
    }
)
_CREDENTIAL_CODES = frozenset({192, 193, 194, 497, 516})
_CAUSE = re.compile(r"Code: (\d+)\. DB::Exception: (.*?)(?: \(version [^)]*\))?\s*$", re.DOTALL | re.MULTILINE)
_ASIDE = re.compile(r": while executing |\. Look at https|\. Maybe you meant|\s\(for url ")
_MAX_CAUSE = 300


def failure_of(text: str, code: int | None = None) -> ExportFailure:
    """Read a server's error text; the server's address and version are left out."""
    match = _CAUSE.search(text)
    if match is not None:
        code = int(match[1])
        cause = _ASIDE.split(match[2])[0].strip()
    else:
        cause = "it gave no cause"
    cause = cause if len(cause) <= _MAX_CAUSE else f"{cause[:_MAX_CAUSE]}…"
    if code in _CREDENTIAL_CODES:
        return PermanentFailure(f"The event store refused the credentials of this service: {cause}")
    if code in _PERMANENT_CODES:
        return PermanentFailure(f"The event store refused the query: {cause}")
    return RetryableFailure(f"The event store broke off the query: {cause}")


def unreachable() -> RetryableFailure:
    """Say that no answer came."""
    return RetryableFailure("The event store does not answer; it may be starting, overloaded or unreachable.")


def broken_off() -> RetryableFailure:
    """Say that a result ended before its end."""
    return RetryableFailure("The event store's answer ended before its end; nothing of it counts.")


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn the driver's errors into failures."""
    # Loaded here: only users of an event store have the driver.
    from clickhouse_connect.driver import exceptions  # noqa: PLC0415

    try:
        yield
    except exceptions.OperationalError as error:
        raise (failure_of(str(error), error.code) if error.code else unreachable()) from error
    except exceptions.ProgrammingError as error:
        raise PermanentFailure(f"The event store cannot be asked in this way: {error}") from error
    except exceptions.Error as error:
        raise failure_of(str(error), getattr(error, "code", None)) from error
