"""The imports of a process, by module.

The top level of the program runs while the component is built, where a call of an import
would only trap: until `begin`, each raises.
"""

import importlib

_has_begun = False


def begin():
    """Makes the imports work. Called as the process starts."""
    global _has_begun
    _has_begun = True


class _Imports:
    """A module of the world, whose attributes are kept once they were read."""

    def __init__(self, name):
        self._name = name
        self._module = importlib.import_module(f"wit_world.imports.{name}")

    def __getattr__(self, attribute):
        if not _has_begun:
            raise RuntimeError(
                f"{self._name}.{attribute} is used at the top level: use it inside the function marked @warren.main"
            )
        value = getattr(self._module, attribute)
        setattr(self, attribute, value)
        return value


capability = _Imports("capability")
clock = _Imports("clock")
context = _Imports("context")
logger = _Imports("logger")
mailbox = _Imports("mailbox")
process = _Imports("process")
program = _Imports("program")
random = _Imports("random")
registry = _Imports("registry")
security = _Imports("security")
stdio = _Imports("stdio")
