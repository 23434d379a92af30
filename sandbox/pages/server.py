"""Mounts the pages: finds what an address names and hands its view to a template; no login, and nothing to submit."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web
from markupsafe import escape

from sandbox.model import Issue, Json, Label, Pull, Repository
from sandbox.operations import pulls, rules
from sandbox.reports import CheckRun
from sandbox.world import World

from . import browse, paths, views
from .markdown import render
from .merge_box import merge_box

HERE = Path(__file__).parent
COMMITS_SHOWN = 15
#: Nothing on a page may run or be loaded from elsewhere, whatever a comment says; pictures may.
POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src * data:; base-uri 'none'; form-action 'none'"

Page = tuple[str, Json]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
View = Callable[[World, Repository, web.Request], Awaitable[Page]]


class MissingError(Exception):
    """The address names nothing."""


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["short_time"] = views.short_time
    return environment


ENVIRONMENT = _environment()


def _answer(template: str, context: Json, status: int = 200) -> web.Response:
    html = ENVIRONMENT.get_template(template).render({"repo": None, "tab": ""} | context)
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8", headers=headers)


def mount(app: web.Application, world: World) -> None:
    """Add the pages to the application, after the API: their addresses are short and would take others in."""

    def of_repository(view: View, tab: str = "code") -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            repo = world.repository(request.match_info["owner"], request.match_info["repo"].removesuffix(".git"))
            if repo is None:
                return _answer("missing.html", {"reason": "There is no such repository here."}, 404)
            head: Json = {"repo": views.repository(world, repo), "tab": tab}
            try:
                template, context = await view(world, repo, request)
            except MissingError as missing:
                return _answer("missing.html", head | {"reason": str(missing)}, 404)
            return _answer(template, head | context)

        return handle

    def of_world(view: Callable[[World, web.Request], Page]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return _answer(*view(world, request))
            except MissingError as missing:
                return _answer("missing.html", {"reason": str(missing)}, 404)

        return handle

    async def draw_avatar(request: web.Request) -> web.StreamResponse:
        return avatar(world, request)

    add = app.router.add_get
    add("/", of_world(home))
    app.router.add_static("/_sandbox/static", HERE / "static")
    add("/_sandbox/avatars/{id}", draw_avatar)
    add("/apps/{slug}", of_world(app_page))
    add("/organizations/{login}/settings/installations/{id}", of_world(installation_page))
    add("/{login}", of_world(account_page))
    root = "/{owner}/{repo}"
    add(root, of_repository(overview))
    add(root + "/issues", of_repository(issue_list, "issues"))
    add(root + "/pulls", of_repository(pull_list, "pulls"))
    add(root + "/labels", of_repository(label_list, "issues"))
    add(root + "/labels/{name:.+}", of_repository(label_page, "issues"))
    add(root + r"/issues/{number:\d+}", of_repository(thread_page, "issues"))
    add(root + r"/pull/{number:\d+}", of_repository(thread_page, "pulls"))
    add(root + r"/pull/{number:\d+}/{part:checks|commits|files}", of_repository(thread_page, "pulls"))
    add(root + r"/runs/{id:\d+}", of_repository(run_page, "pulls"))
    add(root + "/commit/{sha}", of_repository(commit_page, "commits"))
    add(root + "/commit/{sha}/checks", of_repository(commit_page, "commits"))
    add(root + "/commits/{ref:.+}", of_repository(commit_list, "commits"))
    add(root + "/compare/{range:.+}", of_repository(compare_page, "commits"))
    add(root + "/{kind:tree|blob}/{place:.+}", of_repository(tree_page))


# ---- accounts ----


def home(world: World, _request: web.Request) -> Page:
    rows = [
        views.repository(world, repo)
        | {
            "description": repo.description,
            "issues": sum(one.state == "open" for one in world.issues_of(repo)),
            "pulls": sum(one.state == "open" for one in world.pulls_of(repo)),
        }
        for repo in world.repositories()
    ]
    return "home.html", {"repositories": rows}


def account_page(world: World, request: web.Request) -> Page:
    user = world.user(request.match_info["login"])
    if user is None:
        raise MissingError("Nobody here has that name.")
    owned = [world.full_name(repo) for repo in world.repositories() if repo.owner_id == user.id]
    context: Json = {"account": views.person(user), "kind": user.type, "description": user.name, "facts": []}
    return "account.html", context | {"repositories": owned}


def app_page(world: World, request: web.Request) -> Page:
    found = world.app(request.match_info["slug"])
    if found is None:
        raise MissingError("There is no such App.")
    facts = [f"Permission {name}: {level}" for name, level in sorted(found.permissions.items())]
    facts.append(f"Events: {', '.join(found.events) or 'none'}")
    context = {"account": views.app(found), "kind": "GitHub App", "description": found.description, "facts": facts}
    return "account.html", context | {"repositories": []}


def installation_page(world: World, request: web.Request) -> Page:
    number = request.match_info["id"]
    found = world.state.installations.get(int(number)) if number.isdigit() else None
    if found is None:
        raise MissingError("There is no such installation.")
    one = world.state.apps[found.app_id]
    covered = [world.full_name(repo) for repo in world.repositories() if found in world.installations_on(repo)]
    facts = [f"Permission {name}: {level}" for name, level in sorted(found.permissions.items())]
    context = {"account": views.app(one), "kind": "Installation", "description": None, "facts": facts}
    return "account.html", context | {"repositories": covered}


def avatar(world: World, request: web.Request) -> web.StreamResponse:
    """Draw a letter on a colour of its own; this world keeps no pictures."""
    number = request.match_info["id"]
    user = world.state.users.get(int(number)) if number.isdigit() else None
    letter = user.login[0].upper() if user else "?"
    hue = int(number) * 47 % 360 if number.isdigit() else 0
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" viewBox="0 0 40 40">'
        f'<rect width="40" height="40" fill="hsl({hue} 45% 55%)"/><text x="20" y="27" fill="#fff" font-size="20" '
        f'font-family="sans-serif" text-anchor="middle">{escape(letter)}</text></svg>'
    )
    return web.Response(text=svg, content_type="image/svg+xml")


# ---- repository ----


async def overview(world: World, repo: Repository, _request: web.Request) -> Page:
    git = world.git(repo)
    refs = await git.refs()
    tip = refs.get(f"refs/heads/{repo.default_branch}")
    shas = await git.history(tip, COMMITS_SHOWN) if tip else []
    return "repository.html", {
        "description": repo.description,
        "clone_url": f"{world.base_url}/{world.full_name(repo)}.git",
        "default_branch": repo.default_branch,
        "pulls": [views.thread_row(world, one) for one in reversed(world.pulls_of(repo)) if one.state == "open"],
        "issues": [views.thread_row(world, one) for one in reversed(world.issues_of(repo)) if one.state == "open"],
        "commits": [await views.commit_row(world, repo, git, sha) for sha in shas],
        "branches": _named(world, repo, refs, "refs/heads/"),
        "tags": _named(world, repo, refs, "refs/tags/"),
        "rules": _rule_lines(world, repo),
        "labels": [views.label(one) for one in world.repository_labels(repo)],
    }


def _named(world: World, repo: Repository, refs: dict[str, str], prefix: str) -> list[Json]:
    names = [name.removeprefix(prefix) for name in sorted(refs) if name.startswith(prefix)]
    return [{"name": name, "href": paths.of_tree(world, repo, name)} for name in names]


def _rule_lines(world: World, repo: Repository) -> list[str]:
    branch = repo.default_branch
    lines = []
    for check in rules.required_checks(world, repo, branch):
        app = world.state.apps.get(check.app_id or 0)
        lines.append(f"{branch} requires “{check.context}”" + (f" by {app.name}" if app else ""))
    approvals = rules.required_approvals(world, repo, branch)
    if approvals:
        lines.append(f"{branch} requires {approvals} approval" + ("" if approvals == 1 else "s"))
    return lines


async def issue_list(world: World, repo: Repository, _request: web.Request) -> Page:
    return _lists(world, "Issues", world.issues_of(repo))


async def pull_list(world: World, repo: Repository, _request: web.Request) -> Page:
    return _lists(world, "Pull requests", world.pulls_of(repo))


async def label_list(world: World, repo: Repository, _request: web.Request) -> Page:
    rows = [
        views.label(one) | {"href": paths.of_label(world, one), "threads": _carriers(world, repo, one)}
        for one in sorted(world.repository_labels(repo), key=lambda one: one.name.lower())
    ]
    return "labels.html", {"labels": rows}


def _carriers(world: World, repo: Repository, label: Label) -> int:
    """Count the open issues and pulls that have the label, as GitHub's page of labels does."""
    return sum(label.id in one.label_ids for one in world.threads_of(repo) if one.state == "open")


async def label_page(world: World, repo: Repository, request: web.Request) -> Page:
    label = world.label(repo, request.match_info["name"])
    if label is None:
        raise MissingError("There is no such label.")
    return _lists(world, f"Labelled {label.name}", [one for one in world.threads_of(repo) if label.id in one.label_ids])


def _lists(world: World, heading: str, threads: Any) -> Page:
    rows = {
        state: [views.thread_row(world, one) for one in reversed(list(threads)) if one.state == state]
        for state in ("open", "closed")
    }
    return "list.html", {"heading": heading, "groups": [("Open", rows["open"]), ("Closed", rows["closed"])]}


# ---- threads ----


async def thread_page(world: World, repo: Repository, request: web.Request) -> Page:
    """Show an issue or a pull; like GitHub, an issue's address also leads to the pull of that number."""
    thread = world.thread(repo, int(request.match_info["number"]))
    if thread is None:
        raise MissingError("There is no issue or pull request of that number.")
    if isinstance(thread, Pull):
        return await _pull(world, repo, thread, request.query.get("check_run_id"))
    context = {"issue": _thread(world, thread), "timeline": views.timeline(world, repo, thread)}
    return "issue.html", context


def _thread(world: World, thread: Issue) -> Json:
    state, badge = views.thread_state(thread)
    assignees = [views.person(one) for one in world.assignees_of(thread)]
    return views.thread_row(world, thread) | {"state": state, "badge": badge, "assignees": assignees}


async def _pull(world: World, repo: Repository, pull: Pull, selected: str | None) -> Page:
    git = world.git(repo)
    shas = await git.commits_between(pull.base_sha, pull.head_sha)
    newest = {review.author_id: review for review in world.reviews_of(pull)}
    icons = {"APPROVED": "success", "CHANGES_REQUESTED": "failure"}
    reviewers = [
        {
            "author": views.person(world.author(one)),
            "icon": icons.get(one.state, "neutral"),
            "state": one.state.replace("_", " ").lower(),
        }
        for one in newest.values()
    ]
    reviewers += [
        {"author": views.person(world.state.users[one]), "icon": "pending", "state": "was asked"}
        for one in pull.requested_reviewer_ids
    ]
    branches = {
        "head": pull.head_ref,
        "base": pull.base_ref,
        "head_href": paths.of_tree(world, world.head_repository(pull), pull.head_ref),
        "base_href": paths.of_tree(world, repo, pull.base_ref),
    }
    required = rules.required_checks(world, repo, pull.base_ref)
    return "pull.html", {
        "pull": _thread(world, pull) | branches,
        "timeline": views.timeline(world, repo, pull),
        "merge": await merge_box(world, repo, pull),
        "checks": views.check_rows(world, repo, pull.head_sha, required, selected),
        "commits": [await views.commit_row(world, repo, git, sha) for sha in shas],
        "files": await git.changes(pull.base_sha, pull.head_sha),
        "reviewers": reviewers,
        "closes": [views.thread_row(world, one) for one in pulls.closing_issues(world, repo, pull)],
    }


async def run_page(world: World, repo: Repository, request: web.Request) -> Page:
    run: CheckRun | None = world.state.runs.get(int(request.match_info["id"]))
    if run is None or run.repository_id != repo.id:
        raise MissingError("There is no such check run.")
    return "check.html", {"run": views.run(world, run)}


# ---- code ----


async def commit_page(world: World, repo: Repository, request: web.Request) -> Page:
    found = await browse.commit(world, repo, request.match_info["sha"])
    if found is None:
        raise MissingError("There is no such commit.")
    return "commit.html", found | {"checks": views.check_rows(world, repo, found["commit"]["sha"], [])}


async def commit_list(world: World, repo: Repository, request: web.Request) -> Page:
    git, ref = world.git(repo), request.match_info["ref"]
    tip = await git.resolve(ref)
    if tip is None:
        raise MissingError("There is no such branch, tag or commit.")
    rows = [await views.commit_row(world, repo, git, sha) for sha in await git.history(tip, 100)]
    return "list.html", {"heading": f"Commits on {ref}", "groups": [], "commits": rows}


async def compare_page(world: World, repo: Repository, request: web.Request) -> Page:
    found = await browse.compare(world, repo, request.match_info["range"])
    if found is None:
        raise MissingError("One of the two does not exist.")
    return "compare.html", found


async def tree_page(world: World, repo: Repository, request: web.Request) -> Page:
    found = await browse.place(world, repo, request.match_info["place"])
    if found is None:
        raise MissingError("There is no such branch, tag, commit or file.")
    if found["path"].endswith(".md") and found.get("text"):
        found["html"] = render(found["text"], world.base_url + paths.of_repository(world, repo))
    return "tree.html", found
