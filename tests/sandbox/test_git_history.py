"""What is read of a short history without git is what git itself says of it."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.git import Git
from sandbox.git_history import SHORT, ShortHistory
from sandbox.git_objects import EMPTY_TREE, Signature

START = datetime(2026, 1, 2, tzinfo=UTC)


def write(git: Git, number: int, *parents: str) -> str:
    me = Signature("Wim", "wim@example.org", START + timedelta(minutes=number))
    return git.write_commit(EMPTY_TREE, parents, f"commit {number}", me)


@pytest.mark.parametrize("seed", range(3))
async def test_every_question_about_a_drawn_history_is_answered_as_git_answers_it(tmp_path: Path, seed: int) -> None:
    drawn, git = random.Random(seed), Git(tmp_path)
    git.create("main")
    commits = [write(git, 0), write(git, 1)]  # two histories, until a merge joins them
    for number in range(2, 10):
        parents = drawn.sample(commits, 2 if drawn.random() < 0.4 else 1)
        commits.append(write(git, number, *parents))
    short, answered = ShortHistory(tmp_path / "objects"), 0
    for one in commits:
        _, out = await git.run("rev-list", "--date-order", one)
        assert short.reach(one) == frozenset(out.split())
        chain = short.chain(one, short.reach(one))
        assert chain is None or chain == out.split()
        for other in drawn.sample(commits, 4):
            _, out = await git.run("rev-list", "--topo-order", other, f"^{one}")
            beyond = short.beyond(one, other)
            assert beyond == frozenset(out.split())
            chain = short.chain(other, beyond)
            assert chain is None or chain == out.split()
            _, out = await git.run("merge-base", "--all", one, other, accept=(0, 1))
            base = short.merge_base(one, other)
            assert base == (None if len(out.split()) > 1 else out.strip())
            answered += base is not None
    assert answered


async def test_a_long_or_packed_history_is_left_to_git(tmp_path: Path) -> None:
    git = Git(tmp_path)
    git.create("main")
    commits = [write(git, 0)]
    for number in range(1, SHORT + 1):
        commits.append(write(git, number, commits[-1]))
    short = ShortHistory(tmp_path / "objects")
    assert short.reach(commits[-1]) is None
    assert short.reach(commits[-2]) == frozenset(commits[:-1])
    assert len(await git.history(commits[-1])) == SHORT + 1
    await git.update_refs([("refs/heads/main", None, commits[-1])])
    await git.run("repack", "-a", "-d", "-q")
    packed = Git(tmp_path)
    assert ShortHistory(tmp_path / "objects").reach(commits[1]) is None
    assert await packed.merge_base(commits[1], commits[-1]) == commits[1]
    assert await packed.ahead_behind(commits[1], commits[-1]) == (SHORT - 1, 0)
    assert await packed.commits_between(commits[1], commits[3]) == commits[2:4]


@pytest.mark.parametrize("name", ["refs/heads/part/w1", "refs/heads/feat.x-1", "refs/tags/v1_0"])
async def test_plain_names_are_those_that_git_takes(tmp_path: Path, name: str) -> None:
    git = Git(tmp_path)
    git.create("main")
    assert await git.is_free(name)
    assert (await git.run("check-ref-format", name, accept=(0, 1)))[0] == 0


@pytest.mark.parametrize("name", ["a..b", "a.lock", "a.lock/b", ".a", "a//b", "a b"])
async def test_a_name_that_git_refuses_is_not_free(tmp_path: Path, name: str) -> None:
    git = Git(tmp_path)
    git.create("main")
    assert not await git.is_free(f"refs/heads/{name}")
