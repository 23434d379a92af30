"""REST: pull requests, reviews, merging, updating the head branch."""

from aiohttp import web

from sandbox.errors import ApiError
from sandbox.model import Pull, Review
from sandbox.operations import merging, pulls, reviews
from sandbox.operations.access import require
from sandbox.rest.call import Call, answer, found, nothing
from sandbox.shapes.accounts import user_shape
from sandbox.shapes.git import commit_shape, file_shape
from sandbox.shapes.repositories import repository_api
from sandbox.shapes.threads import pull_shape, review_shape, simple_pull_shape

routes = web.RouteTableDef()
PULLS = "/repos/{owner}/{repo}/pulls"
PULL = PULLS + "/{number:\\d+}"
COMMIT_LIMIT, FILE_LIMIT = 250, 3000  # docs.github.com/rest/pulls/pulls


async def _whole(call: Call, pull: Pull) -> dict[str, object]:
    state = await merging.merge_state(call.world, call.repo, pull)
    trial = await merging.trial_merge(call.world, call.repo, pull, state)
    shape = await pull_shape(call.world, pull, state)
    return shape | {"merge_commit_sha": trial or pull.merge_commit_sha}


@routes.post(PULLS)
async def create(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("head", "base")
    if body.get("title") is None and body.get("issue") is None:
        raise ApiError(422, 'Invalid request.\n\n"title" wasn\'t supplied.')
    pull = await pulls.create_pull(
        call.world,
        call.actor,
        call.repo,
        title=str(body.get("title") or ""),
        head=str(body["head"]),
        base=str(body["base"]),
        body=body.get("body"),
        draft=bool(body.get("draft")),
        maintainer_can_modify=bool(body.get("maintainer_can_modify", True)),
    )
    shape = await pull_shape(call.world, pull)
    return answer(shape, 201, {"Location": f"{repository_api(call.world, call.repo)}/pulls/{pull.number}"})


def _head_owner(call: Call, pull: Pull) -> str:
    return call.world.owner(call.world.head_repository(pull)).login.lower()


@routes.get(PULLS)
async def list_pulls(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "pull_requests:read")
    state, head, base = call.query("state", "open"), call.query("head"), call.query("base")
    owner, _, branch = head.rpartition(":")
    listing = [
        pull
        for pull in call.world.pulls_of(call.repo)
        if state in ("all", pull.state)
        and base in ("", pull.base_ref)
        and (not head or (pull.head_ref == branch and owner.lower() in ("", _head_owner(call, pull))))
    ]
    by_update = call.query("sort", "created") == "updated"
    listing.sort(key=lambda one: (one.updated_at if by_update else one.created_at, one.number))
    if call.query("direction", "asc" if call.query("sort") not in ("", "created") else "desc") == "desc":
        listing.reverse()
    page, headers = call.page(listing)
    return answer([simple_pull_shape(call.world, pull) for pull in page], headers=headers)


@routes.get(PULL)
async def get(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "pull_requests:read")
    return answer(await _whole(call, call.pull()))


@routes.patch(PULL)
async def update(request: web.Request) -> web.Response:
    call = Call(request)
    pull = await pulls.update_pull(call.world, call.actor, call.repo, call.pull(), await call.body())
    return answer(await _whole(call, pull))


@routes.get(PULL + "/files")
async def files(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "pull_requests:read")
    pull = call.pull()
    changes = await call.git.changes(pull.base_sha, pull.head_sha)
    page, headers = call.page(changes[:FILE_LIMIT])
    return answer([file_shape(call.world, call.repo, change, pull.head_sha) for change in page], headers=headers)


@routes.get(PULL + "/commits")
async def commits(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "pull_requests:read")
    pull = call.pull()
    shas = await call.git.commits_between(pull.base_sha, pull.head_sha)
    page, headers = call.page(shas[:COMMIT_LIMIT])
    found_commits = [await call.git.commit(sha) for sha in page]
    return answer([commit_shape(call.world, call.repo, commit) for commit in found_commits], headers=headers)


@routes.get(PULL + "/merge")
async def is_merged(request: web.Request) -> web.Response:
    call = Call(request)
    if not call.pull().merged:
        raise ApiError(404, "Not Found")
    return nothing()


@routes.put(PULL + "/merge")
async def merge(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body()
    sha = await merging.merge_pull(
        call.world,
        call.actor,
        call.repo,
        call.pull(),
        sha=body.get("sha"),
        method=body.get("merge_method") or "merge",
        title=body.get("commit_title"),
        message=body.get("commit_message"),
    )
    return answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@routes.put(PULL + "/update-branch")
async def update_branch(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body()
    pull = call.pull()
    expected = body.get("expected_head_sha")
    await pulls.update_branch(call.world, call.actor, call.repo, pull, expected_head=expected)
    url = f"{repository_api(call.world, call.repo)}/pulls/{pull.number}"
    return answer({"message": "Updating pull request branch.", "url": url}, 202)


# ---- reviews ----


def _review(call: Call) -> Review:
    review = found(call.world.state.reviews.get(call.number("review_id")))
    return found(review if review.pull_id == call.pull().id else None)


@routes.post(PULL + "/reviews")
async def submit_review(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("event")
    review = await reviews.submit_review(
        call.world,
        call.actor,
        call.repo,
        call.pull(),
        event=str(body["event"]),
        body=body.get("body") or "",
        commit_sha=body.get("commit_id"),
    )
    return answer(review_shape(call.world, review))


@routes.get(PULL + "/reviews")
async def list_reviews(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "pull_requests:read")
    page, headers = call.page(call.world.reviews_of(call.pull()))
    return answer([review_shape(call.world, review) for review in page], headers=headers)


@routes.get(PULL + "/reviews/{review_id:\\d+}")
async def get_review(request: web.Request) -> web.Response:
    call = Call(request)
    return answer(review_shape(call.world, _review(call)))


@routes.put(PULL + "/reviews/{review_id:\\d+}/dismissals")
async def dismiss_review(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("message")
    review = await reviews.dismiss_review(
        call.world, call.actor, call.repo, call.pull(), _review(call), str(body["message"])
    )
    return answer(review_shape(call.world, review))


@routes.get(PULL + "/requested_reviewers")
async def requested_reviewers(request: web.Request) -> web.Response:
    call = Call(request)
    users = [call.world.state.users[user_id] for user_id in call.pull().requested_reviewer_ids]
    return answer({"users": [user_shape(call.world, user) for user in users], "teams": []})


@routes.post(PULL + "/requested_reviewers")
async def request_reviewers(request: web.Request) -> web.Response:
    call = Call(request)
    logins = (await call.body()).get("reviewers") or []
    pull = await pulls.request_reviewers(call.world, call.actor, call.repo, call.pull(), logins)
    return answer(simple_pull_shape(call.world, pull), 201)


@routes.delete(PULL + "/requested_reviewers")
async def remove_reviewers(request: web.Request) -> web.Response:
    call = Call(request)
    logins = (await call.body()).get("reviewers") or []
    pull = await pulls.remove_reviewers(call.world, call.actor, call.repo, call.pull(), logins)
    return answer(simple_pull_shape(call.world, pull))
