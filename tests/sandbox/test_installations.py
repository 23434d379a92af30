"""What owners do to an App and to a repository: suspend, remove, grant, rotate keys, rename, transfer."""

import time
from pathlib import Path

import jwt

from tests.sandbox.stand_in import Json, StandIn

PLAN = "/repos/octo/demo/issues"


async def mint(github: StandIn, installation: int | None = None) -> tuple[int, Json]:
    path = f"/app/installations/{installation or github.info['installation_id']}/access_tokens"
    status, answer, _ = await github.call("POST", path, {}, bearer=github.app_jwt())
    return status, answer


async def events(github: StandIn, name: str) -> list[Json]:
    await github.quiet()
    return [each.payload for each in github.received if each.event == name]


async def test_a_suspended_installation_may_nothing_and_hears_nothing_until_it_is_let_in_again(github: StandIn) -> None:
    path = f"/app/installations/{github.info['installation_id']}/suspended"
    assert (await github.call("PUT", path, bearer=github.app_jwt()))[0] == 204
    status, answer = await mint(github)
    assert (status, answer["message"]) == (403, "This installation has been suspended")
    assert (await github.call("GET", PLAN, who="app"))[0] == 403
    await github.rest("POST", "/issues", {"title": "Unheard"})
    _, shown, _ = await github.call("GET", "/repos/octo/demo/installation", bearer=github.app_jwt())
    assert shown["suspended_at"] is not None
    assert shown["suspended_by"]["login"] == "signalbox[bot]"
    assert (await github.call("DELETE", path, bearer=github.app_jwt()))[0] == 204
    assert (await github.call("GET", PLAN, who="app"))[0] == 200
    told = await events(github, "installation")
    assert [each["action"] for each in told] == ["suspend", "unsuspend"]
    assert [each["full_name"] for each in told[1]["repositories"]] == ["octo/demo"]
    assert await events(github, "issues") == []


async def test_a_removed_installation_takes_its_tokens_with_it_and_comes_back_under_another_id(github: StandIn) -> None:
    old = github.info["installation_id"]
    assert (await github.call("DELETE", f"/app/installations/{old}", bearer=github.app_jwt()))[0] == 204
    assert (await mint(github))[0] == 404
    assert (await github.call("GET", PLAN, who="app"))[0] == 401
    assert (await github.call("GET", "/repos/octo/demo/installation", bearer=github.app_jwt()))[0] == 404
    new = await github.rest("POST", "//_sandbox/apps/signalbox/installations", {"account": "octo"})
    assert new["id"] != old
    assert (await mint(github, new["id"]))[0] == 201
    told = await events(github, "installation")
    assert [(each["action"], each["installation"]["id"]) for each in told] == [("deleted", old), ("created", new["id"])]


async def test_a_lowered_permission_counts_at_once_and_a_given_one_for_new_tokens(github: StandIn) -> None:
    path = f"//_sandbox/installations/{github.info['installation_id']}"
    _, token = await mint(github)
    less = {area: level for area, level in token["permissions"].items() if area != "issues"}
    await github.rest("PATCH", path, {"permissions": less})
    issue = {"title": "Mine"}
    status, answer, _ = await github.call("POST", PLAN, issue, who="app")
    assert (status, answer["message"]) == (403, "Resource not accessible by integration")
    _, lesser = await mint(github)
    assert "issues" not in lesser["permissions"]
    await github.rest("PATCH", path, {"permissions": token["permissions"]})
    assert (await github.call("POST", PLAN, issue, bearer=lesser["token"]))[0] == 403
    assert (await github.call("POST", PLAN, issue, bearer=(await mint(github))[1]["token"]))[0] == 201
    assert [each["action"] for each in await events(github, "installation")] == ["new_permissions_accepted"]


async def test_two_keys_count_until_the_older_one_is_deleted(github: StandIn) -> None:
    new = await github.rest("POST", "//_sandbox/apps/signalbox/keys")
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 300, "iss": str(github.info["app_id"])}
    by_new = jwt.encode(claims, Path(new["private_key_file"]).read_text(), "RS256")
    assert [(await github.call("GET", "/app", bearer=each))[0] for each in (github.app_jwt(), by_new)] == [200, 200]
    await github.rest("DELETE", "//_sandbox/apps/signalbox/keys")
    assert [(await github.call("GET", "/app", bearer=each))[0] for each in (github.app_jwt(), by_new)] == [401, 200]


async def test_an_old_name_leads_to_the_new_one_until_somebody_takes_it(github: StandIn) -> None:
    before = await github.rest("GET", "")
    await github.rest("PATCH", "", {"name": "shop"})
    headers = {"Authorization": f"Bearer {github.token('ada')}"}
    for method, status in (("GET", 301), ("POST", 307)):
        url = f"{github.info['api_url']}/repos/octo/demo/issues?state=all"
        async with github.http.request(method, url, headers=headers, allow_redirects=False) as response:
            answer = await response.json()
        assert (response.status, answer["message"]) == (status, "Moved Permanently")
        assert response.headers["Location"] == answer["url"]
        assert answer["url"].endswith("/repos/octo/shop/issues?state=all")
    assert (await github.rest("GET", "//repos/octo/demo"))["id"] == before["id"]
    query = 'query($name: String!) { repository(owner: "octo", name: $name) { databaseId nameWithOwner } }'
    found = await github.graphql(query, name="demo")
    assert found["repository"] == {"databaseId": before["id"], "nameWithOwner": "octo/shop"}
    assert await github.rest("GET", "//repos/octo/shop/git/ref/heads/main")  # the git repository moved along
    (renamed,) = [each for each in await events(github, "repository") if each["action"] == "renamed"]
    assert renamed["changes"]["repository"]["name"]["from"] == "demo"
    other = await github.rest("POST", "//user/repos", {"name": "demo"})
    assert (await github.graphql(query, name="demo"))["repository"]["databaseId"] == other["id"]


async def test_a_transferred_repository_keeps_its_id_and_changes_its_apps(github: StandIn) -> None:
    before = await github.rest("GET", "")
    moved = await github.rest("POST", "/transfer", {"new_owner": "mia"})
    assert (moved["id"], moved["full_name"]) == (before["id"], "mia/demo")
    assert (await github.call("GET", "/repos/mia/demo/installation", bearer=github.app_jwt()))[0] == 404
    await github.rest("POST", "//_sandbox/apps/signalbox/installations", {"account": "mia"})
    assert (await github.call("GET", "/repos/mia/demo/installation", bearer=github.app_jwt()))[0] == 200


async def test_a_renamed_branch_takes_pulls_rules_and_the_default_with_it(github: StandIn) -> None:
    pull = await github.pull("topic")
    rule = {
        "required_status_checks": {"strict": False, "contexts": ["tests"]}, "enforce_admins": True,
        "required_pull_request_reviews": None, "restrictions": None,
    }  # fmt: skip
    await github.rest("PUT", "/branches/main/protection", rule)
    await github.rest("POST", "/branches/main/rename", {"new_name": "trunk"})
    assert (await github.rest("GET", ""))["default_branch"] == "trunk"
    after = await github.rest("GET", f"/pulls/{pull['number']}")
    assert (after["base"]["ref"], after["state"]) == ("trunk", "open")
    assert (await github.rest("GET", "/branches/trunk"))["protection"]["required_status_checks"]["contexts"] == [
        "tests"
    ]
    assert (await github.call("GET", "/repos/octo/demo/branches/main"))[0] == 404
    edited = [each for each in await events(github, "pull_request") if each["action"] == "edited"]
    assert edited[0]["changes"]["base"]["ref"]["from"] == "main"


async def test_a_part_of_a_graphql_answer_may_be_missing(github: StandIn) -> None:
    await github.call("PUT", "/_sandbox/faults", {"api": [{"match": "POST /graphql", "partial": "repository.name"}]})
    _, answer, _ = await github.graphql_answer('{ repository(owner: "octo", name: "demo") { id name } }')
    assert answer["data"]["repository"]["name"] is None
    assert answer["data"]["repository"]["id"]
    assert answer["errors"][0]["path"] == ["repository", "name"]
