"""The reference model: what each answer of the service must be, stated apart from it and walked at random."""

from batch_exports.conformance.model.checking import MakeClient, check_model
from batch_exports.conformance.model.keys import ModelKeys

__all__ = ["MakeClient", "ModelKeys", "check_model"]
