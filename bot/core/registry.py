"""Finds every gate and every slash command: one module each, so that adding one edits no list.

Must not import anything but the modules of the two packages, and must not run a gate or a command.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import TypeVar

from bot.core import commands, gates
from bot.core.commands import Command
from bot.core.gates import Gate

Entry = TypeVar("Entry", Gate, Command)


@cache
def load_gates() -> tuple[Gate, ...]:
    """Return every gate in the order in which the tables show them. ValueError for two of one name or position."""
    found = sorted(collect(gates, "GATE", Gate).values(), key=lambda gate: gate.position)
    if len({gate.position for gate in found}) < len(found):
        raise ValueError("two gates have one position")
    return tuple(found)


@cache
def load_commands() -> Mapping[str, Command]:
    """Return every slash command by its name, in the order of the names. ValueError for two of one name."""
    return MappingProxyType(collect(commands, "COMMAND", Command))


def collect(package: ModuleType, attribute: str, kind: type[Entry]) -> dict[str, Entry]:
    """Return the entries that a package's modules export, by name. Modules without one are no entries.

    TypeError for something else under that attribute, ValueError for a second one of a name.
    """
    found: dict[str, Entry] = {}
    for module in _modules(package):
        entry = getattr(module, attribute, None)
        if entry is None:
            continue
        if not isinstance(entry, kind):
            raise TypeError(f"{module.__name__}.{attribute} is not a {kind.__name__}")
        if entry.name in found:
            raise ValueError(f"{module.__name__}: a second {kind.__name__.lower()} named {entry.name!r}")
        found[entry.name] = entry
    return dict(sorted(found.items()))


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for info in iter_modules(package.__path__, f"{package.__name__}."):
        yield import_module(info.name)
