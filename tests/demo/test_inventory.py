"""The demo's workstreams in a real repository: good each by itself, and two of them bad together."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.agents import Clone, run_tests
from demo.story import BRANCHES


@dataclass(slots=True)
class Workshop:
    """A repository in which a branch is a workstream's work on the first commit."""

    folder: Path
    clone: Clone

    async def work(self, branch: str, step: str, start: str = "begin") -> None:
        """Put a step's files on a new branch."""
        await self.clone.git("switch", "--quiet", "--create", branch, start)
        await self.clone.put(self.clone.folder, step, step)

    async def merge(self, branch: str) -> None:
        """Merge a branch into main; raises if it conflicts."""
        await self.clone.git("switch", "--quiet", "main")
        await self.clone.git("merge", "--quiet", "--no-ff", "--no-edit", branch)

    async def test(self, commit: str) -> tuple[bool, str]:
        """Test a commit in a checkout of its own; return whether it is green, and what was printed."""
        tree = self.folder / f"tested-{len(list(self.folder.iterdir()))}"
        await self.clone.git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        code, output = await run_tests(tree)
        return code == 0, output


@pytest.fixture
async def workshop(tmp_path: Path) -> Workshop:
    clone = Clone(folder=tmp_path / "clone", url="")
    clone.folder.mkdir()
    await clone.git("init", "--quiet", "--initial-branch", "main")
    await clone.name()
    await clone.put(clone.folder, "start", "Start")
    await clone.git("tag", "begin")
    return Workshop(tmp_path, clone)


async def test_two_workstreams_are_good_alone_and_bad_together(workshop: Workshop) -> None:
    await workshop.work("prices", "W2")
    await workshop.work("reservations", "W3-in-euros")
    assert (await workshop.test("prices"))[0]
    assert (await workshop.test("reservations"))[0]

    await workshop.merge("prices")
    assert (await workshop.test("main"))[0]
    await workshop.merge("reservations")  # git sees no conflict
    green, output = await workshop.test("main")
    assert not green
    assert "FAILED (failures=1)" in output
    assert "AssertionError: '2 x bolt, deposit 100.00' != '2 x bolt, deposit 1.00'" in output
    assert str(workshop.folder) not in output

    await workshop.work("mended", "W3", "main")
    changed = await workshop.clone.git("diff", "--name-only", "main", "mended")
    assert changed == "inventory/reservations.py"  # what the customer reads stays as it was asked for
    assert (await workshop.test("mended"))[0]


async def test_a_mistake_is_found_on_its_own_branch_and_the_rest_lands_green(workshop: Workshop) -> None:
    await workshop.work("mistaken", "W2-broken")
    assert not (await workshop.test("mistaken"))[0]
    for key in BRANCHES:
        await workshop.work(key, key, "main" if key == "W4" else "begin")
        await workshop.merge(key)
    assert (await workshop.test("main"))[0]
