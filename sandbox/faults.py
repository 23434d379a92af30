"""The knobs that make the stand-in misbehave as GitHub and networks do; it decides, the server and the hooks act.

The JSON is that of `PUT /_sandbox/faults`:
  webhooks          drop, duplicate: chances 0..1 · reorder: true (within 50 ms) or a window in ms · delay_ms: [from, to] ·
                    hold: keep all back until cleared · seed · app: the slug of the only App that they happen to
  api               list of {match: fnmatch on "METHOD /path" (GraphQL: "POST /graphql mutation:createPullRequest"),
                    times, chance 0..1, login: of the only user or bot that it happens to, status (0 = close the connection),
                    headers, body, delay_ms, after: true = do it, then fail, late_ms: fail, and do it so much later,
                    partial: do it, but of GraphQL's data leave out the part at this path ("repository.base") with an error}
  mergeable_unknown how many reads of a pull's mergeability say "unknown" after each move of head or base
  drafts            false: draft pulls are refused, as in private repositories on free plans
  rate_limit        {"core": {"limit", "remaining"}, "graphql": {...}, "secondary": {"times", "retry_after"}}
"""

import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

REORDER_WINDOW_MS = 50


class WebhookFaults(BaseModel):
    """What happens to webhooks on their way."""

    model_config = ConfigDict(extra="forbid")
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: bool | int = False
    delay_ms: tuple[int, int] = (0, 0)
    hold: bool = False
    seed: int | None = None
    app: str | None = None


class ApiFault(BaseModel):
    """A failure for the next `times` requests that match."""

    model_config = ConfigDict(extra="forbid")
    match: str
    times: int = 1
    chance: float = 1.0
    login: str | None = None
    status: int | None = None  # None: only the delay
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    delay_ms: int = 0
    after: bool = False
    late_ms: int = 0
    partial: str | None = None


class FaultSettings(BaseModel):
    """The whole body of `PUT /_sandbox/faults`."""

    model_config = ConfigDict(extra="forbid")
    webhooks: WebhookFaults = Field(default_factory=WebhookFaults)
    api: list[ApiFault] = Field(default_factory=list)
    mergeable_unknown: int = 0
    drafts: bool = True
    rate_limit: dict[str, dict[str, int]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Fate:
    """What becomes of one webhook: one delay in seconds per copy that arrives; none if it is lost."""

    copies: list[float] = field(default_factory=list)


class Faults:
    """The settings in force and what is left of them."""

    def __init__(self) -> None:
        self.settings = FaultSettings()
        self._random = random.Random(0)  # noqa: S311 - chance in tests, no secret
        self._unknown_reads: dict[tuple[int, str, str], int] = {}

    def replace(self, settings: FaultSettings) -> None:
        """Put new settings in force; the seed starts the chances anew."""
        self.settings = settings
        self._random.seed(settings.webhooks.seed or 0)
        self._unknown_reads.clear()

    def fate(self, app: str) -> Fate:
        """Decide the way of one webhook for an App."""
        faults = self.settings.webhooks
        if faults.app not in (None, app):
            return Fate([0.0])
        if self._random.random() < faults.drop:
            return Fate()
        copies = 2 if self._random.random() < faults.duplicate else 1
        window = REORDER_WINDOW_MS if faults.reorder is True else int(faults.reorder)
        low, high = faults.delay_ms
        delays = [self._random.uniform(low, high + window) / 1000 for _ in range(copies)]
        return Fate(delays)

    def api_fault(self, calls: list[str], login: str) -> ApiFault | None:
        """Return the fault for a request of somebody, known by these names ("METHOD /path"), and use it up once."""
        for fault in self.settings.api:
            is_meant = fault.times > 0 and fault.login in (None, login)
            if not is_meant or not any(fnmatchcase(call, fault.match) for call in calls):
                continue
            if fault.chance >= 1 or self._random.random() < fault.chance:
                fault.times -= 1
                return fault
        return None

    def secondary_limit(self) -> int | None:
        """Return the seconds to retry after if this request meets the secondary rate limit, and use it up once."""
        secondary = self.settings.rate_limit.get("secondary", {})
        if secondary.get("times", 0) <= 0:
            return None
        secondary["times"] -= 1
        return secondary.get("retry_after", 60)

    def mergeability_unknown(self, pull_id: int, head: str, base: str, *, count: bool) -> bool:
        """Return whether this read of a pull's mergeability comes before GitHub has computed it."""
        key = (pull_id, head, base)
        reads = self._unknown_reads.get(key, 0)
        if count:
            self._unknown_reads[key] = reads + 1
        return reads < self.settings.mergeable_unknown
