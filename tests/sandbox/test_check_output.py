"""What a check run says of itself, read by GraphQL as GitHub shows it: output, annotations, and a run that is gone."""

from typing import Any

from tests.sandbox.stand_in import StandIn

# https://docs.github.com/en/graphql/reference/objects#checkrun and #checkannotation
QUERY = """
query($runs: [ID!]!) { nodes(ids: $runs) { ... on CheckRun {
  id name title summary text detailsUrl permalink
  annotations(first: 2) { totalCount nodes { path annotationLevel title message location { start { line } } } }
} } }"""


def note(line: int, **more: str) -> dict[str, Any]:
    return {
        "path": "shop/a.py", "start_line": line, "end_line": line + 1, "annotation_level": "warning", "message": "m", **more,
    }  # fmt: skip


async def test_output_and_annotations_of_runs_are_read_by_their_ids(github: StandIn) -> None:
    sha = (await github.pull("feat"))["head"]["sha"]
    body = {
        "name": "tests", "head_sha": sha, "status": "completed", "conclusion": "failure",
        "details_url": "https://ci.example/1",
        "output": {
            "title": "1 failed", "summary": "See below", "text": "a\nb",
            "annotations": [note(7, title="test_a", annotation_level="failure"), note(9)],
        },
    }  # fmt: skip
    told = await github.rest("POST", "/check-runs", body, who="ci")
    output = {"title": "1 failed", "summary": "See below", "annotations": [note(11, annotation_level="notice")]}
    await github.rest("PATCH", f"/check-runs/{told['id']}", {"output": output}, who="ci")
    silent = await github.rest("POST", "/check-runs", {"name": "lint", "head_sha": sha, "status": "queued"}, who="ci")
    first, second = (await github.graphql(QUERY, runs=[told["node_id"], silent["node_id"]]))["nodes"]
    assert (first["id"], first["title"], first["summary"], first["text"]) == (
        told["node_id"], "1 failed", "See below", "a\nb",
    )  # fmt: skip
    assert first["detailsUrl"] == "https://ci.example/1"
    assert first["annotations"] == {
        "totalCount": 3,  # those of later requests are added
        "nodes": [
            {
                "path": "shop/a.py", "annotationLevel": "FAILURE", "title": "test_a", "message": "m",
                "location": {"start": {"line": 7}},
            },
            {
                "path": "shop/a.py", "annotationLevel": "WARNING", "title": None, "message": "m",
                "location": {"start": {"line": 9}},
            },
        ],
    }  # fmt: skip
    assert [second[name] for name in ("title", "summary", "text")] == [None, None, None]
    assert second["detailsUrl"] == second["permalink"]
    assert second["annotations"] == {"totalCount": 0, "nodes": []}


async def test_a_run_that_is_gone_is_null_with_an_error_at_its_place(github: StandIn) -> None:
    sha = (await github.pull("feat"))["head"]["sha"]
    run = await github.rest("POST", "/check-runs", {"name": "tests", "head_sha": sha}, who="ci")
    _status, answer, _ = await github.graphql_answer(QUERY, runs=["CR_gone", run["node_id"]])
    assert [node and node["name"] for node in answer["data"]["nodes"]] == [None, "tests"]
    assert [(error["type"], error["path"]) for error in answer["errors"]] == [("NOT_FOUND", ["nodes", 0])]
