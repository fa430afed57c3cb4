"""The settings of an S3 destination, read once and checked for what could change where a request goes."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import obstore

from batch_exports.domain.errors import PermanentFailure

_BUCKET = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,255}")
_REGION = re.compile(r"[a-z0-9-]{1,64}", re.IGNORECASE | re.ASCII)
_UNSAFE_URL = re.compile(r"[\s\\@#?\x00-\x20\x7f]")
_PORTS = {"http": 80, "https": 443}
# The client reads these from the environment and takes no word that unsets them.
_AMBIENT = (
    "AWS_SERVER_SIDE_ENCRYPTION",
    "AWS_SSE_KMS_KEY_ID",
    "AWS_SSE_BUCKET_KEY_ENABLED",
    "AWS_SSE_CUSTOMER_KEY_BASE64",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """Where the bucket is, and how to write to it."""

    bucket: str
    region: str
    host: str
    port: int
    url: str
    """The address of the bucket's server, with the bucket in its name when `virtual_style`."""
    virtual_style: bool
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    encryption: str | None = None
    kms_key_id: str | None = None

    @property
    def is_plain_http(self) -> bool:
        """Whether the connection is not encrypted."""
        return self.url.startswith("http://")

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Self:
        """The settings of a destination's config; raises PermanentFailure that names the setting to change."""
        bucket, region = str(config.get("bucket_name") or ""), str(config.get("region") or "")
        if not _BUCKET.fullmatch(bucket):
            raise PermanentFailure("The bucket_name of the export is not the name of a bucket. Correct it.")
        if not _REGION.fullmatch(region):
            raise PermanentFailure("The region of the export is not the name of a region. Correct it.")
        key, secret = config.get("aws_access_key_id"), config.get("aws_secret_access_key")
        if not key or not secret:
            raise PermanentFailure("The export has no access keys. Set aws_access_key_id and aws_secret_access_key.")
        virtual_style = bool(config.get("use_virtual_style_addressing"))
        host, port, url = _endpoint(config.get("endpoint_url"), region, bucket if virtual_style else None)
        encryption, kms_key_id = _encryption(config)
        return cls(
            bucket=bucket,
            region=region,
            host=host,
            port=port,
            url=url,
            virtual_style=virtual_style,
            access_key_id=str(key),
            secret_access_key=str(secret),
            encryption=encryption,
            kms_key_id=kms_key_id,
        )


def _endpoint(endpoint_url: str | None, region: str, bucket: str | None) -> tuple[str, int, str]:
    """Host, port and canonical URL, so that what was checked is what the client will connect to."""
    url = (
        endpoint_url or f"https://s3.{region.lower()}.amazonaws.com{'.cn' if region.lower().startswith('cn-') else ''}"
    )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if _UNSAFE_URL.search(url) or not host or not port:
        raise PermanentFailure(
            "The endpoint_url of the export is not an address such as https://storage.example.com. Correct it."
        )
    if bucket is not None:
        host = f"{bucket}.{host}".lower()
    shown = f"[{host}]" if ":" in host else host
    _require_readable(shown)
    return host, port, f"{parts.scheme}://{shown}:{port}{parts.path.rstrip('/')}"


def _require_readable(host: str) -> None:
    try:
        # With the client's own parser: what that cannot read, such as a false `xn--` label, the client panics at.
        obstore.parse_scheme(f"http://{host}/")
    except ValueError:
        raise PermanentFailure(
            f"'{host}' is not the name of a server. Correct endpoint_url, or bucket_name if the bucket is part of it."
        ) from None


def _encryption(config: Mapping[str, Any]) -> tuple[str | None, str | None]:
    encryption, kms_key_id = config.get("encryption") or None, config.get("kms_key_id") or None
    if encryption not in {None, "AES256", "aws:kms"}:
        raise PermanentFailure("The encryption of the export is not supported. Use AES256 or aws:kms.")
    if kms_key_id is not None and encryption != "aws:kms":
        raise PermanentFailure("A kms_key_id is of use with encryption aws:kms only. Set it, or remove the key id.")
    ambient = [name for name in _AMBIENT if name in os.environ]
    if ambient:
        raise PermanentFailure(
            f"This service cannot write to S3 while {', '.join(ambient)} is set in its environment: it would change "
            "how objects are encrypted. Ask the operator to unset it; the export's own settings are what counts."
        )
    return encryption, kms_key_id
