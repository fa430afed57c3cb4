"""One Arrow stream out of many.

The embedded engine renders each chunk of a result as a whole Arrow stream of its own. Sent one after another, readers
would stop behind the first and take a part of the rows for all of them.
"""

from collections.abc import Iterable, Iterator

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_CONTINUATION = END_OF_STREAM[:4]
_PREFIX = 8


class BrokenArrowStream(ValueError):
    """A chunk is not a whole Arrow stream."""


def splice(documents: Iterable[memoryview]) -> Iterator[memoryview]:
    """Join Arrow streams of one schema: the schema once, all record batches, one end mark."""
    is_first = True
    for document in documents:
        if bytes(document[:4]) != _CONTINUATION or bytes(document[-_PREFIX:]) != END_OF_STREAM:
            raise BrokenArrowStream("A chunk of the result is not a whole Arrow stream.")
        start = 0 if is_first else _PREFIX + int.from_bytes(document[4:_PREFIX], "little")
        yield document[start:-_PREFIX]
        is_first = False
    if not is_first:
        yield memoryview(END_OF_STREAM)
