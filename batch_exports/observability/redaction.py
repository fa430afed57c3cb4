"""Takes secrets out of texts that others wrote, such as those of a driver's exceptions."""

import re
from collections.abc import Collection

HIDDEN = "[hidden]"

_WORDS = r"password|passwd|passphrase|secret|token|(?:api|access|account|private)[_-]?key|authorization"
_NAMES = rf"[\w-]*(?:{_WORDS})[\w-]*"
_VALUE = r"\"[^\"]*\"|'[^']*'|[^\s\"',;&)}\]]+"

_RULES = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
    (re.compile(r"\b(bearer|basic) +[A-Za-z0-9._~+/-]{6,}=*", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^\s/:@]*):[^\s/]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"\bphx_[\w-]{8,}", re.ASCII), HIDDEN),
    (re.compile(rf"(\b{_NAMES}[\"']?\s*(?:=>|[=:])\s*)(?:{_VALUE})", re.IGNORECASE), rf"\1{HIDDEN}"),
)


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """A text without these secrets, and without what looks like one: keys, credentials in URLs, named passwords."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
