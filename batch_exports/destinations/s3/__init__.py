"""S3: objects in a bucket of any server that speaks the S3 protocol.

Guarantee: as `object_files` states. An upload that ends early is aborted, so that nothing of it is visible or kept.
Credentials that may only write are enough; without the right to read, files that an earlier try left cannot be found
and stay.

Connections go to the endpoint's host alone, after the egress policy has permitted it and its addresses: no instance
metadata, no proxy, no credentials or defaults of the environment, no redirect to another host. A name is looked up once
for the check and again by the client; a name server that changes its answer in between is not caught.
"""

from batch_exports.destinations.s3.checks import check
from batch_exports.destinations.s3.writer import open_writer

__all__ = ["check", "open_writer"]
