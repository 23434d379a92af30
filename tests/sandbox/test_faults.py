"""Rate limits, conditional requests and the knobs that make the stand-in fail as GitHub does."""

from typing import Any

import aiohttp
import pytest

from tests.sandbox.stand_in import Json, StandIn

ISSUES = "/repos/octo/demo/issues"


async def faults(github: StandIn, **settings: Any) -> None:
    status, answer, _ = await github.call("PUT", "/_sandbox/faults", settings)
    assert status == 200, answer


async def test_every_answer_tells_the_rate_limit(github: StandIn) -> None:
    _, _, first = await github.call("GET", "/repos/octo/demo")
    _, _, second = await github.call("GET", "/repos/octo/demo")
    assert first["x-ratelimit-limit"] == "5000"
    assert first["x-ratelimit-resource"] == "core"
    assert int(first["x-ratelimit-remaining"]) - int(second["x-ratelimit-remaining"]) == 1
    assert first["X-GitHub-Request-Id"] != second["X-GitHub-Request-Id"]
    assert first["X-GitHub-Api-Version-Selected"] == "2022-11-28"
    _, limits, _ = await github.call("GET", "/rate_limit")
    assert limits["resources"]["core"]["remaining"] == int(second["x-ratelimit-remaining"])


async def test_an_unchanged_read_is_304_and_free(github: StandIn) -> None:
    url = github.info["api_url"] + ISSUES
    headers = {"Authorization": f"token {github.token('ada')}"}
    async with github.http.get(url, headers=headers) as first:
        etag, left = first.headers["ETag"], first.headers["x-ratelimit-remaining"]
    async with github.http.get(url, headers=headers | {"If-None-Match": etag}) as second:
        assert second.status == 304
        assert second.headers["x-ratelimit-remaining"] == left
        assert await second.read() == b""
    await github.rest("POST", "/issues", {"title": "x"})
    async with github.http.get(url, headers=headers | {"If-None-Match": etag}) as third:
        assert third.status == 200
        assert third.headers["ETag"] != etag


async def test_a_used_up_limit_is_403_and_for_graphql_an_error(github: StandIn) -> None:
    await faults(github, rate_limit={"core": {"remaining": 1}, "graphql": {"remaining": 0}})
    assert (await github.call("GET", "/repos/octo/demo"))[0] == 200
    status, answer, headers = await github.call("GET", "/repos/octo/demo")
    assert status == 403
    assert answer["message"].startswith("API rate limit exceeded for user ID")
    assert headers["x-ratelimit-remaining"] == "0"
    status, answer, headers = await github.graphql_answer("{ viewer { login } }")
    assert (status, answer["errors"][0]["type"]) == (200, "RATE_LIMIT")


async def test_the_secondary_limit_says_when_to_come_back(github: StandIn) -> None:
    await faults(github, rate_limit={"secondary": {"times": 1, "retry_after": 7}})
    status, answer, headers = await github.call("GET", "/repos/octo/demo")
    assert (status, headers["Retry-After"]) == (403, "7")
    assert "secondary rate limit" in answer["message"]
    assert (await github.call("GET", "/repos/octo/demo"))[0] == 200


@pytest.mark.parametrize(("after", "issues"), [(False, 0), (True, 1)])
async def test_a_request_fails_before_or_after_it_was_done(github: StandIn, after: bool, issues: int) -> None:
    await faults(github, api=[{"match": "POST /repos/*/issues", "status": 502, "after": after}])
    assert (await github.call("POST", ISSUES, {"title": "x"}))[0] == 502
    assert len(await github.rest("GET", "/issues")) == issues
    assert (await github.call("POST", ISSUES, {"title": "x"}))[0] == 201


async def test_a_connection_breaks_after_the_write_happened(github: StandIn) -> None:
    await faults(github, api=[{"match": "POST /repos/*/issues", "status": 0, "after": True}])
    with pytest.raises(aiohttp.ClientError):
        await github.call("POST", ISSUES, {"title": "x"})
    assert len(await github.rest("GET", "/issues")) == 1


async def test_a_fault_may_hit_one_mutation_of_graphql(github: StandIn) -> None:
    repository = (await github.rest("GET", ""))["node_id"]
    fault = {"match": "POST /graphql mutation:createIssue", "status": 403, "headers": {"Retry-After": "3"}}
    await faults(github, api=[fault | {"body": {"message": "was submitted too quickly"}}])
    query = 'mutation($r: ID!) { one: createIssue(input: {repositoryId: $r, title: "x"}) { issue { number } } }'
    status, answer, headers = await github.graphql_answer(query, r=repository)
    assert (status, answer["message"], headers["Retry-After"]) == (403, "was submitted too quickly", "3")
    status, answer, _ = await github.graphql_answer(query, r=repository)
    assert (status, answer["data"]["one"]["issue"]["number"]) == (200, 1)


async def test_mergeability_is_unknown_at_first(github: StandIn) -> None:
    await faults(github, mergeable_unknown=2)
    await github.pull("w1")
    states = [(await github.rest("GET", "/pulls/1"))["mergeable"] for _ in range(3)]
    assert states == [None, None, True]


async def test_draft_pulls_may_be_unsupported(github: StandIn) -> None:
    await faults(github, drafts=False)
    await github.branch_with("w1", "a.txt", "a\n")
    body = {"title": "x", "head": "w1", "base": "main", "draft": True}
    status, answer, _ = await github.call("POST", "/repos/octo/demo/pulls", body)
    assert (status, answer["message"]) == (422, "Draft pull requests are not supported in this repository.")


async def test_a_failure_may_concern_one_caller_and_come_by_chance(github: StandIn) -> None:
    fault = {"match": "GET /repos/*", "times": 1000, "status": 502, "login": "signalbox[bot]", "chance": 0.5}
    await faults(github, api=[fault], webhooks={"seed": 3})
    people = {(await github.call("GET", "/repos/octo/demo"))[0] for _ in range(10)}
    ours = [(await github.call("GET", "/repos/octo/demo", who="app"))[0] for _ in range(40)]
    assert people == {200}
    assert 8 < ours.count(502) < 32
    assert set(ours) == {200, 502}


@pytest.mark.parametrize("body", [{"webhook": {}}, {"api": [{"status": 1}]}, {"webhooks": {"drop": "much"}}])
async def test_a_mistake_in_the_knobs_is_told(github: StandIn, body: Json) -> None:
    assert (await github.call("PUT", "/_sandbox/faults", body))[0] == 422


async def test_requests_are_logged_by_route_and_mutation(github: StandIn) -> None:
    await github.call("DELETE", "/_sandbox/requests")
    repository = (await github.rest("GET", "", who="app"))["node_id"]
    query = 'mutation($r: ID!) { one: createIssue(input: {repositoryId: $r, title: "x"}) { issue { number } } }'
    await github.graphql(query, who="app", r=repository)
    _, log, _ = await github.call("GET", "/_sandbox/requests")
    assert log["counts"] == {
        "GET /repos/{owner}/{repo}": 1,
        "POST /graphql": 1,
        "POST /graphql mutation:createIssue": 1,
    }
    assert {one["actor"] for one in log["requests"]} == {"signalbox[bot]"}


async def test_two_runs_of_one_story_have_the_same_normalised_state(github: StandIn) -> None:
    await github.pull("w1", draft=True)
    await github.rest("POST", "/issues/1/comments", {"body": "hello"})
    run = {"name": "signalbox", "head_sha": await github.head("w1"), "external_id": "x"}
    await github.rest("POST", "/check-runs", run, who="app")
    _, state, _ = await github.call("GET", "/_sandbox/state?normalise=1")
    demo = state["octo/demo"]
    assert [one["title"] for one in demo["pulls"]] == ["Add w1"]
    assert [commit[0] for commit in demo["branches"]["w1"]["commits"]] == ["Write w1.txt", "Initial commit"]
    assert (demo["checks"][0]["app"], demo["checks"][0]["runs"]) == ("signalbox", 1)
    text = str(state)
    assert await github.head("w1") not in text
    assert "created_at" not in text
    _, whole, _ = await github.call("GET", "/_sandbox/state")
    assert whole["octo/demo"]["branches"]["main"]["sha"] == await github.head()


@pytest.mark.parametrize("first", ["left", "right"])
async def test_a_history_reads_alike_whichever_side_was_written_first(github: StandIn, first: str) -> None:
    base = await github.head()
    tree = (await github.rest("GET", f"/git/commits/{base}"))["tree"]["sha"]

    async def commit(message: str, year: int, *parents: str) -> str:
        author = {"name": "Ada", "email": "ada@example.org", "date": f"{year}-01-01T00:00:00Z"}
        body = {"message": message, "tree": tree, "parents": parents, "author": author, "committer": author}
        return str((await github.rest("POST", "/git/commits", body))["sha"])

    sides = [await commit(name, 2030 if name == first else 2031, base) for name in ("left", "right")]
    merge = await commit("merge", 2032, *sides)
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/both", "sha": merge})
    _, state, _ = await github.call("GET", "/_sandbox/state?normalise=1")
    commits = state["octo/demo"]["branches"]["both"]["commits"]
    assert [commit[0] for commit in commits] == ["merge", "left", "Initial commit", "right"]
