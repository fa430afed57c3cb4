"""Keeps objects as files below one folder, reached segment by segment so that no link can lead elsewhere."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from batch_exports.domain.errors import ExportFailure, PermanentFailure, RetryableFailure

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_ADVICE = {
    errno.EACCES: "The service may not write there. Change the owner or the rights of the folder.",
    errno.EPERM: "The service may not write there. Change the owner or the rights of the folder.",
    errno.EROFS: "The file system is read-only. Mount it for writing or use another folder.",
    errno.ELOOP: "A part of the path is a symbolic link, which is not followed. Use the folder it leads to.",
    errno.ENOTDIR: "A part of the path is a file or a symbolic link. Use another path or prefix.",
    errno.EISDIR: "A folder has the name of the file. Use another path or prefix.",
    errno.ENAMETOOLONG: "A name is too long for the file system. Shorten the prefix.",
}


class FileStorage:
    """Objects below `root/folder`; `token` keeps the unfinished files of different runs apart."""

    def __init__(self, root: Path, folder: str, *, token: str) -> None:
        self._root = root
        self._token = token
        self._folder = _segments(folder)

    def put(self, key: str, blocks: Iterable[bytes]) -> None:
        """Write under another name, flush, then rename."""
        *folder, name = _segments(key)
        with self._opened([*self._folder, *folder], key, create=True) as parent:
            unfinished = self._unfinished(key)
            try:
                self._write(unfinished, blocks, parent, key)
                with _explained(key):
                    os.rename(unfinished, name, src_dir_fd=parent, dst_dir_fd=parent)
                    os.fsync(parent)
            except BaseException:
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=parent)
                raise

    def read(self, key: str, limit: int) -> bytes | None:
        """At most `limit` bytes of a file; None when there is none."""
        *folder, name = _segments(key)
        try:
            with self._opened([*self._folder, *folder], key, create=False) as parent, _explained(key):
                descriptor = os.open(name, _READ, dir_fd=parent)
                with os.fdopen(descriptor, "rb") as file:
                    return file.read(limit)
        except FileNotFoundError:
            return None

    def exists(self, key: str) -> bool:
        """Whether there is a file of that key."""
        *folder, name = _segments(key)
        try:
            with self._opened([*self._folder, *folder], key, create=False) as parent, _explained(key):
                return stat.S_ISREG(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return False

    def delete(self, key: str) -> None:
        """Delete a file; its folder stays."""
        *folder, name = _segments(key)
        with (
            suppress(FileNotFoundError),
            self._opened([*self._folder, *folder], key, create=False) as parent,
            _explained(key),
        ):
            os.unlink(name, dir_fd=parent)
            os.fsync(parent)

    def _unfinished(self, key: str) -> str:
        """A name of fixed length, the same whenever a run writes that key, so that a crash leaves no growing heap."""
        return f".{self._token}-{sha256(key.encode()).hexdigest()[:16]}.unfinished"

    def _write(self, name: str, blocks: Iterable[bytes], parent: int, key: str) -> None:
        with _explained(key):
            file = os.fdopen(os.open(name, _NEW_FILE, 0o640, dir_fd=parent), "wb", buffering=0)
        with file:
            for block in blocks:
                with _explained(key):
                    _write_all(file.fileno(), block)
            with _explained(key):
                os.fsync(file.fileno())

    @contextmanager
    def _opened(self, folder: list[str], key: str, *, create: bool) -> Iterator[int]:
        """A descriptor of a folder below the root; raises FileNotFoundError when it is missing and not to be made."""
        with _explained(key):
            if create:
                self._root.mkdir(parents=True, exist_ok=True)
            # The root itself may be a link: the operator has set it.
            current = os.open(self._root, _FOLDER & ~os.O_NOFOLLOW)
        try:
            for segment in folder:
                with _explained(key):
                    following = _enter(current, segment, create=create)
                os.close(current)
                current = following
            yield current
        finally:
            os.close(current)


def _enter(parent: int, name: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(name, 0o750, dir_fd=parent)
            os.fsync(parent)
    return os.open(name, _FOLDER, dir_fd=parent)


def _write_all(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]


def _segments(path: str) -> list[str]:
    segments = [segment for segment in path.split("/") if segment not in {"", "."}]
    if path.startswith("/") or ".." in segments or "\0" in path:
        raise PermanentFailure(
            f"The path {path!a} is not one below the folder of this service: use a relative one without '..'."
        )
    return segments


@contextmanager
def _explained(key: str) -> Iterator[None]:
    """Turn what the file system says into what the user can do; FileNotFoundError is left to the caller."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _failure(key, error) from None


def _failure(key: str, error: OSError) -> ExportFailure:
    advice = _ADVICE.get(error.errno or 0)
    if advice is not None:
        return PermanentFailure(f"The file '{key}' cannot be written or read ({error.strerror}). {advice}")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return RetryableFailure(f"The file '{key}' cannot be written: the disk is full. Free some space on it.")
    return RetryableFailure(f"The file '{key}' cannot be written or read ({error.strerror}).")
