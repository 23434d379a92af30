"""The graph of what must land before what: waves, cycles, who waits for a workstream.

Counts from `Plan.prerequisites`. Must not know how the plan was written.
"""

from graphlib import CycleError, TopologicalSorter

from bot.core.model import Key, Plan


def _sorter(plan: Plan) -> TopologicalSorter[Key]:
    return TopologicalSorter({each.key: plan.prerequisites(each.key) for each in plan.workstreams})


def find_cycle(plan: Plan) -> tuple[Key, ...] | None:
    """Return a cycle as a path in which each key needs the next and the last is the first again, None without one."""
    try:
        _sorter(plan).prepare()
    except CycleError as error:
        path: list[Key] = error.args[1]
        return tuple(reversed(path))
    return None


def waves(plan: Plan) -> tuple[tuple[Key, ...], ...]:
    """Return what may merge in parallel, wave by wave, in plan order inside a wave.

    Workstreams of a cycle, and those behind it, can never merge: they are in no wave.
    """
    remaining = {each.key: set(plan.prerequisites(each.key)) for each in plan.workstreams}
    counted: list[tuple[Key, ...]] = []
    while ready := tuple(key for key, wanted in remaining.items() if not wanted):
        counted.append(ready)
        for key in ready:
            del remaining[key]
        for wanted in remaining.values():
            wanted.difference_update(ready)
    return tuple(counted)


def ancestors(plan: Plan) -> dict[Key, frozenset[Key]]:
    """Return for each workstream everything that must land before it, directly or not."""
    known: dict[Key, frozenset[Key]] = {}
    for wave in waves(plan):
        for key in wave:
            direct = plan.prerequisites(key)
            known[key] = frozenset(direct).union(*(known[each] for each in direct))
    return {each.key: known.get(each.key, frozenset()) for each in plan.workstreams}


def dependants(plan: Plan, key: Key) -> tuple[Key, ...]:
    """Return what waits for `key`, directly or through others, in plan order. A cycle does no harm."""
    waiting: dict[Key, list[Key]] = {}
    for each in plan.workstreams:
        for need in plan.prerequisites(each.key):
            waiting.setdefault(need, []).append(each.key)
    found: set[Key] = set()
    to_visit = [key]
    while to_visit:
        for behind in waiting.get(to_visit.pop(), []):
            if behind not in found and behind != key:
                found.add(behind)
                to_visit.append(behind)
    return tuple(each.key for each in plan.workstreams if each.key in found)
