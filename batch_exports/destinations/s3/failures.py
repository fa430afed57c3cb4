"""What a server's refusal means for the user: what is wrong, what to change, and whether trying again can help.

Only the error code and status are taken from an answer, since its text may repeat keys and signatures.
"""

import re

from batch_exports.destinations.s3.config import S3Settings
from batch_exports.domain.errors import ExportFailure, PermanentFailure, RetryableFailure

_CODE = re.compile(r"<Code>([A-Za-z0-9._-]{1,80})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_WRONG_REGION = "The bucket '{bucket}' lies in another region than {region}. Correct region."
_ADVICE = {
    "NoSuchBucket": (
        "The bucket '{bucket}' does not exist at {host}. Create it, or correct bucket_name, region or endpoint_url."
    ),
    "InvalidBucketName": "{host} does not accept '{bucket}' as the name of a bucket. Correct bucket_name.",
    "InvalidAccessKeyId": "{host} does not know the access key id. Correct aws_access_key_id.",
    "SignatureDoesNotMatch": (
        "{host} refused the signature: the secret does not belong to the access key id. Correct aws_secret_access_key."
    ),
    "RequestTimeTooSkewed": (
        "The clock of this service differs too much from that of {host}. Ask the operator to set it."
    ),
    "PermanentRedirect": _WRONG_REGION,
    "AuthorizationHeaderMalformed": _WRONG_REGION,
    "IllegalLocationConstraintException": _WRONG_REGION,
}
_ADVICE_BY_STATUS = {301: "PermanentRedirect", 404: "NoSuchBucket"}
_MAY_NOT = (
    "The credentials may not {doing} in the bucket '{bucket}' ({code}). Allow them s3:PutObject and "
    "s3:AbortMultipartUpload, and better also s3:GetObject, s3:DeleteObject and s3:ListBucket."
)
# The client does not repeat a request with a body elsewhere; others it repeats without its credential for the gate.
_REDIRECTS = frozenset({302, 303, 307, 308, 407})
_REDIRECTED = (
    "{host} redirects to another server ({code}), and exports follow no redirect. Correct endpoint_url or region."
)
_KEY_REFUSED = "The encryption key cannot be used ({code}). Correct kms_key_id, or let the credentials use the key."
_NO_ANSWER = (
    "No answer from {host} port {port} on trying to {doing}. Check that it runs, that no firewall is between, and that "
    "it speaks the protocol that endpoint_url names."
)
_FOR_THE_MOMENT = (
    "{host} could not {doing} for the moment ({code}). The fault is the server's: wait, and if it stays, ask those who "
    "run it."
)
_RETRYABLE_STATUSES = frozenset({408, 409, 425, 429})
_RETRYABLE_CODES = frozenset({"RequestTimeout", "NoSuchUpload", "SlowDown", "OperationAborted"})
INTERNAL_ERROR = 500
NOT_IMPLEMENTED = 501


def error_code(error: Exception) -> str | None:
    """The S3 error code of an answer, such as NoSuchBucket."""
    found = _CODE.search(str(error))
    return found.group(1) if found else None


def error_status(error: Exception) -> int | None:
    """The HTTP status of an answer; None when there was no answer."""
    found = _STATUS.search(str(error))
    return int(found.group(1)) if found else None


def failure(error: Exception, settings: S3Settings, doing: str) -> ExportFailure:
    """The failure to raise when `doing` ended with an error of the client."""
    code, status = _shown_code(error, settings), error_status(error)
    words = {"bucket": settings.bucket, "host": settings.host, "port": settings.port, "region": settings.region}
    if isinstance(error, ValueError):
        return PermanentFailure(f"The service cannot {doing}: the key is not a valid path. Change the prefix.")
    # The client gives no status for a redirect that names no address, which is how S3 points to another region.
    if "redirect without LOCATION" in str(error):
        status = 301
    if status is None:
        return RetryableFailure(_NO_ANSWER.format(**words, doing=doing))
    shown = f"{status} {code}" if code else str(status)
    if code in _RETRYABLE_CODES or status in _RETRYABLE_STATUSES:
        return RetryableFailure(_FOR_THE_MOMENT.format(**words, doing=doing, code=shown))
    advice = _advice(code, status)
    if advice is not None:
        return PermanentFailure(advice.format(**words, doing=doing, code=shown))
    if status < INTERNAL_ERROR or status == NOT_IMPLEMENTED:
        return PermanentFailure(f"{settings.host} refused to {doing} ({shown}). Check the settings of the export.")
    return RetryableFailure(_FOR_THE_MOMENT.format(**words, doing=doing, code=shown))


def _shown_code(error: Exception, settings: S3Settings) -> str | None:
    """The error code, unless a server that means ill has put a credential there, to have it shown."""
    code = error_code(error)
    credentials = (settings.access_key_id, settings.secret_access_key)
    return None if code is None or any(each in code or code in each for each in credentials) else code


def _advice(code: str | None, status: int) -> str | None:
    known = _ADVICE.get(code or _ADVICE_BY_STATUS.get(status, ""))
    if known is not None:
        return known
    if code is not None and code.startswith("KMS."):
        return _KEY_REFUSED
    if status in _REDIRECTS:
        return _REDIRECTED
    return _MAY_NOT if status in {401, 403} else None
