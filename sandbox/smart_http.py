"""Clone and push over HTTP: git's own upload-pack and receive-pack behind GitHub's rights, rules and events."""

import asyncio
from pathlib import Path

from aiohttp import web

from sandbox.actor import Actor
from sandbox.auth import actor_of, basic_challenge
from sandbox.errors import ApiError
from sandbox.git import ENVIRONMENT
from sandbox.model import NO_SHA, Repository
from sandbox.operations import pushes
from sandbox.operations.rules import forbids_force, ref_blocker
from sandbox.rest.call import WORLD
from sandbox.world import World

SERVICES = ("upload-pack", "receive-pack")
#: Run by git for each pushed ref; the server has judged the rules before and tells the outcome by environment.
UPDATE_HOOK = """#!/bin/sh
refused=$(printf '%s\\n' "$SANDBOX_REFUSED" | sed -n "s|^$1 ||p")
if [ -n "$refused" ]; then
  echo "error: GH006: Protected branch update failed for $1." >&2
  echo "error: $refused" >&2
  exit 1
fi
zero=0000000000000000000000000000000000000000
if printf '%s\\n' "$SANDBOX_NO_FORCE" | grep -qxF "$1" && [ "$2" != "$zero" ] && [ "$3" != "$zero" ]; then
  if ! git merge-base --is-ancestor "$2" "$3"; then
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: Cannot force-push to this protected branch" >&2
    exit 1
  fi
fi
exit 0
"""


def mount(app: web.Application) -> None:
    """Add git's three addresses for every repository."""
    root = "/{owner}/{repo}"
    app.router.add_get(root + "/info/refs", _advertise)
    app.router.add_post(root + "/git-{service:upload-pack|receive-pack}", _serve)


def _repository(request: web.Request, service: str) -> Repository:
    """Return the repository if the caller may use the service; 401 with a challenge, so that git asks for credentials."""
    world, actor = request.app[WORLD], actor_of(request)
    repo = world.repository(request.match_info["owner"], request.match_info["repo"].removesuffix(".git"))
    if repo is None or not actor.can_see(repo):
        if actor.is_anonymous:
            raise ApiError(401, "Repository not found.", headers=basic_challenge())
        raise ApiError(404, "Repository not found.")
    if service == "receive-pack":
        if actor.is_anonymous:
            raise ApiError(401, "Authentication failed.", headers=basic_challenge())
        if not actor.can(repo, "contents:write") or repo.archived:
            raise ApiError(403, f"Permission to {world.full_name(repo)}.git denied to {actor.login}.")
    elif repo.private and not actor.can(repo, "contents:read"):
        raise ApiError(403, f"Permission to {world.full_name(repo)}.git denied to {actor.login}.")
    return repo


async def _git(
    path: Path, service: str, *arguments: str, stdin: bytes, protocol: str | None, extra: dict[str, str] | None = None
) -> bytes:
    environment = ENVIRONMENT | (extra or {}) | ({"GIT_PROTOCOL": protocol} if protocol else {})
    process = await asyncio.create_subprocess_exec(
        "git",
        service,
        "--stateless-rpc",
        *arguments,
        str(path),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate(stdin)
    return out


def _answer(service: str, kind: str, body: bytes) -> web.Response:
    headers = {"Content-Type": f"application/x-git-{service}-{kind}", "Cache-Control": "no-cache"}
    return web.Response(body=body, headers=headers)


async def _advertise(request: web.Request) -> web.Response:
    service = request.query.get("service", "").removeprefix("git-")
    if service not in SERVICES:
        raise ApiError(403, "Please upgrade your git client.")
    repo = _repository(request, service)
    git = request.app[WORLD].git(repo)
    protocol = request.headers.get("Git-Protocol")
    refs = await _git(git.path, service, "--http-backend-info-refs", stdin=b"", protocol=protocol)
    line = f"# service=git-{service}\n"
    return _answer(service, "advertisement", f"{len(line) + 4:04x}{line}0000".encode() + refs)


async def _serve(request: web.Request) -> web.Response:
    service = request.match_info["service"]
    repo = _repository(request, service)
    world = request.app[WORLD]
    git = world.git(repo)
    body = await request.read()  # aiohttp has undone a gzip encoding already
    protocol = request.headers.get("Git-Protocol")
    if service == "upload-pack":
        return _answer(service, "result", await _git(git.path, service, stdin=body, protocol=protocol))
    return await _receive(world, actor_of(request), repo, body, protocol)


async def _receive(world: World, actor: Actor, repo: Repository, body: bytes, protocol: str | None) -> web.Response:
    git = world.git(repo)
    commands = read_commands(body)
    hook = git.path / "hooks" / "update"
    if not hook.exists():
        hook.write_text(UPDATE_HOOK)
        hook.chmod(0o755)
    refused = [
        f"{name} {blocker}"
        for old, new, name in commands
        if (blocker := ref_blocker(world, actor, repo, name, None if old == NO_SHA else old, new))
    ]
    no_force = [name for _, _, name in commands if forbids_force(world, actor, repo, name)]
    extra = {"SANDBOX_REFUSED": "\n".join(refused), "SANDBOX_NO_FORCE": "\n".join(no_force)}
    out = await _git(git.path, "receive-pack", stdin=body, protocol=protocol, extra=extra)
    await git.refresh()
    changes = [
        pushes.RefChange(name, None if old == NO_SHA else old, None if new == NO_SHA else new)
        for old, new, name in commands
        if old != new and f"ok {name}\n".encode() in out
    ]
    if changes:
        await pushes.refs_changed(world, actor, repo, changes)
    return _answer("receive-pack", "result", out)


def read_commands(body: bytes) -> list[tuple[str, str, str]]:
    """Return (old, new, ref) of each command of a receive-pack request: pkt-lines up to the first flush."""
    commands = []
    position = 0
    while position + 4 <= len(body):
        try:
            size = int(body[position : position + 4], 16)
        except ValueError:
            break
        if size < 4:
            break
        line = body[position + 4 : position + size].split(b"\0")[0].decode("utf-8", "replace").strip()
        words = line.split(" ", 2)
        if len(words) == 3 and len(words[0]) == 40:
            commands.append((words[0], words[1], words[2]))
        position += size
    return commands
