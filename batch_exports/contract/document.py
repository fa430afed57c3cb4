"""Hands the document to Connexion, checked against OpenAPI 3.0 by a validator that takes milliseconds."""

from typing import Any, ClassVar

from jsonschema_rs import Draft4Validator

from batch_exports.contract.spec import Spec, SpecError, references_in
from batch_exports.contract.upstream import OpenAPISpecification


class Document(OpenAPISpecification):  # type: ignore[misc]  # its base has no types
    """Connexion's view of a document that is known to be valid."""

    # Connexion would check it once more, in Python, for a third of the time that the whole start takes.
    openapi_schema: ClassVar[dict[str, Any]] = {}


def read_document(spec: Spec) -> Document:
    """Connexion's view of a document; SpecError for one that is not OpenAPI 3.0."""
    schema = OpenAPISpecification.openapi_schema
    for error in Draft4Validator(schema).iter_errors(spec.document):
        pointer = "/".join(map(str, error.instance_path))
        raise SpecError(f"not valid OpenAPI 3.0 at {pointer or 'the top'}: {error.message[:500]}")
    try:
        # Connexion would look for what is not there in files and on the network.
        for reference in references_in(spec.document):
            spec.resolve(reference)
        return Document(spec.document)
    except RecursionError:
        raise SpecError("something in it holds itself, by a YAML alias or by references alone") from None
