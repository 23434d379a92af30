"""Who calls, and what they may do in a repository: by role for people, by permissions for Apps."""

from dataclasses import dataclass, field

from sandbox.model import ROLES, App, Installation, Repository, Role, User


def role_at_least(role: str, needed: str) -> bool:
    """Return whether one repository role includes another (admin > maintain > write > triage > read > none)."""
    return ROLES.index(role) >= ROLES.index(needed)


#: What a person's role must be for an App permission of the same name (docs.github.com "Repository roles").
ROLE_FOR_PERMISSION = {
    "issues:write": "triage",
    "pull_requests:write": "write",
    "contents:write": "write",
    "statuses:write": "write",
    "actions:write": "write",
    "administration:read": "admin",
    "administration:write": "admin",
}
APP_ONLY = {"checks:write"}  # people cannot write check runs


@dataclass(frozen=True)
class Actor:
    """Who calls: a person, an installation of an App, an App itself (JWT, `installation` None), or nobody."""

    user: User | None = None  # for an App its bot user
    app: App | None = None
    installation: Installation | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repository_ids: frozenset[int] | None = None
    token: str = ""

    @property
    def login(self) -> str:
        """The login that is shown as author or sender; empty for nobody."""
        return self.user.login if self.user else ""

    @property
    def is_app(self) -> bool:
        """Whether an App calls, by JWT or by installation token."""
        return self.app is not None

    @property
    def is_anonymous(self) -> bool:
        """Whether the request carried no credentials."""
        return self.user is None

    @property
    def id(self) -> int:
        """The id of the acting user (for an App: of its bot). Operations call it only after `require`."""
        if self.user is None:
            raise ValueError("nobody is signed in")
        return self.user.id

    def role(self, repo: Repository) -> Role:
        """Return a person's role on a repository; on a public one everybody reads."""
        if self.user is None or self.is_app:
            return "none" if repo.private else "read"
        if repo.owner_id == self.user.id:
            return "admin"
        return repo.collaborators.get(self.user.id, "none" if repo.private else "read")

    def reaches(self, repo: Repository) -> bool:
        """Return whether an installation token covers this repository."""
        if self.installation is None or self.installation.account_id != repo.owner_id:
            return False
        if self.installation.repository_ids is not None and repo.id not in self.installation.repository_ids:
            return False
        return self.repository_ids is None or repo.id in self.repository_ids

    def can_see(self, repo: Repository) -> bool:
        """Return whether the repository exists for this caller at all."""
        return not repo.private or (self.reaches(repo) if self.is_app else self.role(repo) != "none")

    def can(self, repo: Repository, permission: str) -> bool:
        """Return whether the caller has `area:level` (`issues:write`); alternatives are separated by `|`."""
        return any(self._can(repo, one) for one in permission.split("|"))

    def _can(self, repo: Repository, permission: str) -> bool:
        area, _, level = permission.partition(":")
        if not self.is_app:
            needed = ROLE_FOR_PERMISSION.get(permission, "read" if level == "read" else "write")
            return permission not in APP_ONLY and role_at_least(self.role(repo), needed)
        if level == "read" and area in ("metadata", "contents", "issues", "pull_requests") and not repo.private:
            return True
        if not self.reaches(repo):
            return False
        granted = "read" if area == "metadata" else self.permissions.get(area, "none")
        order = ("none", "read", "write", "admin")
        return order.index(granted) >= order.index(level)
