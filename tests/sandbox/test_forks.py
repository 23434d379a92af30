"""Forks: pulls from other people's copies, whose branches have only their names in common with the repository's own."""

import base64

from tests.sandbox.stand_in import Json, StandIn

CROSS = """query($number: Int!) { repository(owner: "octo", name: "demo") {
  isFork
  pullRequest(number: $number) {
    isCrossRepository headRefName headRepository { nameWithOwner isFork } headRepositoryOwner { login } headRef { name }
  }
} }"""


async def push(github: StandIn, repository: str, branch: str, path: str) -> str:
    """Put a file onto a branch of otto's; return the new head."""
    body = {"message": "Work", "branch": branch, "content": base64.b64encode(b"work\n").decode()}
    written = await github.rest("PUT", f"//repos/{repository}/contents/{path}", body, who="otto")
    return str(written["commit"]["sha"])


async def forked(github: StandIn) -> Json:
    """Have a branch `w1` in the repository and in a fork of otto's, and a pull from the latter."""
    await github.pull("w1")
    await github.rest("POST", "/forks", {}, who="otto")
    head = await push(github, "otto/demo", "w1", "otto.txt")
    pull = await github.rest("POST", "/pulls", {"title": "Otto's", "head": "otto:w1", "base": "main"}, who="otto")
    assert pull["head"]["sha"] == head
    return pull


async def test_a_reader_opens_a_pull_from_a_fork_beside_one_of_the_same_name(github: StandIn) -> None:
    pull = await forked(github)
    assert (pull["number"], pull["head"]["ref"], pull["head"]["label"]) == (2, "w1", "otto:w1")
    assert (pull["head"]["repo"]["full_name"], pull["head"]["repo"]["fork"]) == ("otto/demo", True)
    assert pull["base"]["repo"]["full_name"] == "octo/demo"
    assert [each["number"] for each in await github.rest("GET", "/pulls?head=otto:w1")] == [2]
    assert [each["number"] for each in await github.rest("GET", "/pulls?head=octo:w1")] == [1]
    found = (await github.graphql(CROSS, number=2))["repository"]
    assert found["isFork"] is False
    assert found["pullRequest"] == {
        "isCrossRepository": True, "headRefName": "w1", "headRepository": {"nameWithOwner": "otto/demo", "isFork": True},
        "headRepositoryOwner": {"login": "otto"}, "headRef": {"name": "w1"},
    }  # fmt: skip


async def test_a_push_moves_the_pulls_of_its_own_repository_and_no_others(github: StandIn) -> None:
    await forked(github)
    before = (await github.rest("GET", "/pulls/1"))["head"]["sha"]
    head = await push(github, "otto/demo", "w1", "more.txt")
    assert (await github.rest("GET", "/pulls/1"))["head"]["sha"] == before
    assert (await github.rest("GET", "/pulls/2"))["head"]["sha"] == head
    await github.rest("DELETE", "/git/refs/heads/w1")
    assert (await github.rest("GET", "/pulls/1"))["state"] == "closed"
    assert (await github.rest("GET", "/pulls/2"))["state"] == "open"


async def test_a_fork_is_made_once_and_gives_no_right_on_the_first(github: StandIn) -> None:
    pull = await forked(github)
    again = await github.rest("POST", "/forks", {}, who="otto")
    assert again["id"] == pull["head"]["repo"]["id"]
    status, _, _ = await github.call("PUT", "/repos/octo/demo/pulls/2/merge", {}, who="otto")
    assert status == 403
    status, _, _ = await github.call("PUT", "/repos/octo/demo/pulls/2/update-branch", {}, who="app")
    assert status == 403
    merged = await github.rest("PUT", "/pulls/2/merge", {})
    assert merged["merged"]
    commit = await github.rest("GET", f"/git/commits/{merged['sha']}")
    assert commit["message"].startswith("Merge pull request #2 from otto/w1")
