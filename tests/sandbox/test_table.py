"""Records are found by what they hang on, whatever was put in, replaced, taken out, saved or loaded."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import genesis
from sandbox.table import Table
from sandbox.world import World


@dataclass
class Leaf:
    """Something that hangs on something."""

    branch: str


def test_a_table_finds_the_records_of_a_key_oldest_first() -> None:
    first, second, other = Leaf("a"), Leaf("a"), Leaf("b")
    table = Table("branch", {1: first, 2: other})
    table[3] = second
    assert table.of("a") == [first, second]
    assert table.of("b") == [other]
    assert table.of("c") == []


def test_a_table_no_longer_finds_what_was_replaced_or_taken_out() -> None:
    table = Table("branch", {1: Leaf("a"), 2: Leaf("a")})
    table[1] = Leaf("b")
    del table[2]
    assert table.of("a") == []
    assert table.of("b") == [Leaf("b")]
    with pytest.raises(KeyError):
        del table[2]


def test_a_table_refuses_changes_that_it_would_not_see() -> None:
    table = Table("branch", {1: Leaf("a")})
    with pytest.raises(TypeError):
        table.pop(1)
    with pytest.raises(TypeError):
        table.update({2: Leaf("b")})
    assert table.of("a") == [Leaf("a")]


async def test_a_loaded_world_finds_its_records_as_the_saved_one_did(tmp_path: Path) -> None:
    saved = World(tmp_path)
    await genesis.populate(saved)
    saved.save()
    loaded = World(tmp_path)
    assert loaded.load()
    assert loaded.state == saved.state
    repo = loaded.repositories()[0]
    labels = loaded.repository_labels(repo)
    assert labels == saved.repository_labels(saved.repositories()[0]) != []
    assert [label.id for label in labels] == [
        each.id for each in loaded.state.labels.values() if each.repository_id == repo.id
    ]


async def test_a_moved_repository_is_found_by_its_new_name_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    await genesis.populate(world)
    repo = world.repositories()[0]
    owner, before = world.owner(repo).login, repo.name
    assert world.repository(owner, before.upper()) is repo
    world.move_repository(repo, repo.owner_id, "elsewhere")
    assert world.repository(owner, before) is None
    assert world.repository(owner, "Elsewhere") is repo
