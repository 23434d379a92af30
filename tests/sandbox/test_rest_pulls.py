"""REST of pulls: opening, refusals, merging by each method, reviews, updating the head branch."""

import pytest

from tests.sandbox.stand_in import StandIn

PULLS = "/repos/octo/demo/pulls"


async def test_a_pull_is_opened_from_a_branch(github: StandIn) -> None:
    pull = await github.pull("w1", draft=True, body="text")
    assert (pull["number"], pull["draft"], pull["merged"]) == (1, True, False)
    assert (pull["head"]["ref"], pull["base"]["ref"], pull["changed_files"]) == ("w1", "main", 1)
    files = await github.rest("GET", "/pulls/1/files")
    assert [(file["filename"], file["status"]) for file in files] == [("w1.txt", "added")]
    assert len(await github.rest("GET", "/pulls/1/commits")) == 1
    assert [one["number"] for one in await github.rest("GET", "/pulls?head=octo:w1")] == [1]
    assert await github.rest("GET", "/pulls?base=other") == []


async def test_pulls_that_make_no_sense_are_refused_in_githubs_words(github: StandIn) -> None:
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/same", "sha": await github.head()})
    await github.pull("w1")
    for body, message in (
        ({"title": "x", "head": "same", "base": "main"}, "No commits between main and same"),
        ({"title": "x", "head": "w1", "base": "main"}, "A pull request already exists for octo:w1."),
    ):
        status, answer, _ = await github.call("POST", PULLS, body)
        assert status == 422
        assert answer["errors"][0]["message"] == message
    status, answer, _ = await github.call("POST", PULLS, {"title": "x", "head": "none", "base": "main"})
    assert (status, answer["errors"][0]["field"]) == (422, "head")


async def test_an_empty_commit_is_enough_for_a_pull(github: StandIn) -> None:
    tip = await github.head()
    tree = (await github.rest("GET", f"/git/commits/{tip}"))["tree"]["sha"]
    commit = await github.rest("POST", "/git/commits", {"message": "Open", "tree": tree, "parents": [tip]}, who="app")
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/w1", "sha": commit["sha"]}, who="app")
    pull = await github.rest("POST", "/pulls", {"title": "x", "head": "w1", "base": "main"}, who="app")
    assert (pull["commits"], pull["changed_files"]) == (1, 0)
    assert pull["user"]["login"] == "signalbox[bot]"


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
async def test_each_merge_method_moves_the_base(github: StandIn, method: str, parents: int) -> None:
    pull = await github.pull("w1")
    await github.branch_with("other", "other.txt", "o\n")
    await github.rest("POST", "/merges", {"base": "main", "head": "other"})
    await github.write("w1", "second.txt", "2\n")
    head = await github.head("w1")
    merged = await github.rest("PUT", "/pulls/1/merge", {"merge_method": method, "sha": head})
    assert merged["sha"] == await github.head()
    commit = await github.rest("GET", f"/git/commits/{merged['sha']}")
    assert len(commit["parents"]) == parents
    read = await github.rest("GET", f"/pulls/{pull['number']}")
    assert (read["merged"], read["state"], read["merge_commit_sha"]) == (True, "closed", merged["sha"])
    for path in ("w1.txt", "second.txt", "other.txt"):
        await github.rest("GET", f"/contents/{path}")


async def test_a_merge_needs_the_head_that_the_caller_saw(github: StandIn) -> None:
    pull = await github.pull("w1")
    await github.write("w1", "more.txt", "x\n")
    status, answer, _ = await github.call("PUT", f"{PULLS}/1/merge", {"sha": pull["head"]["sha"]})
    assert (status, answer["message"]) == (409, "Head branch was modified. Review and try the merge again.")


async def test_drafts_conflicts_and_methods_that_are_off_do_not_merge(github: StandIn) -> None:
    await github.pull("w1", draft=True)
    status, answer, _ = await github.call("PUT", f"{PULLS}/1/merge")
    assert (status, answer["message"]) == (405, "Pull Request is still a draft")
    await github.branch_with("a", "same.txt", "a\n")
    await github.branch_with("b", "same.txt", "b\n")
    for head in ("a", "b"):
        await github.rest("POST", "/pulls", {"title": head, "head": head, "base": "main"})
    await github.rest("PATCH", "", {"allow_rebase_merge": False})
    status, answer, _ = await github.call("PUT", f"{PULLS}/2/merge", {"merge_method": "rebase"})
    assert (status, answer["message"]) == (405, "Rebase merges are not allowed on this repository.")
    await github.rest("PUT", "/pulls/2/merge")
    assert (await github.rest("GET", "/pulls/3"))["mergeable_state"] == "dirty"
    status, answer, _ = await github.call("PUT", f"{PULLS}/3/merge")
    assert (status, answer["message"]) == (405, "Pull Request is not mergeable")


async def test_closing_keywords_close_issues_when_merged_into_the_default_branch(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "x"})
    pull = await github.pull("w1", body=f"Fixes #{issue['number']}")
    await github.rest("PUT", f"/pulls/{pull['number']}/merge")
    assert (await github.rest("GET", f"/issues/{issue['number']}"))["state"] == "closed"


async def test_a_deleted_head_branch_closes_its_pull_and_a_reopened_one_needs_it(github: StandIn) -> None:
    await github.pull("w1")
    await github.rest("DELETE", "/git/refs/heads/w1")
    assert (await github.rest("GET", "/pulls/1"))["state"] == "closed"
    status, answer, _ = await github.call("PATCH", f"{PULLS}/1", {"state": "open"})
    assert status == 422
    assert "deleted" in answer["errors"][0]["message"]


async def test_a_pull_whose_head_lands_otherwise_counts_as_merged(github: StandIn) -> None:
    pull = await github.pull("w1")
    await github.rest("PATCH", "/git/refs/heads/main", {"sha": pull["head"]["sha"]})
    assert (await github.rest("GET", "/pulls/1"))["merged"] is True


async def test_a_branch_behind_its_base_is_updated_by_a_merge(github: StandIn) -> None:
    pull = await github.pull("w1")
    await github.branch_with("other", "other.txt", "o\n")
    await github.rest("POST", "/merges", {"base": "main", "head": "other"})
    body = {"expected_head_sha": "0" * 40}
    assert (await github.call("PUT", f"{PULLS}/1/update-branch", body))[0] == 422
    body = {"expected_head_sha": pull["head"]["sha"]}
    status, answer, _ = await github.call("PUT", f"{PULLS}/1/update-branch", body, who="app")
    assert (status, answer["message"]) == (202, "Updating pull request branch.")
    assert (await github.rest("GET", "/compare/main...w1"))["behind_by"] == 0


async def test_a_pull_is_retargeted(github: StandIn) -> None:
    await github.pull("w1")
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/next", "sha": await github.head()})
    assert (await github.rest("PATCH", "/pulls/1", {"base": "next"}))["base"]["ref"] == "next"


async def test_reviews_are_given_and_dismissed(github: StandIn) -> None:
    await github.pull("w1")
    status, answer, _ = await github.call("POST", f"{PULLS}/1/reviews", {"event": "APPROVE"})
    assert (status, answer["errors"]) == (422, ["Can not approve your own pull request"])
    review = await github.rest("POST", "/pulls/1/reviews", {"event": "APPROVE"}, who="wim")
    assert review["state"] == "APPROVED"
    path = f"/pulls/1/reviews/{review['id']}/dismissals"
    assert (await github.rest("PUT", path, {"message": "stale"}))["state"] == "DISMISSED"


async def test_reviewers_are_asked(github: StandIn) -> None:
    await github.pull("w1")
    asked = await github.rest("POST", "/pulls/1/requested_reviewers", {"reviewers": ["wim"]})
    assert [user["login"] for user in asked["requested_reviewers"]] == ["wim"]
    status, _, _ = await github.call("POST", f"{PULLS}/1/requested_reviewers", {"reviewers": ["otto"]})
    assert status == 422


async def test_merging_needs_the_right_to_write_contents(github: StandIn) -> None:
    await github.pull("w1")
    status, answer, _ = await github.call("PUT", f"{PULLS}/1/merge", who="ci")
    assert (status, answer["message"]) == (403, "Resource not accessible by integration")
    assert (await github.call("PUT", f"{PULLS}/1/merge", who="rita"))[0] == 403
