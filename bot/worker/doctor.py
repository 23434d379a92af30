"""`signalbox doctor`: examines a repository's set-up and its plans from outside, and says what is wrong and what to do.

Not part of a turn; it may run beside a server. Must not write anything, neither to GitHub nor to the database.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.exc import SQLAlchemyError

from bot.core.diagnosis import diagnose
from bot.core.examination import Examination, Health, Symptom
from bot.core.judge import judge
from bot.core.model import Branch, IssueNumber
from bot.core.redaction import without_secrets
from bot.core.text import printed
from bot.errors import GitHubError
from bot.github.port import GitHub, RepositoryRef
from bot.store import plans
from bot.store.db import Database
from bot.store.db import now as database_now
from bot.store.open_plans import OpenPlan, open_plans_of
from bot.worker.observe import observe

FINE, PROBLEMS, BLIND = 0, 1, 2  # exit codes; BLIND = it could not look
WIDTH = max(len(each.value) for each in Health)

_MARKUP = re.compile(r"\*\*|\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found, fine or not, in the order of looking."""

    repository: str  # "owner/name"
    base: str  # "" = not known
    symptoms: tuple[Symptom, ...]
    blind: str = ""  # why it could not look; "" = it could

    @property
    def exit_code(self) -> int:
        """0 nothing to do (warnings included), 1 problems, 2 it could not look."""
        if self.blind:
            return BLIND
        return PROBLEMS if any(each.health is Health.PROBLEM for each in self.symptoms) else FINE

    def to_text(self) -> str:
        """Return one line for each finding: how much it weighs, what, why it matters, what to do. A terminal obeys none of it."""
        head = f"{self.repository}, base {self.base}" if self.base else self.repository
        lines = [head, *(_line(each) for each in self.symptoms)]
        if self.blind:
            lines.append(f"cannot look: {self.blind}")
        return "\n".join(printed(without_secrets(line).replace("\n", " ")) for line in lines)

    def to_json(self) -> str:
        """Return the same for a program."""
        found = [
            {
                "code": each.code, "health": each.health.value, "what": _bare(each.what), "why": _bare(each.why),
                "remedy": _bare(each.remedy),
            }
            for each in self.symptoms
        ]  # fmt: skip
        whole = {
            "repository": self.repository,
            "base": without_secrets(self.base) or None,
            "blind": self.blind or None,
            "findings": found,
        }
        return json.dumps(whole, indent=1)


async def examine(
    github: GitHub, database: Database | None, full_name: str, base: Branch | None, *, app_id: int
) -> Report:
    """Examine a repository and the open plans that the database knows there; `database` None = there is none.

    Seven requests, and for each plan what one turn reads: one, and one more for every 20 workstreams above 20. Raises nothing.
    """
    try:
        found = await github.examine(full_name, base)
    except GitHubError as error:
        return Report(repository=full_name, base=base or "", symptoms=(), blind=str(error))
    report = Report(
        repository=full_name,
        base=found.ground.base if found.ground is not None else "",
        symptoms=diagnose(found, app_id),
    )
    if found.ground is None:
        return report
    return replace(report, symptoms=(*report.symptoms, *await _plans(github, database, full_name, found, app_id)))


async def _plans(
    github: GitHub, database: Database | None, full_name: str, found: Examination, app_id: int
) -> Sequence[Symptom]:
    if database is None:
        return (_unseen("there is no database at DATABASE_URL"),)
    try:
        async with database.session() as session:
            known = await open_plans_of(session, full_name)
    except (SQLAlchemyError, OSError) as error:
        return (_unseen(f"the database cannot be read ({type(error).__name__})"),)
    symptoms: list[Symptom] = []
    for plan in known:
        symptoms += await _plan(github, database, plan, app_id)
    counted = f"{len(known)} open plan{'' if len(known) == 1 else 's'}"
    if not symptoms:
        symptoms.append(Symptom(code="plans", health=Health.OK, what=f"{counted}, none of them stuck"))
    return symptoms


async def _plan(github: GitHub, database: Database, plan: OpenPlan, app_id: int) -> list[Symptom]:
    """Judge a plan as its next turn would, and do nothing about it."""
    repository = RepositoryRef(installation_id=plan.installation_id, full_name=plan.full_name)
    async with database.session() as session:
        memory = (await plans.load(session, plan.lane_id)).memory
        at = await database_now(session)
    what = f"Plan #{plan.number}"
    try:
        facts, _ = await observe(
            github, repository, IssueNumber(plan.number), replace(memory, examined=None), (), app_id=app_id, now=at
        )
    except GitHubError as error:
        return [
            Symptom(
                code="plan-unreadable", health=Health.PROBLEM, what=f"{what} cannot be read: {error}",
                why="it stands still until it can", remedy="Mend what GitHub says, or close the plan's issue",
            )
        ]  # fmt: skip
    found = [each for each in judge(facts, replace(memory, examined=None)).symptoms if each.code.startswith("not-")]
    symptoms = [replace(each, what=f"{what}: {each.what}") for each in found]
    if plan.error is not None and plan.failures > 0:
        symptoms.append(
            Symptom(
                code="plan-fails", health=Health.WARNING,
                what=f"{what}: its last {plan.failures} turns left something open ({plan.error})",
                why="it is looked at ever less often", remedy="Look for turn.failed in the log",
            )
        )  # fmt: skip
    return symptoms


def _unseen(why: str) -> Symptom:
    return Symptom(
        code="plans-unseen", health=Health.WARNING, what=f"No plan was looked at: {why}",
        why="a plan that is stuck would not be found", remedy="Run it with the settings of the server",
    )  # fmt: skip


def _line(symptom: Symptom) -> str:
    text = f"{symptom.health.value:<{WIDTH}}  {symptom.what}"
    text += f": {symptom.why}" if symptom.why else ""
    return _bare(f"{text}. {symptom.remedy}." if symptom.remedy else f"{text}.")


def _bare(text: str) -> str:
    """A text as a terminal shows it: without markdown's emphasis and links."""
    return _MARKUP.sub(lambda found: found.group(1) or "", text)
