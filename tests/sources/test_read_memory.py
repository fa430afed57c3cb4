import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.sources.read_memory import ReadMemory

LARGE = 1 << 20
sizes = st.integers(1, 64) | st.integers(LARGE // 32, LARGE)


@given(st.lists(st.tuples(sizes, st.integers(0, 4)), max_size=20))
def test_memory_that_something_still_looks_at_keeps_its_content(takes: list[tuple[int, int]]) -> None:
    memory, held = ReadMemory(), list[tuple[pa.Buffer, bytes]]()
    for number, (size, given_up) in enumerate(takes, start=1):
        view = memory.take(size)
        assert len(view) == size
        content = bytes([number]) * size
        view[:] = content
        held.append((pa.py_buffer(view).slice(size // 2), content[size // 2 :]))
        del view, held[:given_up]
        assert all(buffer.to_pybytes() == kept for buffer, kept in held)


@given(st.integers(LARGE // 2 + 1, LARGE), st.integers(LARGE // 2 + 1, LARGE), st.integers(1, 4))
def test_memory_that_was_given_up_is_lent_again(first: int, second: int, count: int) -> None:
    memory = ReadMemory()
    buffers = []
    for _ in range(count):
        view = memory.take(first)
        view[:1] = b"x"
        buffers.append(pa.py_buffer(view))
    del buffers
    again = [pa.py_buffer(memory.take(second)) for _ in range(count)]
    assert [buffer.to_pybytes()[:1] for buffer in again] == [b"x"] * count
