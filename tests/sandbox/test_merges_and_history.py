"""Merges by sha and on trial, what a comparison lists, and history with the pulls that brought its commits."""

import pytest

from tests.sandbox.stand_in import Json, StandIn

ROOT = "/repos/octo/demo"


async def commit(github: StandIn, files: dict[str, tuple[str, str] | None], *parents: str) -> str:
    """Make a commit on no branch from (mode, text) by path; None takes a file away."""
    tree = [
        {"path": path, "mode": "100644", "type": "blob", "sha": None}
        if content is None
        else {"path": path, "mode": content[0], "type": "blob", "content": content[1]}
        for path, content in files.items()
    ]
    made = await github.rest("POST", "/git/trees", {"base_tree": parents[0], "tree": tree})
    body = {"message": "m", "tree": made["sha"], "parents": list(parents)}
    return str((await github.rest("POST", "/git/commits", body))["sha"])


async def test_a_commit_on_no_branch_is_merged_by_its_sha(github: StandIn) -> None:
    base = await github.head()
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/trial", "sha": base}, who="app")
    head = await commit(github, {"a.txt": ("100644", "a\n")}, base)
    body = {"base": "trial", "head": head, "commit_message": "Try [skip ci]"}
    merge = await github.rest("POST", "/merges", body, who="app")
    assert [parent["sha"] for parent in merge["parents"]] == [base, head]
    assert merge["commit"]["message"] == "Try [skip ci]"
    assert merge["commit"]["tree"]["sha"] == (await github.rest("GET", f"/git/commits/{head}"))["tree"]["sha"]
    assert (await github.call("POST", f"{ROOT}/merges", body, who="app"))[0] == 204


async def test_merging_needs_the_right_to_write(github: StandIn) -> None:
    body = {"base": "main", "head": await github.head()}
    status, answer, _ = await github.call("POST", f"{ROOT}/merges", body, who="ci")
    assert (status, answer["message"]) == (403, "Resource not accessible by integration")


async def test_a_comparison_tells_what_became_of_every_file(github: StandIn) -> None:
    text = "".join(f"line {number}\n" for number in range(9))
    paths = ("gone", "old", "run", "link", "changed", "kept")
    base = await commit(github, {path: ("100644", f"{path}\n{text}") for path in paths}, await github.head())
    await github.rest("PATCH", "/git/refs/heads/main", {"sha": base})
    changes: dict[str, tuple[str, str] | None] = {
        "gone": None,
        "old": None,
        "new": ("100644", f"old\n{text}"),
        "run": ("100755", f"run\n{text}"),
        "link": ("120000", "kept"),
        "changed": ("100644", f"changed\n{text}more\n"),
        "added": ("100644", "added\n"),
    }
    head = await commit(github, changes, base)
    files = (await github.rest("GET", f"/compare/{base}...{head}?per_page=100"))["files"]
    assert {file["filename"]: (file["status"], file.get("previous_filename")) for file in files} == {
        "gone": ("removed", None),
        "new": ("renamed", "old"),
        "run": ("modified", None),
        "link": ("changed", None),
        "changed": ("modified", None),
        "added": ("added", None),
    }
    counts = {file["filename"]: (file["additions"], file["deletions"]) for file in files}
    assert counts["link"] == (1, 10)
    assert counts["changed"] == (1, 0)


async def test_an_open_pull_has_a_test_merge_until_it_conflicts(github: StandIn) -> None:
    pull = await github.pull("w1")
    base = await github.write("main", "other.txt", "o\n")
    query = """query ($number: Int!) { repository(owner: "octo", name: "demo") { pullRequest(number: $number) {
        potentialMergeCommit { oid tree { oid } parents(first: 2) { nodes { oid } } } } } }"""

    async def trial() -> tuple[Json, Json]:
        rest = (await github.rest("GET", f"/pulls/{pull['number']}"))["merge_commit_sha"]
        found = (await github.graphql(query, number=pull["number"]))["repository"]["pullRequest"]
        return rest, found["potentialMergeCommit"]

    sha, node = await trial()
    assert sha == node["oid"]
    assert [parent["oid"] for parent in node["parents"]["nodes"]] == [base, pull["head"]["sha"]]
    merge = await github.rest("GET", f"/git/commits/{sha}")
    assert merge["tree"]["sha"] == node["tree"]["oid"]
    assert await github.head() == base
    assert (await trial())[0] == sha
    await github.write("main", "w1.txt", "conflict\n")
    assert await trial() == (None, None)


HISTORY = """query ($tip: GitObjectID!, $first: Int!, $after: String) { repository(owner: "octo", name: "demo") {
    object(oid: $tip) { ... on Commit { history(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { oid messageHeadline associatedPullRequests(first: 5) { nodes { number } } } } } } } }"""


async def test_a_history_comes_in_pages(github: StandIn) -> None:
    for number in range(4):
        await github.write("main", f"{number}.txt", "x\n")
    tip, after, seen = await github.head(), None, []
    for more in (True, True, False):
        data = await github.graphql(HISTORY, tip=tip, first=2, after=after)
        page = data["repository"]["object"]["history"]
        seen += [node["messageHeadline"] for node in page["nodes"]]
        assert page["pageInfo"]["hasNextPage"] is more
        after = page["pageInfo"]["endCursor"]
    assert seen == [*(f"Write {number}.txt" for number in (3, 2, 1, 0)), "Initial commit"]
    assert (await github.graphql(HISTORY, tip="1" * 40, first=2))["repository"]["object"] is None


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_every_commit_that_a_merge_brought_names_the_pull(github: StandIn, method: str) -> None:
    before = await github.head()
    pull = await github.pull("w1")
    await github.write("w1", "more.txt", "m\n")
    await github.write("main", "direct.txt", "d\n")
    await github.rest("PUT", f"/pulls/{pull['number']}/merge", {"merge_method": method})
    tip = await github.head()
    page = (await github.graphql(HISTORY, tip=tip, first=20))["repository"]["object"]["history"]
    named = {node["oid"]: bool(node["associatedPullRequests"]["nodes"]) for node in page["nodes"]}
    assert sum(named.values()) == {"merge": 3, "squash": 1, "rebase": 2}[method]
    assert named[tip]
    assert not named[before]
    for sha, is_named in named.items():
        found = await github.rest("GET", f"/commits/{sha}/pulls")
        assert [one["number"] for one in found] == ([pull["number"]] if is_named else [])
