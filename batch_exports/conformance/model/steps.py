"""The steps that a program may take, of which each is as likely as any other."""

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

Method = TypeVar("Method", bound=Callable[..., None])
Chosen = tuple[str, dict[str, Any]]
"""The name of a step and its arguments."""

_ARGUMENTS = "arguments_of_step"


def step(**arguments: st.SearchStrategy[Any]) -> Callable[[Method], Method]:
    """Make a method a step, which gets drawn arguments.

    A rule of Hypothesis would be left out of many programs; with few programs to spend, all of them are to take part.
    """

    def mark(method: Method) -> Method:
        setattr(method, _ARGUMENTS, arguments)
        return method

    return mark


def steps_of(program: type) -> st.SearchStrategy[Chosen]:
    """Any step of a kind of program."""
    methods = {name: getattr(program, name) for name in sorted(dir(program))}
    drawn: list[st.SearchStrategy[Chosen]] = [
        st.tuples(st.just(name), st.fixed_dictionaries(getattr(method, _ARGUMENTS)))
        for name, method in methods.items()
        if hasattr(method, _ARGUMENTS)
    ]
    return st.one_of(drawn)
