"""S3: objects in a bucket of any server that speaks the S3 protocol.

Guarantee: as `object_files` states. An upload that ends early is aborted, so that nothing of it is visible or kept.
Credentials that may only write are enough; without the right to read, files that an earlier try left cannot be found
and stay.

Connections go through the egress gate to the endpoint's host and port alone: no instance metadata, no proxy of the
environment, no credentials or defaults of it, no redirect to another server.
"""

from batch_exports.destinations.s3.checks import check
from batch_exports.destinations.s3.writer import open_writer

__all__ = ["check", "open_writer"]
