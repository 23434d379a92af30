"""Objects written here are git's own: git itself agrees with every one, and reads come out as they went in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.errors import MergeConflict, RefConflict
from sandbox.git import Git
from sandbox.git_diff import unquote
from sandbox.git_objects import EMPTY_TREE, Signature, TreeEntry
from sandbox.smart_http import read_commands

ME = Signature("Wim <x>", "wim@example.org", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.fixture
def git(tmp_path: Path) -> Git:
    one = Git(tmp_path / "a.git")
    one.create("main")
    return one


async def write(git: Git, files: dict[str, bytes | None], *parents: str) -> str:
    base = (await git.commit(parents[0])).tree if parents else EMPTY_TREE
    edits = {
        path: None if data is None else TreeEntry("100644", "blob", git.write_blob(data), path)
        for path, data in files.items()
    }
    return git.write_commit(await git.edit_tree(base, edits), parents, "subject\n\nbody", ME)


async def test_git_finds_no_fault_with_what_is_written(git: Git) -> None:
    first = await write(git, {"a/b/c.txt": b"1\n", "a.txt": b"2\n", 'é "q".txt': b"3\n"})
    second = await write(git, {"a/b/c.txt": None, "a-b": b"x"}, first)
    await git.update_refs([("refs/heads/main", None, second)])
    _, out = await git.run("fsck", "--strict", "--no-dangling")
    assert out == ""
    _, names = await git.run("ls-tree", "-r", "-z", "--name-only", second)
    assert names.split("\0")[:-1] == [one.path for one in await git.tree((await git.commit(second)).tree)]
    assert (await git.commit(first)).author.name == "Wim x"


async def test_packed_objects_are_read_as_loose_ones_are(git: Git) -> None:
    sha = await write(git, {"a.txt": b"1\n"})
    await git.update_refs([("refs/heads/main", None, sha)])
    await git.run("repack", "-a", "-d", "-q")
    other = Git(git.path)
    assert (await other.commit(sha)).subject == "subject"
    entry = await other.entry(sha, "a.txt")
    assert entry is not None
    assert await other.blob(entry.sha) == b"1\n"
    assert await other.kind("1" * 40) is None


async def test_renames_unusual_names_and_binary_files_are_told(git: Git) -> None:
    first = await write(git, {"old.txt": b"a\nb\nc\nd\n", "é\t.bin": b"\x00\x01"})
    second = await write(git, {"old.txt": None, "new.txt": b"a\nb\nc\nd\n", "é\t.bin": b"\x00\x02"}, first)
    changes = {change.path: change for change in await git.changes(first, second)}
    assert (changes["new.txt"].status, changes["new.txt"].previous) == ("renamed", "old.txt")
    assert (changes["é\t.bin"].status, changes["é\t.bin"].patch) == ("modified", None)
    assert unquote('"a\\"b\\\\c"') == 'a"b\\c'


async def test_a_conflict_is_a_conflict_and_a_clean_merge_a_tree(git: Git) -> None:
    base = await write(git, {"a.txt": b"1\n2\n3\n"})
    ours = await write(git, {"a.txt": b"0\n1\n2\n3\n"}, base)
    theirs = await write(git, {"a.txt": b"1\n2\n3\n4\n"}, base)
    clash = await write(git, {"a.txt": b"x\n1\n2\n3\n"}, base)
    entry = await git.entry(await git.merge_trees(ours, theirs), "a.txt")
    assert entry is not None
    assert await git.blob(entry.sha) == b"0\n1\n2\n3\n4\n"
    with pytest.raises(MergeConflict):
        await git.merge_trees(ours, clash)


async def test_commits_are_replayed_one_by_one(git: Git) -> None:
    base = await write(git, {"a.txt": b"1\n"})
    one = await write(git, {"b.txt": b"b\n"}, base)
    two = await write(git, {"c.txt": b"c\n"}, one)
    onto = await write(git, {"d.txt": b"d\n"}, base)
    tip = await git.replay([one, two], onto, ME)
    assert len(await git.commits_between(onto, tip)) == 2
    tree = await git.tree((await git.commit(tip)).tree)
    assert [entry.path for entry in tree] == ["a.txt", "b.txt", "c.txt", "d.txt"]


async def test_refs_are_compared_before_they_are_set(git: Git) -> None:
    first = await write(git, {"a.txt": b"1\n"})
    second = await write(git, {"a.txt": b"2\n"}, first)
    await git.update_refs([("refs/heads/a", None, first), ("refs/heads/b", None, first)])
    with pytest.raises(RefConflict):
        await git.update_refs([("refs/heads/a", first, second), ("refs/heads/b", second, None)])
    assert await git.refs() == {"refs/heads/a": first, "refs/heads/b": first}
    outside = Git(git.path)
    await outside.update_refs([("refs/heads/a", first, second)])
    with pytest.raises(RefConflict):  # this one remembers the old value, git knows better
        await git.update_refs([("refs/heads/a", first, None)])
    assert await git.branch("a") == second


def test_the_commands_of_a_push_are_read() -> None:
    line = f"{'0' * 40} {'1' * 40} refs/heads/x\0report-status\n".encode()
    body = f"{len(line) + 4:04x}".encode() + line + b"0000PACK..."
    assert read_commands(body) == [("0" * 40, "1" * 40, "refs/heads/x")]
    assert read_commands(b"nonsense") == []
