"""Starts the process sooner, by leaving unloaded what the contract's framework imports and the mock never uses.

Connexion's package imports two HTTP clients and its own application classes, half of the time that it takes to load.
They serve remote schemas, token introspection and its test client; the mock has none of them. Only the mock's own
process does this: whoever imports `mock_server.app` gets everything as usual.
"""

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_USED_ON_DEMAND = ("httpx", "requests")
_PACKAGE = "connexion"


class DeferredModule(ModuleType):
    """Stands in for a module and loads it when something in it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        """The attribute of the real module."""
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def defer_unused_imports() -> None:
    """Arrange the imports; what is loaded already stays as it is."""
    for name in _USED_ON_DEMAND:
        if name not in sys.modules:
            deferred = DeferredModule(name)
            deferred.__spec__ = find_spec(name)
            sys.modules[name] = deferred
    spec = find_spec(_PACKAGE)
    if spec is not None and _PACKAGE not in sys.modules:
        # The package without its own code, which would import the application classes: its modules are used one by one.
        sys.modules[_PACKAGE] = module_from_spec(spec)
