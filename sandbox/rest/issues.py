"""REST: issues, comments, labels, assignees, reactions."""

from datetime import datetime

from aiohttp import web

from sandbox.errors import ApiError
from sandbox.model import Comment, Issue, Label, Pull
from sandbox.operations import comments, issues, labels, reactions
from sandbox.operations.access import require
from sandbox.rest.call import Call, answer, found, nothing
from sandbox.shapes.repositories import label_shape
from sandbox.shapes.threads import comment_shape, full_issue_shape, reaction_shape

routes = web.RouteTableDef()
ROOT = "/repos/{owner}/{repo}"
ISSUE = ROOT + "/issues/{number:\\d+}"
COMMENT = ROOT + "/issues/comments/{comment_id:\\d+}"


def _since(call: Call) -> datetime | None:
    text = call.query("since")
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise ApiError(422, "Invalid since") from error


def _comment(call: Call) -> Comment:
    comment = found(call.world.state.comments.get(call.number("comment_id")))
    return found(comment if comment.repository_id == call.repo.id else None)


def _label(call: Call) -> Label:
    return found(call.world.label(call.repo, call.part("name")))


@routes.post(ROOT + "/issues")
async def create(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("title")
    named = [one["name"] if isinstance(one, dict) else one for one in body.get("labels") or []]
    people = body.get("assignees") or []
    issue = await issues.create_issue(
        call.world,
        call.actor,
        call.repo,
        title=str(body["title"]),
        body=body.get("body"),
        labels=named,
        assignees=people,
    )
    shape = full_issue_shape(call.world, issue)
    return answer(shape, 201, {"Location": shape["url"]})


@routes.get(ROOT + "/issues")
async def list_issues(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "issues:read|pull_requests:read")
    state, since = call.query("state", "open"), _since(call)
    wanted = {name.lower() for name in call.query("labels").split(",") if name}

    def matches(thread: Issue) -> bool:
        names = {label.name.lower() for label in call.world.labels_of(thread)}
        fresh = since is None or thread.updated_at >= since
        author = call.query("creator")
        mine = not author or call.world.author(thread).login.lower() == author.lower()
        return state in ("all", thread.state) and wanted <= names and fresh and mine

    threads = [thread for thread in call.world.threads_of(call.repo) if matches(thread)]
    by_update = call.query("sort") == "updated"
    threads.sort(key=lambda one: (one.updated_at if by_update else one.created_at, one.number))
    if call.query("direction", "desc") != "asc":
        threads.reverse()
    page, headers = call.page(threads)
    return answer([full_issue_shape(call.world, thread) for thread in page], headers=headers)


@routes.get(ISSUE)
async def get(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "issues:read|pull_requests:read")
    return answer(full_issue_shape(call.world, call.thread()))


@routes.patch(ISSUE)
async def update(request: web.Request) -> web.Response:
    call = Call(request)
    thread = await issues.update_issue(call.world, call.actor, call.repo, call.thread(), await call.body())
    return answer(full_issue_shape(call.world, thread))


@routes.post(ISSUE + "/assignees")
async def add_assignees(request: web.Request) -> web.Response:
    call = Call(request)
    logins = (await call.body()).get("assignees") or []
    names = [one["login"] if isinstance(one, dict) else one for one in logins]
    await issues.add_assignees(call.world, call.actor, call.repo, call.thread(), names)
    return answer(full_issue_shape(call.world, call.thread()), 201)


@routes.delete(ISSUE + "/assignees")
async def remove_assignees(request: web.Request) -> web.Response:
    call = Call(request)
    logins = (await call.body()).get("assignees") or []
    await issues.remove_assignees(call.world, call.actor, call.repo, call.thread(), logins)
    return answer(full_issue_shape(call.world, call.thread()))


# ---- comments ----


@routes.get(ISSUE + "/comments")
async def list_comments(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "issues:read|pull_requests:read")
    since = _since(call)
    listing = [one for one in call.world.comments_of(call.thread()) if since is None or one.updated_at >= since]
    page, headers = call.page(listing)
    return answer([comment_shape(call.world, one) for one in page], headers=headers)


@routes.get(ROOT + "/issues/comments")
async def list_all_comments(request: web.Request) -> web.Response:
    call = Call(request)
    repo, since = call.repo, _since(call)
    require(call.actor, repo, "issues:read|pull_requests:read")
    listing = [
        one
        for one in call.world.state.comments.values()
        if one.repository_id == repo.id and (since is None or one.updated_at >= since)
    ]
    if call.query("sort") == "updated":
        listing.sort(key=lambda one: (one.updated_at, one.id))
    if call.query("direction") == "desc":
        listing.reverse()
    page, headers = call.page(listing)
    return answer([comment_shape(call.world, one) for one in page], headers=headers)


@routes.post(ISSUE + "/comments")
async def create_comment(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("body")
    comment = await comments.add_comment(call.world, call.actor, call.repo, call.thread(), str(body["body"]))
    shape = comment_shape(call.world, comment)
    return answer(shape, 201, {"Location": shape["url"]})


@routes.get(COMMENT)
async def get_comment(request: web.Request) -> web.Response:
    call = Call(request)
    require(call.actor, call.repo, "issues:read|pull_requests:read")
    return answer(comment_shape(call.world, _comment(call)))


@routes.patch(COMMENT)
async def update_comment(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("body")
    comment = await comments.edit_comment(call.world, call.actor, call.repo, _comment(call), str(body["body"]))
    return answer(comment_shape(call.world, comment))


@routes.delete(COMMENT)
async def delete_comment(request: web.Request) -> web.Response:
    call = Call(request)
    await comments.delete_comment(call.world, call.actor, call.repo, _comment(call))
    return nothing()


# ---- labels ----


@routes.get(ROOT + "/labels")
async def list_labels(request: web.Request) -> web.Response:
    call = Call(request)
    page, headers = call.page(call.world.repository_labels(call.repo))
    return answer([label_shape(call.world, label) for label in page], headers=headers)


@routes.post(ROOT + "/labels")
async def create_label(request: web.Request) -> web.Response:
    call = Call(request)
    body = await call.body("name")
    color, description = body.get("color"), body.get("description")
    label = await labels.create_label(
        call.world, call.actor, call.repo, name=str(body["name"]), color=color, description=description
    )
    shape = label_shape(call.world, label)
    return answer(shape, 201, {"Location": shape["url"]})


@routes.get(ROOT + "/labels/{name}")
async def get_label(request: web.Request) -> web.Response:
    call = Call(request)
    return answer(label_shape(call.world, _label(call)))


@routes.patch(ROOT + "/labels/{name}")
async def update_label(request: web.Request) -> web.Response:
    call = Call(request)
    label = await labels.update_label(call.world, call.actor, call.repo, _label(call), await call.body())
    return answer(label_shape(call.world, label))


@routes.delete(ROOT + "/labels/{name}")
async def delete_label(request: web.Request) -> web.Response:
    call = Call(request)
    await labels.delete_label(call.world, call.actor, call.repo, _label(call))
    return nothing()


def _labels_answer(call: Call) -> web.Response:
    return answer([label_shape(call.world, label) for label in call.world.labels_of(call.thread())])


async def _names(call: Call) -> list[str]:
    """Return the label names of a body; GitHub takes an object with `labels` or a bare list."""
    text = await call.request.text()
    body = await call.request.json() if text else {}
    named = body.get("labels", []) if isinstance(body, dict) else body
    if not isinstance(named, list):
        raise ApiError(422, "Invalid request.\n\nlabels must be an array.")
    return [one["name"] if isinstance(one, dict) else one for one in named]


@routes.get(ISSUE + "/labels")
async def labels_on(request: web.Request) -> web.Response:
    return _labels_answer(Call(request))


@routes.post(ISSUE + "/labels")
async def add_labels(request: web.Request) -> web.Response:
    call = Call(request)
    await labels.add_labels(call.world, call.actor, call.repo, call.thread(), await _names(call))
    return _labels_answer(call)


@routes.put(ISSUE + "/labels")
async def set_labels(request: web.Request) -> web.Response:
    call = Call(request)
    await labels.set_labels(call.world, call.actor, call.repo, call.thread(), await _names(call))
    return _labels_answer(call)


@routes.delete(ISSUE + "/labels")
async def clear_labels(request: web.Request) -> web.Response:
    call = Call(request)
    await labels.set_labels(call.world, call.actor, call.repo, call.thread(), [])
    return nothing()


@routes.delete(ISSUE + "/labels/{name}")
async def remove_label(request: web.Request) -> web.Response:
    call = Call(request)
    await labels.remove_label(call.world, call.actor, call.repo, call.thread(), call.part("name"))
    return _labels_answer(call)


# ---- reactions ----


def _subject(call: Call) -> Issue | Pull | Comment:
    return _comment(call) if "comment_id" in call.request.match_info else call.thread()


async def create_reaction(request: web.Request) -> web.Response:
    call = Call(request)
    content = str((await call.body("content"))["content"])
    reaction, new = await reactions.add_reaction(call.world, call.actor, call.repo, _subject(call), content)
    return answer(reaction_shape(call.world, reaction), 201 if new else 200)


async def list_reactions(request: web.Request) -> web.Response:
    call = Call(request)
    content = call.query("content")
    listing = [one for one in call.world.reactions_of(_subject(call)) if content in ("", one.content)]
    page, headers = call.page(listing)
    return answer([reaction_shape(call.world, one) for one in page], headers=headers)


async def delete_reaction(request: web.Request) -> web.Response:
    call = Call(request)
    reaction = found(call.world.state.reactions.get(call.number("reaction_id")))
    await reactions.remove_reaction(call.world, call.actor, call.repo, _subject(call), reaction)
    return nothing()


for _path in (ISSUE, COMMENT):
    routes.post(_path + "/reactions")(create_reaction)
    routes.get(_path + "/reactions")(list_reactions)
    routes.delete(_path + "/reactions/{reaction_id:\\d+}")(delete_reaction)
