"""Shows the process's numbers to Prometheus, with what the database holds at this moment.

Must not count anything itself, nor name a repository, a person or a plan.
"""

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.metrics import Metrics
from bot.store.overview import Overview


def exposition(metrics: Metrics, found: Overview) -> web.Response:
    """Return everything in Prometheus' text form."""
    for state, count in found.deliveries.items():
        metrics.deliveries.labels(state=state).set(count)
    metrics.oldest_delivery.set(found.oldest_delivery)
    metrics.lanes.labels(state="due").set(found.lanes_due)
    metrics.lanes.labels(state="leased").set(found.lanes_leased)
    metrics.lanes.labels(state="failing").set(found.lanes_failing)
    metrics.oldest_due.set(found.oldest_due)
    metrics.open_plans.set(found.open_plans)
    metrics.repositories.set(found.repositories)
    metrics.limit_left.clear()  # what was left in a window that is over says nothing any more
    for resource, left in metrics.limits().items():
        metrics.limit_left.labels(resource=resource).set(left)
    return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
