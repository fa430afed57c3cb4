"""Versions of an export's settings, as entity tags."""

import re
from uuid import UUID

from batch_exports.contract.context import Context
from batch_exports.domain.exports import Export
from batch_exports.services.exports import ExportChange
from handlers._deps import actor

_TAG = re.compile(r'(W/)?"([^"]*)"')
_VERSION = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def etag(export: Export) -> str:
    """The entity tag of an export."""
    return f'"{export.version}"'


def change_of(ctx: Context, export_id: UUID, if_match: str | None = None) -> ExportChange:
    """The change that a request asks for: of any version of the export, or of those that `If-Match` names."""
    versions = None if if_match is None or if_match == "*" else _versions(if_match)
    return ExportChange(ctx.project_id, export_id, actor(ctx), versions)


def _versions(sent: str) -> frozenset[int]:
    # A weak tag never matches, nor does one that was not issued here.
    strong = [text for weak, text in _TAG.findall(sent) if not weak]
    return frozenset(int(text) for text in strong if _VERSION.fullmatch(text))
