"""File: files in a folder under a root that the operator sets.

Guarantee: as `object_files` states, with every file made under another name, flushed to the disk, renamed, and its
folder flushed. No key, folder name or symbolic link leads out of the root.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from batch_exports.destinations.file.storage import FileStorage
from batch_exports.destinations.object_files import ObjectFilesWriter
from batch_exports.domain.errors import PermanentFailure
from batch_exports.ports import RunContext, Writer


def open_writer(context: RunContext, root: Path | None) -> Writer:
    """A writer for one run; the folder is made when its first file is."""
    storage = FileStorage(_required(root), str(context.config.get("path") or ""), token=context.run_id.hex)
    return ObjectFilesWriter(storage, context)


def check(config: Mapping[str, Any], root: Path | None) -> str:
    """Write and delete a small file in the folder; the result in words."""
    token = uuid4().hex
    storage = FileStorage(_required(root), str(config.get("path") or ""), token=token)
    key = f"connection-test-{token}"
    storage.put(key, [b"connection test\n"])
    storage.delete(key)
    return "The folder can be written to."


def _required(root: Path | None) -> Path:
    if root is None:
        raise PermanentFailure(
            "This service does not write files: its operator has set no folder for them (BATCH_EXPORTS_FILE_ROOT)."
        )
    return root
