"""Gates and commands are found by themselves."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from bot.core import commands, gates, registry
from bot.core.commands import Command
from bot.core.gates import Gate


def _modules(package: ModuleType) -> set[str]:
    return {path.stem for path in Path(package.__path__[0]).glob("*.py")} - {"__init__"}


def test_every_file_beside_the_gates_is_a_gate_of_its_name() -> None:
    assert {gate.name for gate in registry.load_gates()} == _modules(gates)


def test_every_file_beside_the_commands_is_a_command_of_its_name() -> None:
    assert set(registry.load_commands()) == _modules(commands) - {"parse", "fold", "target", "workstream", "bounds"}


def test_gates_come_in_the_order_of_their_positions() -> None:
    positions = [gate.position for gate in registry.load_gates()]
    assert positions == sorted(set(positions))


def test_usage_names_the_command() -> None:
    for name, command in registry.load_commands().items():
        assert command.usage.startswith(f"/signalbox {name}")
        assert not command.summary.endswith(".")


def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *modules: str) -> ModuleType:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for index, source in enumerate(modules):
        (folder / f"m{index}.py").write_text(f"from bot.core.gates import Gate\n{source}\n")
    monkeypatch.syspath_prepend(tmp_path)
    for each in [key for key in sys.modules if key.split(".")[0] == name]:
        monkeypatch.delitem(sys.modules, each)
    return import_module(name)


def test_a_second_gate_of_a_name_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "GATE = Gate(name='one', title='One', position=1, check=lambda case: None)"
    package = _package(tmp_path, monkeypatch, "gates_of_one_name", source, source)
    with pytest.raises(ValueError, match="a second gate named 'one'"):
        registry.collect(package, "GATE", Gate)


def test_two_gates_of_one_position_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [f"GATE = Gate(name='{name}', title='One', position=1, check=lambda case: None)" for name in "ab"]
    monkeypatch.setattr(registry, "gates", _package(tmp_path, monkeypatch, "gates_of_one_position", *sources))
    registry.load_gates.cache_clear()
    try:
        with pytest.raises(ValueError, match="one position"):
            registry.load_gates()
    finally:
        registry.load_gates.cache_clear()


def test_something_else_under_the_name_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = _package(tmp_path, monkeypatch, "commands_that_are_none", "COMMAND = 'hold'")
    with pytest.raises(TypeError, match="not a Command"):
        registry.collect(package, "COMMAND", Command)


def test_a_module_without_an_entry_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.collect(_package(tmp_path, monkeypatch, "gates_without_any", "x = 1"), "GATE", Gate) == {}
