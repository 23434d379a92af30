"""The numbers that this process counts for Prometheus: what it received, asked of GitHub, did and waited for.

Below web and worker, which must not know each other and both count here; web/metrics.py shows them. Must not carry a
label that names a repository, a person or a plan. docs/operations.md lists every one; a test compares.
"""

from collections.abc import Callable, Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.core.events import is_read
from bot.core.progress import Progress

#: Seconds. A turn without a write takes one read; GitHub gives up on a request after ten.
TURN_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
REQUEST_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

Limits = Callable[[], Mapping[str, int]]  # rate limit left, by resource


class Metrics:
    """The numbers of one process, in a registry of their own so that a second one in the same process is possible.

    `limits` tells what GitHub's rate limits leave: the lowest of all installations, for that is the one to look at, and an
    installation's number would say whose it is.
    """

    def __init__(self, limits: Limits = dict) -> None:
        self.registry = CollectorRegistry()
        self.limits = limits
        self._count_deliveries()
        self._count_work()
        self._count_requests()
        self._look_at_the_database()

    def _count_deliveries(self) -> None:
        webhooks = Counter(
            "signalbox_webhooks", "Webhooks by the status they were answered with", ["status"], registry=self.registry
        )
        self.webhooks = cache(webhooks.labels)  # by status: to look one up anew takes longer than to check its headers
        self._handled = Counter(
            "signalbox_deliveries_handled",
            "Attempts to take a delivery in, by event and outcome: done, ignored, retried (it failed) or parked",
            ["event", "outcome"],
            registry=self.registry,
        )

    def _count_work(self) -> None:
        def counter(name: str, help_: str, *labels: str) -> Counter:
            return Counter(f"signalbox_{name}", help_, labels, registry=self.registry)

        self.turns = Histogram(
            "signalbox_turn_seconds",
            "Time that turns took, by kind (plan, repository) and outcome: done, read_failed, lease_lost or failed",
            ["kind", "outcome"],
            buckets=TURN_BUCKETS,
            registry=self.registry,
        )
        self.leases_lost = counter("leases_lost", "Turns that ended because another worker had taken the lane over")
        self._merges = counter("merges", "Pulls of plans that landed, by whose decision: signalbox or others", "by")
        self._rollbacks = counter("rollbacks", "Rollbacks that were begun")
        self._completed = counter("plans_completed", "Plans that became complete")
        self._gate_seconds = counter("gate_wait_seconds", "Time that pulls waited for a gate, once over", "gate")
        self._gate_waits = counter("gate_waits", "Waits for a gate that are over", "gate")

    def _count_requests(self) -> None:
        self._requests = Counter(
            "signalbox_github_requests",
            "Requests to GitHub by route and status; 0 = no answer",
            ["route", "status"],
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "signalbox_github_request_seconds",
            "Time that requests to GitHub took",
            ["route"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._points = Counter(
            "signalbox_github_points",
            "Points of GitHub's secondary limits that were spent: 1 for a read, 5 for a write, 0 for an unchanged answer",
            ["resource", "route"],
            registry=self.registry,
        )

    def _look_at_the_database(self) -> None:
        def gauge(name: str, help_: str, *labels: str) -> Gauge:
            return Gauge(f"signalbox_{name}", help_, labels, registry=self.registry)

        self.limit_left = gauge(
            "github_rate_limit_left",
            "Requests or points that GitHub leaves, the lowest of all installations",
            "resource",
        )
        self.deliveries = gauge("deliveries", "Deliveries in the database by state", "state")
        self.oldest_delivery = gauge("oldest_delivery_seconds", "Age of the oldest delivery that waits")
        self.lanes = gauge("lanes", "Plans and repositories in the queue: due, leased or failing", "state")
        self.oldest_due = gauge("oldest_due_seconds", "How long the lane has been due that is due longest")
        self.open_plans = gauge("open_plans", "Plans that are running")
        self.repositories = gauge("repositories", "Repositories seen")

    def handled(self, event: str, outcome: str) -> None:
        """Count one attempt to take a delivery in. An event's name is not signed: a label for each would have no end."""
        label = event if is_read(event) else "other"
        self._handled.labels(event=label, outcome=outcome).inc()

    def request(self, method: str, route: str, status: int, seconds: float, points: int) -> None:
        """Count one request to GitHub. `route` is a template, without names; see TransportOptions.observe."""
        graphql = route.startswith("graphql ")
        label = route if graphql else f"{method} {route}"
        self._requests.labels(route=label, status=str(status)).inc()
        self._request_seconds.labels(route=label).observe(seconds)
        self._points.labels(resource="graphql" if graphql else "core", route=label).inc(points)

    def progressed(self, made: Progress) -> None:
        """Count what a turn brought, after it is committed."""
        self._merges.labels(by="signalbox").inc(made.merged)
        self._merges.labels(by="others").inc(made.merged_by_others)
        self._rollbacks.inc(made.rollbacks)
        self._completed.inc(int(made.completed))
        for gate, seconds in made.waits:
            self._gate_seconds.labels(gate=gate).inc(seconds)
            self._gate_waits.labels(gate=gate).inc()
