"""The HTTP contract: compiles the OpenAPI document once and serves it; imports nothing else of this product."""

from batch_exports.contract.context import Context
from batch_exports.contract.errors import ApiError
from batch_exports.contract.security import Principal

__all__ = ["ApiError", "Context", "Principal"]
