"""Gate: the acceptance list in the pull's body is ticked to the end. Must not judge whether a tick is deserved."""

from bot.core.gates import OWNER, Case, Gate
from bot.core.tasks import all_tasks, open_tasks
from bot.core.text import cut, plain
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Pass without a task list; else name the first open item and count the rest."""
    if not case.config.acceptance:
        return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason="Not asked for")
    total = len(all_tasks(case.pull.body))
    missing = open_tasks(case.pull.body)
    if not total:
        return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason="No acceptance items")
    if not missing:
        reason = "The acceptance item is ticked" if total == 1 else f"All {total} acceptance items are ticked"
        return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason=reason, url=case.pull.url)
    first = plain(cut(missing[0], 80)) or "one without words"
    are = "is open" if len(missing) == 1 else "are open, the first"
    return GateResult(
        gate=GATE.name,
        verdict=GateVerdict.NEEDS_HUMAN,
        reason=f"{len(missing)} of {total} acceptance items {are}: {first}",
        url=case.pull.url,
        next_actor=OWNER,
    )


GATE = Gate(name="acceptance", title="Acceptance", position=70, check=check)
