"""Clone and push by a real git client, and what follows from a push."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.sandbox.stand_in import StandIn

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Wim",
    "GIT_AUTHOR_EMAIL": "wim@example.org",
    "GIT_COMMITTER_NAME": "Wim",
    "GIT_COMMITTER_EMAIL": "wim@example.org",
}


async def git(where: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "git",
        *arguments,
        cwd=where,
        env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


def address(github: StandIn, who: str | None, repository: str = "octo/demo") -> str:
    base = str(github.info["git_url"])
    token = github.token(who) if who else None
    login = f"x-access-token:{token}@" if token else ""
    return f"{base.replace('://', '://' + login)}/{repository}.git"


async def clone(github: StandIn, where: Path, who: str | None = None) -> Path:
    status, text = await git(where, "clone", "-q", address(github, who), "work")
    assert status == 0, text
    return where / "work"


async def commit(work: Path, path: str, text: str) -> None:
    (work / path).write_text(text)
    await git(work, "add", path)
    status, out = await git(work, "commit", "-q", "-m", f"Write {path}")
    assert status == 0, out


async def test_anybody_clones_a_public_repository_and_a_writer_pushes(github: StandIn, tmp_path: Path) -> None:
    work = await clone(github, tmp_path)
    await git(work, "switch", "-q", "-c", "w1")
    await commit(work, "a.txt", "a\n")
    status, text = await git(work, "push", address(github, "rita"), "w1")
    assert status != 0
    assert "403" in text
    status, text = await git(work, "push", address(github, "wim"), "w1")
    assert status == 0, text
    assert (await github.rest("GET", "/branches/w1"))["commit"]["commit"]["message"] == "Write a.txt\n"


async def test_a_push_without_credentials_is_asked_for_them(github: StandIn, tmp_path: Path) -> None:
    work = await clone(github, tmp_path)
    status, text = await git(work, "push", address(github, None), "HEAD:refs/heads/x")
    assert status != 0
    assert "could not read Username" in text or "Authentication failed" in text


async def test_a_private_repository_is_not_found_by_strangers(github: StandIn, tmp_path: Path) -> None:
    await github.rest("PATCH", "", {"private": True})
    status, _ = await git(tmp_path, "clone", "-q", address(github, "otto"), "a")
    assert status != 0
    status, text = await git(tmp_path, "clone", "-q", address(github, "app"), "b")
    assert status == 0, text


async def test_a_push_to_a_pulls_branch_synchronizes_it(github: StandIn, tmp_path: Path) -> None:
    pull = await github.pull("w1")
    work = await clone(github, tmp_path)
    await git(work, "switch", "-q", "w1")
    await commit(work, "more.txt", "x\n")
    status, text = await git(work, "push", address(github, "wim"), "w1")
    assert status == 0, text
    read = await github.rest("GET", f"/pulls/{pull['number']}")
    assert read["head"]["sha"] == await github.head("w1") != pull["head"]["sha"]
    await github.quiet()
    events = [(one.event, one.payload.get("action")) for one in github.received]
    assert events[-3:] == [("push", None), ("pull_request", "synchronize"), ("check_suite", "requested")]
    synchronized = github.received[-2].payload
    assert (synchronized["before"], synchronized["after"]) == (pull["head"]["sha"], read["head"]["sha"])
    pushed = github.received[-3].payload
    assert (pushed["ref"], pushed["forced"], pushed["sender"]["login"]) == ("refs/heads/w1", False, "wim")
    assert [one["added"] for one in pushed["commits"]] == [["more.txt"]]


async def test_tags_and_deletions_are_told(github: StandIn, tmp_path: Path) -> None:
    work = await clone(github, tmp_path)
    for arguments in (("tag", "v1"), ("push", address(github, "wim"), "v1"), ("push", address(github, "wim"), ":v1")):
        status, text = await git(work, *arguments)
        assert status == 0, text
    await github.quiet()
    told = [(one.event, one.payload["ref"], one.payload.get("ref_type")) for one in github.received]
    tag = "refs/tags/v1"
    assert told == [("create", "v1", "tag"), ("push", tag, None), ("delete", "v1", "tag"), ("push", tag, None)]


@pytest.mark.parametrize(
    ("refspec", "words"), [("+w1:main", "GH006"), (":main", "refusing to delete the current branch")]
)
async def test_a_protected_branch_takes_no_force_push_and_no_deletion(
    github: StandIn, tmp_path: Path, refspec: str, words: str
) -> None:
    rule = {
        "required_status_checks": None,
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    await github.rest("PUT", "/branches/main/protection", rule)
    work = await clone(github, tmp_path)
    await git(work, "switch", "-q", "--orphan", "w1")
    await commit(work, "a.txt", "a\n")
    tip = await github.head()
    status, text = await git(work, "push", address(github, "ada"), refspec)
    assert status != 0
    assert words in text
    assert await github.head() == tip
    assert (await git(work, "push", address(github, "ada"), "w1"))[0] == 0


async def test_a_required_check_is_demanded_of_a_direct_push(github: StandIn, tmp_path: Path) -> None:
    rule = {
        "required_status_checks": {"strict": False, "checks": [{"context": "build", "app_id": -1}]},
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    await github.rest("PUT", "/branches/main/protection", rule)
    work = await clone(github, tmp_path)
    await commit(work, "a.txt", "a\n")
    status, text = await git(work, "push", address(github, "ada"), "main")
    assert status != 0
    assert 'Required status check "build" is expected.' in text


async def test_a_large_shallow_and_unshallowed_fetch_works(github: StandIn, tmp_path: Path) -> None:
    work = await clone(github, tmp_path)
    for number in range(3):
        await commit(work, f"{number}.bin", "x" * 200_000 * (number + 1))
    assert (await git(work, "push", address(github, "wim"), "main"))[0] == 0
    status, text = await git(tmp_path, "clone", "-q", "--depth", "1", address(github, None), "shallow")
    assert status == 0, text
    assert (await git(tmp_path / "shallow", "fetch", "-q", "--unshallow"))[0] == 0
    _, count = await git(tmp_path / "shallow", "rev-list", "--count", "HEAD")
    assert count.strip() == "4"
