"""How the store compares texts."""

from string import ascii_lowercase, ascii_uppercase

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def contains_text(haystack: str, needle: str) -> bool:
    """Whether a text holds another, whatever the case of their ASCII letters."""
    return needle.translate(_LOWER) in haystack.translate(_LOWER)
