"""Azure's connection strings: settings in one text, `name=value` with semicolons between them."""

from collections.abc import Iterator

_SUFFIX = "core.windows.net"
_DEVELOPMENT = "http://127.0.0.1:10000"


def servers_of(connection_string: str) -> Iterator[str]:
    """The addresses of the servers that a connection string leads a client of blobs to, also if it could use another.

    A setting that is there twice counts twice, since clients do not agree which of the two they take.
    """
    settings = [_setting(each) for each in connection_string.split(";")]
    yield from (value for name, value in settings if name in {"blobendpoint", "blobsecondaryendpoint"})
    yield from (value for name, value in settings if name == "developmentstorageproxyuri")
    if ("usedevelopmentstorage", "true") in ((name, value.lower()) for name, value in settings):
        yield _DEVELOPMENT
    suffixes = [value for name, value in settings if name == "endpointsuffix"] or [_SUFFIX]
    for name, account in settings:
        if name == "accountname":
            yield from (f"https://{account}.blob.{suffix}" for suffix in suffixes)


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()
