"""The console's files, which a browser reads without being asked for anything: they hold no secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePath

from starlette.types import Send

from batch_exports.contract.errors import method_not_allowed
from batch_exports.contract.request import Request

_FOLDER = Path(str(files("mock_server"))) / "control" / "console"
_MEDIA_TYPES: Mapping[str, bytes] = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
# What is shown are texts of whoever calls the mock, which is why none may become markup.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a path is answered with."""

    status: int
    header: tuple[bytes, bytes]
    content: bytes = b""

    async def send(self, request: Request, send: Send) -> None:
        """Answer a request; raises ApiError for a method that is not for reading."""
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed(request.method, "GET, HEAD")
        headers = [self.header, (b"content-length", b"%d" % len(self.content)), *_HEADERS]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else self.content})


def find_page(path: str, folder: str) -> Page | None:
    """The page at a path of the console, which is served below `folder`; None where there is none."""
    if path == folder:
        # A page finds its files only below a path that ends with a slash.
        return Page(308, (b"location", b"%s/" % folder.rpartition("/")[2].encode()))
    name = "index.html" if path == f"{folder}/" else path.removeprefix(f"{folder}/")
    media_type = _MEDIA_TYPES.get(PurePath(name).suffix)
    if media_type is None:
        return None
    file = next((file for file in _FOLDER.iterdir() if file.name == name), None)
    return None if file is None else Page(200, (b"content-type", media_type), file.read_bytes())
