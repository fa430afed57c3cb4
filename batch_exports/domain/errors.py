"""What can be wrong with a request, in the words of the domain; the HTTP edge gives each a status."""

NOT_FOUND = "Not found."


class DomainError(Exception):
    """A refusal that its caller can read: `detail` for people, `code` for programs, `attr` names the field."""

    default_code = "error"

    def __init__(self, detail: str, *, code: str | None = None, attr: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.attr = attr


class NotFound(DomainError):
    """The object does not exist for this caller."""

    default_code = "not_found"

    def __init__(self, detail: str = NOT_FOUND) -> None:
        super().__init__(detail)


class Invalid(DomainError):
    """The input breaks a rule that its schema cannot state."""

    default_code = "invalid_input"


class Conflict(DomainError):
    """The object's state does not allow the change."""

    default_code = "conflict"


class Changed(DomainError):
    """The object is not the version that the caller wants to change."""

    default_code = "precondition_failed"


class LimitReached(DomainError):
    """Too many of something exist at once; trying again after `retry_after` seconds may succeed."""

    default_code = "throttled"

    def __init__(self, detail: str, *, code: str, retry_after: int) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class ExportFailure(Exception):
    """Base of what ends or delays a run; its text is shown to the user: the cause and advice, never a secret."""


class PermanentFailure(ExportFailure):
    """Trying again cannot help until somebody changes the export or its destination."""


class RetryableFailure(ExportFailure):
    """A passing fault: the same step may succeed later."""


class RunCancelled(ExportFailure):
    """The user stopped the run; raised between two chunks."""
