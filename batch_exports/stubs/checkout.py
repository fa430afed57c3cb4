"""Where the project's source is."""

from pathlib import Path

from batch_exports.contract.spec import FILE_NAME, SpecError


def find_checkout() -> Path:
    """The folder of the project's source; SpecError where there is only the built package."""
    root = Path(__file__).parents[2]
    if not (root / "openapi" / FILE_NAME).is_file():
        raise SpecError("handlers are written in a checkout of the project, and this is an installed package")
    return root
