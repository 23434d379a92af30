"""JSON of users, organizations, bots, Apps and installations."""

from datetime import datetime

from sandbox.model import App, Installation, Issue, Json, Repository, User
from sandbox.world import World


def when(moment: datetime | None) -> str | None:
    """Return a time as GitHub writes it: `2026-01-31T12:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def user_shape(world: World, user: User) -> Json:
    """Return GitHub's "simple user"."""
    api = f"{world.base_url}/users/{user.login}"
    page = f"apps/{user.login.removesuffix('[bot]')}" if user.type == "Bot" else user.login
    return {
        "login": user.login,
        "id": user.id,
        "node_id": user.node_id,
        "avatar_url": f"{world.base_url}/_sandbox/avatars/{user.id}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{world.base_url}/{page}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": user.type,
        "site_admin": False,
    }


def full_user_shape(world: World, user: User) -> Json:
    """Return the "public user" of `GET /user` and `GET /users/{login}`."""
    made = when(user.created_at) or "2020-01-01T00:00:00Z"
    return user_shape(world, user) | {
        "name": user.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": sum(repo.owner_id == user.id and not repo.private for repo in world.repositories()),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": made,
        "updated_at": made,
    }


def optional_user_shape(world: World, user_id: int | None) -> Json | None:
    """Return a simple user, or None."""
    user = world.user_by_id(user_id)
    return user_shape(world, user) if user else None


def organization_shape(world: World, user: User) -> Json:
    """Return GitHub's "simple organization", which webhooks of an organization's repositories carry."""
    api = f"{world.base_url}/orgs/{user.login}"
    return {
        "login": user.login,
        "id": user.id,
        "node_id": user.node_id,
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{world.base_url}/_sandbox/avatars/{user.id}",
        "description": None,
    }


def association(world: World, repo: Repository, author: User) -> str:
    """Return `author_association`: a visibility signal on GitHub, never a permission."""
    if repo.owner_id == author.id:
        return "OWNER"
    if author.id in repo.collaborators:
        return "MEMBER" if world.owner(repo).type == "Organization" else "COLLABORATOR"
    return "NONE"


def thread_author_association(world: World, thread: Issue) -> str:
    """Return the `author_association` of an issue or pull."""
    return association(world, world.repository_of(thread), world.author(thread))


def app_shape(world: World, app: App) -> Json:
    """Return an App as `GET /app` and every check run show it."""
    return {
        "id": app.id,
        "slug": app.slug,
        "client_id": app.client_id,
        "node_id": app.node_id,
        "owner": user_shape(world, world.state.users[app.owner_id]),
        "name": app.name,
        "description": app.description,
        "external_url": f"{world.base_url}/apps/{app.slug}",
        "html_url": f"{world.base_url}/apps/{app.slug}",
        "created_at": when(app.created_at),
        "updated_at": when(app.created_at),
        "permissions": app.permissions,
        "events": app.events,
    }


def optional_app_shape(world: World, app_id: int | None) -> Json | None:
    """Return an App's JSON, or None."""
    return None if app_id is None else app_shape(world, world.state.apps[app_id])


def installation_shape(world: World, installation: Installation) -> Json:
    """Return an installation as `GET /app/installations` shows it."""
    account = world.state.users[installation.account_id]
    app = world.state.apps[installation.app_id]
    return {
        "id": installation.id,
        "client_id": app.client_id,
        "account": user_shape(world, account),
        "repository_selection": "all" if installation.repository_ids is None else "selected",
        "access_tokens_url": f"{world.base_url}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{world.base_url}/installation/repositories",
        "html_url": f"{world.base_url}/organizations/{account.login}/settings/installations/{installation.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": installation.permissions,
        "events": installation.events,
        "created_at": when(installation.created_at),
        "updated_at": when(installation.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": optional_user_shape(world, installation.suspended_by_id),
        "suspended_at": when(installation.suspended_at),
    }
