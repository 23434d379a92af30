"""Who may call, and as whom: App JWTs, installation tokens, people, nobody."""

import base64
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.sandbox.stand_in import Json, StandIn


def signed(github: StandIn, **claims: Any) -> str:
    now = int(time.time())
    whole = {"iat": now - 60, "exp": now + 300, "iss": str(github.info["app_id"])} | claims
    return jwt.encode(whole, Path(github.info["private_key_file"]).read_text(), "RS256")


async def mint(github: StandIn, body: Json) -> tuple[int, Json]:
    path = f"/app/installations/{github.info['installation_id']}/access_tokens"
    status, answer, _ = await github.call("POST", path, body, bearer=github.app_jwt())
    return status, answer


async def test_the_app_shows_itself_to_its_jwt(github: StandIn) -> None:
    status, app, _ = await github.call("GET", "/app", bearer=github.app_jwt())
    assert (status, app["slug"], app["id"]) == (200, "signalbox", github.info["app_id"])
    status, one, _ = await github.call("GET", "/repos/octo/demo/installation", bearer=github.app_jwt())
    assert (status, one["id"]) == (200, github.info["installation_id"])
    _, many, _ = await github.call("GET", "/app/installations", bearer=github.app_jwt())
    assert [one["id"] for one in many] == [github.info["installation_id"]]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 10},
        {"exp": int(time.time()) + 3600},
        {"iat": int(time.time()) + 600},
        {"iss": "999999"},
    ],
)
async def test_a_wrong_jwt_is_refused(github: StandIn, claims: Json) -> None:
    assert (await github.call("GET", "/app", bearer=signed(github, **claims)))[0] == 401


async def test_a_jwt_by_another_key_is_refused(github: StandIn) -> None:
    whole = {"iat": int(time.time()) - 60, "exp": int(time.time()) + 300, "iss": str(github.info["app_id"])}
    key = (Path(github.info["private_key_file"]).parent / "ci.private-key.pem").read_text()
    assert (await github.call("GET", "/app", bearer=jwt.encode(whole, key, "RS256")))[0] == 401


async def test_a_token_is_opaque_long_and_carries_the_permissions(github: StandIn) -> None:
    status, token = await mint(github, {})
    assert status == 201
    assert token["token"].startswith(f"ghs_{github.info['app_id']}_")
    assert len(token["token"]) > 200
    assert token["permissions"]["checks"] == "write"
    assert token["repository_selection"] == "all"


async def test_a_token_may_have_fewer_rights_and_repositories(github: StandIn) -> None:
    await github.call("POST", "/user/repos", {"name": "second", "auto_init": True})
    status, token = await mint(github, {"repositories": ["second"], "permissions": {"issues": "read"}})
    assert status == 201
    bearer = token["token"]
    for path, expected in (("octo/demo", 403), ("octo/second", 403)):
        status, answer, _ = await github.call("POST", f"/repos/{path}/issues", {"title": "x"}, bearer=bearer)
        assert (status, answer["message"]) == (expected, "Resource not accessible by integration")
    _, listed, _ = await github.call("GET", "/installation/repositories", bearer=bearer)
    assert [repo["name"] for repo in listed["repositories"]] == ["second"]


@pytest.mark.parametrize("body", [{"permissions": {"administration": "write"}}, {"repositories": ["none"]}])
async def test_more_than_was_granted_is_refused(github: StandIn, body: Json) -> None:
    assert (await mint(github, body))[0] == 422


async def test_a_token_ends_after_an_hour_or_when_revoked(github: StandIn) -> None:
    _, token = await mint(github, {})
    assert (await github.call("DELETE", "/installation/token", bearer=token["token"]))[0] == 204
    assert (await github.call("GET", "/installation/repositories", bearer=token["token"]))[0] == 401
    _, token = await mint(github, {})
    await github.call("POST", "/_sandbox/clock", {"seconds": 3601})
    status, answer, _ = await github.call("GET", "/installation/repositories", bearer=token["token"])
    assert (status, answer["message"]) == (401, "Bad credentials")


async def test_a_missing_app_permission_is_named_in_githubs_words(github: StandIn) -> None:
    status, answer, _ = await github.call("POST", "/repos/octo/demo/issues", {"title": "x"}, who="ci")
    assert (status, answer["message"]) == (403, "Resource not accessible by integration")


@pytest.mark.parametrize(
    ("login", "role", "legacy"),
    [("ada", "admin", "admin"), ("mia", "maintain", "write"), ("wim", "write", "write"), ("otto", "read", "read")],
)
async def test_roles_are_told_in_both_forms(github: StandIn, login: str, role: str, legacy: str) -> None:
    answer = await github.rest("GET", f"/collaborators/{login}/permission", who="app")
    assert (answer["role_name"], answer["permission"]) == (role, legacy)


async def test_a_private_repository_does_not_exist_for_strangers(github: StandIn) -> None:
    await github.rest("PATCH", "", {"private": True})
    assert (await github.call("GET", "/repos/octo/demo", who="otto"))[0] == 404
    assert (await github.call("GET", "/repos/octo/demo", who="nobody"))[0] == 404
    assert (await github.call("GET", "/repos/octo/demo", who="rita"))[0] == 200
    assert (await github.call("GET", "/repos/octo/demo/collaborators/otto/permission", who="app"))[0] == 404


async def test_nobody_reads_but_does_not_write(github: StandIn) -> None:
    assert (await github.call("GET", "/repos/octo/demo", who="nobody"))[0] == 200
    assert (await github.call("POST", "/repos/octo/demo/issues", {"title": "x"}, who="nobody"))[0] == 401
    assert (await github.call("GET", "/user", bearer="ghp_wrong"))[0] == 401
    assert (await github.call("GET", "/user"))[1]["login"] == "ada"


async def test_basic_credentials_are_a_token_too(github: StandIn) -> None:
    raw = base64.b64encode(f"x-access-token:{github.token('wim')}".encode()).decode()
    url = github.info["api_url"] + "/user"
    async with github.http.get(url, headers={"Authorization": f"Basic {raw}"}) as response:
        assert (await response.json())["login"] == "wim"
    async with github.http.get(url, headers={"Authorization": "Basic %%%"}) as response:
        assert response.status == 401


async def test_an_archived_repository_is_read_only(github: StandIn) -> None:
    await github.rest("PATCH", "", {"archived": True})
    status, answer, _ = await github.call("POST", "/repos/octo/demo/issues", {"title": "x"})
    assert (status, answer["message"]) == (403, "Repository was archived so is read-only.")


async def test_people_are_given_and_lose_roles(github: StandIn) -> None:
    await github.rest("PUT", "/collaborators/otto", {"permission": "triage"})
    assert (await github.rest("GET", "/collaborators/otto/permission"))["permission"] == "read"
    await github.rest("DELETE", "/collaborators/otto")
    assert (await github.call("GET", "/repos/octo/demo/collaborators/otto"))[0] == 404
    assert (await github.call("PUT", "/repos/octo/demo/collaborators/otto", {}, who="wim"))[0] == 403
