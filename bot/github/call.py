"""One request to GitHub before it has an identity: what is sent, as whom, and by which limits it counts."""

from dataclasses import dataclass

from bot.github.app_auth import Reach
from bot.github.governor import Resource
from bot.github.port import RepositoryRef

#: As whom a request is sent, and so what its token reaches: one repository; what an installation holds, as a list; the App.
Who = RepositoryRef | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, before it has an identity."""

    method: str
    route: str  # the URL template or the GraphQL operation: for counting, never with a name in it
    url: str
    who: Who
    body: bytes | None = None
    resource: Resource = "core"
    points: int = 1  # of the secondary limit: reads 1, writes 5
    headers: tuple[tuple[str, str], ...] = ()
    splits: bool = False  # whoever asks can ask for less: what is too slow is not sent again as it is

    @property
    def installation(self) -> int | None:
        """Whose limits and whose cache count; None = the App's own."""
        return self.who.installation_id if isinstance(self.who, RepositoryRef) else self.who

    @property
    def reach(self) -> Reach | None:
        """How far the request's token has to reach; None = the App's JWT, which is no token."""
        match self.who:
            case RepositoryRef():
                known = self.who.repository_id
                return Reach(self.who.installation_id, self.who.full_name if known is None else known)
            case None:
                return None
            case _:
                return Reach(self.who, None)
