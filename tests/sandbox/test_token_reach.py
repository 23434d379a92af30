"""A token of one repository is a stranger in every other one, by REST and by GraphQL; a permission it lacks is refused."""

from tests.sandbox.stand_in import Json, StandIn

ISSUE = 'query($owner: String!) { repository(owner: $owner, name: "second") { issue(number: 1) { id title } } }'
NODE = "query($id: ID!) { node(id: $id) { ... on Issue { title } } }"
COMMENT = 'mutation($id: ID!) { addComment(input: {subjectId: $id, body: "x"}) { clientMutationId } }'


async def ask(github: StandIn, bearer: str, query: str, **variables: Json) -> Json:
    headers = {"Authorization": f"bearer {bearer}"}
    body = {"query": query, "variables": variables}
    async with github.http.post(github.info["graphql_url"], json=body, headers=headers) as response:
        return await response.json()


async def mint(github: StandIn, **wanted: Json) -> str:
    path = f"/app/installations/{github.info['installation_id']}/access_tokens"
    status, answer, _ = await github.call("POST", path, wanted, bearer=github.app_jwt())
    assert status == 201, answer
    return str(answer["token"])


async def test_a_token_of_one_repository_sees_nothing_of_a_private_other(github: StandIn) -> None:
    await github.call("POST", "/user/repos", {"name": "second", "auto_init": True, "private": True})
    await github.call("POST", "/repos/octo/second/issues", {"title": "Hidden"})
    wide = await mint(github)
    issue = (await ask(github, wide, ISSUE, owner="octo"))["data"]["repository"]["issue"]
    narrow = await mint(github, repositories=["demo"])
    for path in ("", "/issues/1", "/contents/README.md", "/collaborators/ada/permission", "/commits/main/check-runs"):
        assert (await github.call("GET", f"/repos/octo/second{path}", bearer=narrow))[0] == 404, path
    seen = await ask(github, narrow, ISSUE, owner="octo")
    assert (seen["data"]["repository"], seen["errors"][0]["type"]) == (None, "NOT_FOUND")
    for query in (NODE, COMMENT):
        answer = await ask(github, narrow, query, id=issue["id"])
        assert answer["errors"][0]["type"] == "NOT_FOUND", query
        assert "Hidden" not in str(answer)
    assert (await github.rest("GET", "//repos/octo/second/issues/1/comments")) == []


async def test_a_permission_that_a_token_lacks_is_refused_by_rest_and_graphql(github: StandIn) -> None:
    issue = await github.rest("POST", "/issues", {"title": "A plan"})
    readonly = await mint(github, repositories=["demo"], permissions={"issues": "read", "contents": "read"})
    assert (await github.call("GET", "/repos/octo/demo/issues/1", bearer=readonly))[0] == 200
    for path, body in (
        ("/issues/1/comments", {"body": "x"}),
        ("/git/refs", {"ref": "refs/heads/x", "sha": await github.head()}),
        ("/check-runs", {"name": "signalbox", "head_sha": await github.head()}),
    ):
        status, answer, _ = await github.call("POST", f"/repos/octo/demo{path}", body, bearer=readonly)
        assert (status, answer["message"]) == (403, "Resource not accessible by integration"), path
    answer = await ask(github, readonly, COMMENT, id=issue["node_id"])
    assert answer["errors"][0]["type"] == "FORBIDDEN"
    assert await github.rest("GET", "/issues/1/comments") == []
