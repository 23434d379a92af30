"""REST of refs, commits, trees, blobs, tags, files, comparisons and merges of branches."""

import base64

from tests.sandbox.stand_in import StandIn

ROOT = "/repos/octo/demo"


async def test_refs_are_made_listed_moved_and_deleted(github: StandIn) -> None:
    tip = await github.head()
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/signalbox/w1", "sha": tip}, who="app")
    await github.rest("POST", "/git/refs", {"ref": "refs/tags/signalbox/1/cp-0", "sha": tip}, who="app")
    listed = await github.rest("GET", "/git/matching-refs/heads/signalbox/")
    assert [ref["ref"] for ref in listed] == ["refs/heads/signalbox/w1"]
    new = await github.write("signalbox/w1", "a.txt", "a\n")
    status, answer, _ = await github.call("PATCH", f"{ROOT}/git/refs/heads/signalbox/w1", {"sha": tip})
    assert (status, answer["message"]) == (422, "Update is not a fast forward")
    await github.rest("PATCH", "/git/refs/heads/signalbox/w1", {"sha": tip, "force": True})
    await github.rest("PATCH", "/git/refs/heads/signalbox/w1", {"sha": new})
    assert (await github.call("DELETE", f"{ROOT}/git/refs/heads/signalbox/w1"))[0] == 204
    assert (await github.call("GET", f"{ROOT}/git/ref/heads/signalbox/w1"))[0] == 404


async def test_refs_that_cannot_be_are_refused(github: StandIn) -> None:
    tip = await github.head()
    for name, sha, message in (
        ("refs/heads/main", tip, "Reference already exists"),
        ("heads/x", tip, "Reference name must start with 'refs/' and have at least two slashes."),
        ("refs/heads/x", "1" * 40, "Object does not exist"),
        ("refs/heads/main/below", tip, "refs/heads/main/below is not a valid ref name."),
        ("refs/heads/bad..name", tip, "refs/heads/bad..name is not a valid ref name."),
    ):
        status, answer, _ = await github.call("POST", f"{ROOT}/git/refs", {"ref": name, "sha": sha})
        assert (status, answer["message"]) == (422, message)
    assert (await github.call("DELETE", f"{ROOT}/git/refs/heads/main"))[0] == 422
    assert (await github.call("DELETE", f"{ROOT}/git/refs/heads/none"))[0] == 422


async def test_a_commit_is_built_from_blob_and_tree(github: StandIn) -> None:
    tip = await github.head()
    blob = await github.rest(
        "POST", "/git/blobs", {"content": base64.b64encode(b"\x00\xff").decode(), "encoding": "base64"}
    )
    tree = await github.rest(
        "POST",
        "/git/trees",
        {
            "base_tree": tip,
            "tree": [
                {"path": "dir/data.bin", "mode": "100644", "type": "blob", "sha": blob["sha"]},
                {"path": "run.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\n"},
                {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
            ],
        },
    )
    commit = await github.rest("POST", "/git/commits", {"message": "m", "tree": tree["sha"], "parents": [tip]})
    read = await github.rest("GET", f"/git/trees/{commit['sha']}?recursive=1")
    assert [(one["path"], one["mode"]) for one in read["tree"]] == [
        ("dir", "040000"),
        ("dir/data.bin", "100644"),
        ("run.sh", "100755"),
    ]
    data = await github.rest("GET", f"/git/blobs/{blob['sha']}")
    assert base64.b64decode(data["content"]) == b"\x00\xff"


async def test_the_tree_of_an_old_commit_can_be_restored(github: StandIn) -> None:
    before = await github.head()
    old_tree = (await github.rest("GET", f"/git/commits/{before}"))["tree"]["sha"]
    now = await github.write("main", "bad.txt", "x\n")
    body = {"message": "Restore", "tree": old_tree, "parents": [now]}
    commit = await github.rest("POST", "/git/commits", body, who="app")
    await github.rest("PATCH", "/git/refs/heads/main", {"sha": commit["sha"]}, who="app")
    assert (await github.call("GET", f"{ROOT}/contents/bad.txt"))[0] == 404


async def test_an_annotated_tag_is_an_object_and_a_ref(github: StandIn) -> None:
    tip = await github.head()
    tag = await github.rest("POST", "/git/tags", {"tag": "v1", "message": "one", "object": tip, "type": "commit"})
    await github.rest("POST", "/git/refs", {"ref": "refs/tags/v1", "sha": tag["sha"]})
    ref = await github.rest("GET", "/git/ref/tags/v1")
    assert ref["object"] == ref["object"] | {"type": "tag", "sha": tag["sha"]}
    assert (await github.rest("GET", f"/git/tags/{tag['sha']}"))["object"]["sha"] == tip
    assert (await github.rest("GET", "/commits/v1"))["sha"] == tip


async def test_branches_merge_as_git_merges_them(github: StandIn) -> None:
    await github.branch_with("a", "same.txt", "a\n")
    await github.branch_with("b", "same.txt", "b\n")
    status, commit, _ = await github.call("POST", f"{ROOT}/merges", {"base": "main", "head": "a"})
    assert status == 201
    assert len(commit["parents"]) == 2
    assert (await github.call("POST", f"{ROOT}/merges", {"base": "main", "head": "a"}))[0] == 204
    status, answer, _ = await github.call("POST", f"{ROOT}/merges", {"base": "main", "head": "b"})
    assert (status, answer["message"]) == (409, "Merge conflict")
    for body, message in (
        ({"base": "none", "head": "a"}, "Base does not exist"),
        ({"base": "main", "head": "none"}, "Head does not exist"),
    ):
        status, answer, _ = await github.call("POST", f"{ROOT}/merges", body)
        assert (status, answer["message"]) == (404, message)


async def test_files_are_written_with_the_blob_that_the_caller_saw(github: StandIn) -> None:
    await github.write("main", "a.txt", "1\n")
    known = await github.rest("GET", "/contents/a.txt")
    content = base64.b64encode(b"2\n").decode()
    path = f"{ROOT}/contents/a.txt"
    status, _, _ = await github.call("PUT", path, {"message": "m", "content": content})
    assert status == 422
    status, answer, _ = await github.call("PUT", path, {"message": "m", "content": content, "sha": "0" * 40})
    assert status == 409
    status, answer, _ = await github.call("PUT", path, {"message": "m", "content": content, "sha": known["sha"]})
    assert status == 200
    listing = await github.rest("GET", "/contents/")
    assert [one["name"] for one in listing] == ["README.md", "a.txt"]
    await github.rest("DELETE", "/contents/a.txt", {"message": "m", "sha": answer["content"]["sha"]})
    assert (await github.call("GET", path))[0] == 404


async def test_two_points_are_compared(github: StandIn) -> None:
    base = await github.head()
    await github.branch_with("w1", "a.txt", "a\n")
    await github.write("main", "b.txt", "b\n")
    compared = await github.rest("GET", "/compare/main...w1")
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("diverged", 1, 1)
    assert [file["filename"] for file in compared["files"]] == ["a.txt"]
    assert compared["merge_base_commit"]["sha"] == base
    assert (await github.rest("GET", f"/compare/{base}...main"))["status"] == "ahead"
    assert (await github.call("GET", f"{ROOT}/compare/main...none"))[0] == 404


async def test_commits_are_listed_newest_first_and_by_path(github: StandIn) -> None:
    await github.write("main", "a.txt", "a\n")
    await github.write("main", "b.txt", "b\n")
    subjects = [one["commit"]["message"] for one in await github.rest("GET", "/commits")]
    assert subjects == ["Write b.txt", "Write a.txt", "Initial commit"]
    assert len(await github.rest("GET", "/commits?path=a.txt")) == 1
    one = await github.rest("GET", "/commits/main")
    assert [file["filename"] for file in one["files"]] == ["b.txt"]


async def test_branches_are_listed_with_their_protection(github: StandIn) -> None:
    await github.rest("POST", "/git/refs", {"ref": "refs/heads/a/b", "sha": await github.head()})
    assert [one["name"] for one in await github.rest("GET", "/branches")] == ["a/b", "main"]
    assert (await github.rest("GET", "/branches/a/b"))["protected"] is False
    status, answer, _ = await github.call("GET", f"{ROOT}/branches/none")
    assert (status, answer["message"]) == (404, "Branch not found")
