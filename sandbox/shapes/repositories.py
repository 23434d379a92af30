"""JSON of repositories and labels."""

from sandbox.actor import Actor, role_at_least
from sandbox.model import Json, Label, Repository
from sandbox.shapes.accounts import organization_shape, user_shape, when
from sandbox.world import World

#: `{key}_url` of a repository and the path below its API address (docs.github.com/rest/repos/repos).
LINKS = {
    "archive": "{archive_format}{/ref}",
    "assignees": "assignees{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}",
    "collaborators": "collaborators{/collaborator}",
    "comments": "comments{/number}",
    "commits": "commits{/sha}",
    "compare": "compare/{base}...{head}",
    "contents": "contents/{+path}",
    "contributors": "contributors",
    "deployments": "deployments",
    "downloads": "downloads",
    "events": "events",
    "forks": "forks",
    "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}",
    "git_tags": "git/tags{/sha}",
    "hooks": "hooks",
    "issue_comment": "issues/comments{/number}",
    "issue_events": "issues/events{/number}",
    "issues": "issues{/number}",
    "keys": "keys{/key_id}",
    "labels": "labels{/name}",
    "languages": "languages",
    "merges": "merges",
    "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}",
    "pulls": "pulls{/number}",
    "releases": "releases{/id}",
    "stargazers": "stargazers",
    "statuses": "statuses/{sha}",
    "subscribers": "subscribers",
    "subscription": "subscription",
    "tags": "tags",
    "teams": "teams",
    "trees": "git/trees{/sha}",
}


def repository_api(world: World, repo: Repository) -> str:
    """Return the repository's API address."""
    return f"{world.base_url}/repos/{world.full_name(repo)}"


def repository_page(world: World, repo: Repository) -> str:
    """Return the address of the repository's page."""
    return f"{world.base_url}/{world.full_name(repo)}"


def repository_shape(world: World, repo: Repository) -> Json:
    """Return a repository as lists and webhooks show it."""
    api, page = repository_api(world, repo), repository_page(world, repo)
    open_threads = sum(thread.state == "open" for thread in world.threads_of(repo))
    return {
        "id": repo.id,
        "node_id": repo.node_id,
        "name": repo.name,
        "full_name": world.full_name(repo),
        "owner": user_shape(world, world.owner(repo)),
        "private": repo.private,
        "visibility": "private" if repo.private else "public",
        "html_url": page,
        "description": repo.description,
        "fork": repo.parent_id is not None,
        "url": api,
        **{f"{name}_url": f"{api}/{path}" for name, path in LINKS.items()},
        "git_url": f"git://{page.partition('://')[2]}.git",
        "ssh_url": f"ssh://{page.partition('://')[2]}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "forks_count": 0,
        "forks": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "open_issues_count": open_threads,
        "open_issues": open_threads,
        "size": 1,
        "default_branch": repo.default_branch,
        "is_template": False,
        "has_issues": True,
        "has_projects": False,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "has_pull_requests": True,
        "archived": repo.archived,
        "disabled": False,
        "web_commit_signoff_required": False,
        "allow_forking": True,
        "pushed_at": when(repo.pushed_at),
        "created_at": when(repo.created_at),
        "updated_at": when(repo.updated_at),
    }


def full_repository_shape(world: World, repo: Repository, actor: Actor) -> Json:
    """Return a repository as `GET /repos/{owner}/{repo}` shows it; merge settings only to those who may push."""
    role = actor.role(repo)
    shape = repository_shape(world, repo) | {
        "subscribers_count": 0,
        "network_count": 0,
        "temp_clone_token": "",
        "permissions": {
            "admin": role_at_least(role, "admin"),
            "maintain": role_at_least(role, "maintain"),
            "push": actor.can(repo, "contents:write"),
            "triage": role_at_least(role, "triage"),
            "pull": True,
        },
    }
    owner = world.owner(repo)
    if owner.type == "Organization":
        shape["organization"] = user_shape(world, owner)
    if actor.can(repo, "contents:write") or actor.can(repo, "administration:read"):
        shape |= {
            "allow_merge_commit": repo.allow_merge_commit,
            "allow_squash_merge": repo.allow_squash_merge,
            "allow_rebase_merge": repo.allow_rebase_merge,
            "allow_auto_merge": repo.allow_auto_merge,
            "allow_update_branch": repo.allow_update_branch,
            "delete_branch_on_merge": repo.delete_branch_on_merge,
            "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
            "squash_merge_commit_message": "COMMIT_MESSAGES",
            "merge_commit_title": "MERGE_MESSAGE",
            "merge_commit_message": "PR_TITLE",
        }
    return shape


def short_repository_shape(world: World, repo: Repository) -> Json:
    """Return a repository as `installation` and `installation_repositories` list it."""
    return {
        "id": repo.id,
        "node_id": repo.node_id,
        "name": repo.name,
        "full_name": world.full_name(repo),
        "private": repo.private,
    }


def webhook_context(world: World, repo: Repository) -> Json:
    """Return the keys that every repository webhook carries: the repository and its organization."""
    shape: Json = {"repository": repository_shape(world, repo)}
    owner = world.owner(repo)
    if owner.type == "Organization":
        shape["organization"] = organization_shape(world, owner)
    return shape


def label_shape(world: World, label: Label) -> Json:
    """Return a label."""
    repo = world.repository_of(label)
    return {
        "id": label.id,
        "node_id": label.node_id,
        "url": f"{repository_api(world, repo)}/labels/{label.name.replace(' ', '%20')}",
        "name": label.name,
        "color": label.color,
        "default": label.default,
        "description": label.description,
        "archived_at": None,
        "archived_by": None,
    }
