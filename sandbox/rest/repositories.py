"""REST: repositories, branches, commits, comparisons, files, people."""

import base64
from typing import Any

from aiohttp import web

from sandbox import genesis
from sandbox.auth import required_user
from sandbox.errors import ApiError, not_found
from sandbox.git_objects import TreeEntry
from sandbox.model import Json, User
from sandbox.operations import branches as branches_of
from sandbox.operations import commits, forks, pulls, repositories, rules
from sandbox.operations.access import require
from sandbox.rest.call import Call, answer, found, nothing
from sandbox.rest.git_data import decode
from sandbox.shapes.accounts import user_shape
from sandbox.shapes.git import commit_shape, file_shape, git_commit_shape
from sandbox.shapes.repositories import full_repository_shape, repository_api, repository_page
from sandbox.shapes.rules import protection_shape
from sandbox.shapes.threads import simple_pull_shape

routes = web.RouteTableDef()
ROOT = "/repos/{owner}/{repo}"
COMPARE_COMMITS, COMPARE_FILES = 250, 300  # docs.github.com/rest/commits/commits
#: GitHub's older `permission` beside `role_name` (docs.github.com/rest/collaborators).
LEGACY = {"maintain": "write", "triage": "read"}


@routes.post("/user/repos")
@routes.post("/orgs/{org}/repos")
async def create(request: web.Request) -> web.Response:
    """Create a repository; both addresses put it under an organization, where the Apps are installed on everything."""
    call = Call(request)
    required_user(request)
    body = await call.body("name")
    owner = found(call.world.user(request.match_info.get("org", genesis.OWNER)))
    repo = await repositories.create_repository(
        call.world,
        call.actor,
        owner,
        name=str(body["name"]),
        auto_init=bool(body.get("auto_init")),
        settings=body,
    )
    shape = full_repository_shape(call.world, repo, call.actor)
    return answer(shape, 201, {"Location": shape["url"]})


@routes.get(ROOT)
async def get(request: web.Request) -> web.Response:
    call = Call(request)
    return answer(full_repository_shape(call.world, call.repo, call.actor))


@routes.patch(ROOT)
async def update(request: web.Request) -> web.Response:
    call = Call(request)
    repo = await repositories.update_repository(call.world, call.actor, call.repo, await call.body())
    return answer(full_repository_shape(call.world, repo, call.actor))


@routes.post(ROOT + "/transfer")
async def transfer(request: web.Request) -> web.Response:
    call = Call(request)
    new_owner = found(call.world.user(str((await call.body("new_owner"))["new_owner"])))
    repo = call.repo
    await repositories.transfer_repository(call.world, call.actor, repo, new_owner)
    return answer(full_repository_shape(call.world, repo, call.actor), 202)


@routes.post(ROOT + "/forks")
async def fork(request: web.Request) -> web.Response:
    call = Call(request)
    copy = await forks.fork(call.world, call.actor, call.repo)
    return answer(full_repository_shape(call.world, copy, call.actor), 202)


# ---- branches and commits ----


def _protected(call: Call, name: str) -> bool:
    return call.world.protection(call.repo, name) is not None or bool(
        rules.rulesets_for(call.world, call.repo, f"refs/heads/{name}")
    )


def _branch_protection(call: Call, name: str) -> Json:
    rule = call.world.protection(call.repo, name)
    checks: Json = protection_shape(call.world, rule).get("required_status_checks", {}) if rule else {}
    short = {"contexts": checks.get("contexts", []), "checks": checks.get("checks", [])}
    level = {"enforcement_level": "everyone" if checks else "off"}
    return {"enabled": rule is not None, "required_status_checks": level | short}


@routes.get(ROOT + "/branches")
async def branches(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    refs = {
        n.removeprefix("refs/heads/"): sha for n, sha in (await call.git.refs()).items() if n.startswith("refs/heads/")
    }
    wanted = call.query("protected")
    listing = [(name, sha) for name, sha in refs.items() if wanted in ("", str(_protected(call, name)).lower())]
    page, headers = call.page(listing)
    api = repository_api(call.world, call.repo)
    shapes = [
        {
            "name": name,
            "commit": {"sha": sha, "url": f"{api}/commits/{sha}"},
            "protected": _protected(call, name),
            "protection": _branch_protection(call, name),
            "protection_url": f"{api}/branches/{name}/protection",
        }
        for name, sha in page
    ]
    return answer(shapes, headers=headers)


@routes.post(ROOT + "/branches/{branch:.+}/rename")
async def rename_branch(request: web.Request) -> web.Response:
    call = Call(request)
    name = str((await call.body("new_name"))["new_name"])
    await branches_of.rename_branch(call.world, call.actor, call.repo, call.part("branch"), name)
    return answer({"name": name}, 201)


@routes.get(ROOT + "/branches/{branch:.+}")
async def branch(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    name = call.part("branch")
    sha = await call.git.branch(name)
    if sha is None:
        raise ApiError(404, "Branch not found")
    url = f"{repository_api(call.world, call.repo)}/branches/{name}"
    shape = {
        "name": name,
        "commit": commit_shape(call.world, call.repo, await call.git.commit(sha)),
        "_links": {"self": url, "html": f"{repository_page(call.world, call.repo)}/tree/{name}"},
        "protected": _protected(call, name),
        "protection": _branch_protection(call, name),
        "protection_url": f"{url}/protection",
    }
    return answer(shape)


@routes.get(ROOT + "/commits")
async def list_commits(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    sha = await call.git.resolve(call.query("sha") or call.repo.default_branch)
    if sha is None:
        raise ApiError(409, "Git Repository is empty.") if not call.query("sha") else not_found()
    page, headers = call.page(await call.git.history(sha, path=call.query("path") or None))
    shapes = [commit_shape(call.world, call.repo, await call.git.commit(one)) for one in page]
    return answer(shapes, headers=headers)


@routes.get(ROOT + "/commits/{ref:.+}/pulls")
async def pulls_of_commit(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "pull_requests:read")
    sha = await call.commit_sha()
    found_pulls = [one for one in call.world.pulls_of(call.repo) if await pulls.holds(call.world, call.repo, one, sha)]
    return answer([simple_pull_shape(call.world, pull) for pull in found_pulls])


@routes.get(ROOT + "/commits/{ref:.+}")
async def get_commit(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    commit = await call.git.commit(await call.commit_sha())
    changes = await call.git.diff(commit.parents[0], commit.sha) if commit.parents else []
    additions, deletions = sum(one.additions for one in changes), sum(one.deletions for one in changes)
    shape = commit_shape(call.world, call.repo, commit) | {
        "stats": {"total": additions + deletions, "additions": additions, "deletions": deletions},
        "files": [file_shape(call.world, call.repo, change, commit.sha) for change in changes[:COMPARE_FILES]],
    }
    return answer(shape)


@routes.get(ROOT + "/compare/{basehead:.+}")
async def compare(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    base_name, dots, head_name = call.part("basehead").partition("...")
    base = await call.git.resolve(base_name.rpartition(":")[2])
    head = await call.git.resolve(head_name.rpartition(":")[2])
    if not dots or base is None or head is None:
        raise not_found()
    merge_base = found(await call.git.merge_base(base, head))
    ahead, behind = await call.git.ahead_behind(base, head)
    status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    shas = (await call.git.commits_between(base, head))[:COMPARE_COMMITS]
    page, headers = call.page(shas) if "page" in request.query or "per_page" in request.query else (shas, {})
    changes = (await call.git.changes(base, head))[:COMPARE_FILES] if call.query("page", "1") == "1" else []
    api, page_url = repository_api(call.world, call.repo), repository_page(call.world, call.repo)
    span, html = f"{base_name}...{head_name}", f"{page_url}/compare/{base_name}...{head_name}"
    git, world, repo = call.git, call.world, call.repo
    shape = {
        "url": f"{api}/compare/{span}",
        "html_url": html,
        "permalink_url": f"{page_url}/compare/{base[:12]}...{head[:12]}",
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": commit_shape(world, repo, await git.commit(base)),
        "merge_base_commit": commit_shape(world, repo, await git.commit(merge_base)),
        "status": status,
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [commit_shape(world, repo, await git.commit(sha)) for sha in page],
        "files": [file_shape(world, repo, change, head) for change in changes],
    }
    return answer(shape, headers=headers)


# ---- files ----


async def _content(call: Call, entry: TreeEntry, ref: str, *, with_data: bool) -> Json:
    api, page = repository_api(call.world, call.repo), repository_page(call.world, call.repo)
    kind = {"tree": "dir", "blob": "file"}.get(entry.type, "submodule")
    url = f"{api}/contents/{entry.path}?ref={ref}"
    folder = "trees" if entry.type == "tree" else "blobs"
    html = f"{page}/{'tree' if entry.type == 'tree' else 'blob'}/{ref}/{entry.path}"
    git_url = f"{api}/git/{folder}/{entry.sha}"
    shape: dict[str, Any] = {
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": await call.git.size(entry.sha) if entry.type == "blob" else 0,
        "url": url,
        "html_url": html,
        "git_url": git_url,
        "download_url": f"{page}/raw/{ref}/{entry.path}" if entry.type == "blob" else None,
        "type": kind,
        "_links": {"self": url, "git": git_url, "html": html},
    }
    if with_data and entry.type == "blob":
        data = await call.git.blob(entry.sha)
        shape |= {"content": base64.encodebytes(data).decode(), "encoding": "base64"}
    return shape


@routes.get(ROOT + "/contents")
@routes.get(ROOT + "/contents/{path:.*}")
async def get_contents(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:read")
    ref = call.query("ref") or call.repo.default_branch
    sha = await call.git.resolve(ref)
    if sha is None:
        missing = "This repository is empty." if not await call.git.refs() else f"No commit found for the ref {ref}"
        raise ApiError(404, missing)
    path = request.match_info.get("path", "")
    entry = found(await call.git.entry(sha, path))
    if entry.type == "tree":
        prefix = f"{entry.path}/" if entry.path else ""
        inner = [TreeEntry(e.mode, e.type, e.sha, prefix + e.path) for e in await call.git.tree(entry.sha)]
        return answer([await _content(call, one, ref, with_data=False) for one in inner])
    if "raw" in request.headers.get("Accept", ""):
        return web.Response(body=await call.git.blob(entry.sha), content_type="application/vnd.github.raw+json")
    return answer(await _content(call, entry, ref, with_data=True))


async def _expect_blob(call: Call, branch_name: str, path: str, given: str | None) -> bool:
    """Check the blob sha of an update or deletion; return whether the file was there."""
    tip = await call.git.branch(branch_name)
    known = await call.git.entry(tip, path) if tip else None
    if known and not given:
        raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if known and given != known.sha:
        raise ApiError(409, f"{path} does not match {given}")
    return known is not None


async def _commit_answer(call: Call, sha: str, path: str, ref: str, status: int) -> web.Response:
    commit = await call.git.commit(sha)
    entry = await call.git.entry(sha, path)
    content = await _content(call, entry, ref, with_data=False) if entry else None
    return answer({"content": content, "commit": git_commit_shape(call.world, call.repo, commit)}, status)


@routes.put(ROOT + "/contents/{path:.+}")
async def put_contents(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:write")
    body = await call.body("message", "content")
    path, ref = call.part("path"), body.get("branch") or call.repo.default_branch
    known = await _expect_blob(call, ref, path, body.get("sha"))
    sha = await commits.commit_files(
        call.world,
        call.actor,
        call.repo,
        branch=ref,
        message=str(body["message"]),
        additions={path: decode(str(body["content"]))},
    )
    return await _commit_answer(call, sha, path, ref, 200 if known else 201)


@routes.delete(ROOT + "/contents/{path:.+}")
async def delete_contents(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "contents:write")
    body = await call.body("message", "sha")
    path, ref = call.part("path"), body.get("branch") or call.repo.default_branch
    if not await _expect_blob(call, ref, path, body.get("sha")):
        raise not_found()
    sha = await commits.commit_files(
        call.world,
        call.actor,
        call.repo,
        branch=ref,
        message=str(body["message"]),
        additions={},
        deletions=[path],
    )
    return await _commit_answer(call, sha, path, ref, 200)


# ---- people ----


def _person(call: Call) -> User:
    user = call.world.user(call.part("login"))
    if user is None:
        raise ApiError(404, f"{call.part('login')} is not a user")
    return user


@routes.get(ROOT + "/collaborators/{login}/permission")
async def permission(request: web.Request) -> web.Response:
    call = Call(request)
    required_user(request)
    require(call.actor, call.repo, "metadata:read")
    user = _person(call)
    role = call.world.role(call.repo, user)
    if role == "none":
        raise not_found()
    ranks = ("read", "triage", "write", "maintain", "admin")
    flags = dict(
        zip(
            ("pull", "triage", "push", "maintain", "admin"),
            (r in ranks[: ranks.index(role) + 1] for r in ranks),
            strict=True,
        )
    )
    shape = user_shape(call.world, user) | {"permissions": flags, "role_name": role}
    return answer({"permission": LEGACY.get(role, role), "role_name": role, "user": shape})


@routes.get(ROOT + "/collaborators/{login}")
async def is_collaborator(request: web.Request) -> web.Response:
    call = Call(request)
    if _person(call).id not in call.repo.collaborators:
        raise not_found()
    return nothing()


@routes.put(ROOT + "/collaborators/{login}")
async def set_collaborator(request: web.Request) -> web.Response:
    call = Call(request)
    wanted = str((await call.body()).get("permission") or "push")
    await repositories.set_collaborator(call.world, call.actor, call.repo, _person(call), wanted)
    return nothing()


@routes.delete(ROOT + "/collaborators/{login}")
async def remove_collaborator(request: web.Request) -> web.Response:
    call = Call(request)
    await repositories.remove_collaborator(call.world, call.actor, call.repo, _person(call))
    return nothing()
