"""Opens runs to S3."""

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.object_files import ObjectFilesWriter
from batch_exports.destinations.s3.config import S3Settings
from batch_exports.destinations.s3.storage import S3Storage
from batch_exports.ports import RunContext, Writer


def open_writer(context: RunContext, gate: EgressGate) -> Writer:
    """A writer for one run; settings and host are checked now, the connection is made with the first object."""
    settings = S3Settings.read(context.config)
    gate.policy.require(settings.host)
    return ObjectFilesWriter(S3Storage(settings, gate), context)
