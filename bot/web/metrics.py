"""Numbers for Prometheus: what this process received, and what the database holds when it is asked.

Must not carry a label that names a repository, a person or a plan.
"""

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.store.overview import Overview


class Metrics:
    """The numbers of one process, in a registry of their own so that a second one in the same process is possible."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.webhooks = Counter(
            "signalbox_webhooks", "Webhooks by the status they were answered with", ["status"], registry=self.registry
        )
        self._deliveries = Gauge("signalbox_deliveries", "Deliveries by state", ["state"], registry=self.registry)
        self._lanes = Gauge("signalbox_lanes", "Plans and repositories in the queue", ["state"], registry=self.registry)
        self._plans = Gauge("signalbox_open_plans", "Plans that are running", registry=self.registry)
        self._repositories = Gauge("signalbox_repositories", "Repositories seen", registry=self.registry)

    def render(self, overview: Overview) -> web.Response:
        """Return everything in Prometheus' text form."""
        for state, count in overview.deliveries.items():
            self._deliveries.labels(state=state).set(count)
        self._lanes.labels(state="due").set(overview.lanes_due)
        self._lanes.labels(state="leased").set(overview.lanes_leased)
        self._lanes.labels(state="failing").set(overview.lanes_failing)
        self._plans.set(overview.open_plans)
        self._repositories.set(overview.repositories)
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
