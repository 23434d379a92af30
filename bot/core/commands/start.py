"""Command: put the plan as it is written now into force. Must not lay branches: decide.py does, from the new intent."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.model import Problem, Role, Severity, Sha, Start
from bot.core.plan.revision import revision_of
from bot.core.render import replies
from bot.core.text import code, login, when

SHOWN_PROBLEMS = 10  # at most, in the refusal


def run(case: CommandCase) -> Result:
    """Refuse with the reasons, or fix revision, base and who did it."""
    if (start := case.intent.start) is not None:
        edited = (
            "; the text was edited since, and `/signalbox accept` brings the edit into force"
            if case.view.pending is not None
            else ""
        )
        return done(case, reply=f"The plan was started by {login(start.by)} on {when(start.at)} already{edited}.")
    if case.words:
        words = code(" ".join(case.words)[:60])
        return refused(case, f"`/signalbox start` starts the whole plan and takes no words: leave {words} out.")
    if not case.view.issue.open:
        return refused(case, "The plan's issue is closed: reopen it, then start.")
    if (edited_at := case.view.issue.edited_at) is not None and edited_at >= case.call.at:
        # who may edit the issue need not be who may start it: nobody starts what they have not read. GitHub's times are
        # whole seconds: of two in the same one it is not known which came first
        return refused(case, "The plan was edited after you wrote that: read it again, then start it.")
    if case.view.config_problems and case.memory.good_config is None:
        return refused(case, _unconfigured(case.view.config_problems))
    sha = case.facts.base.sha
    if sha is None or any(problem.severity is Severity.ERROR for problem in case.view.problems):
        return refused(case, replies.start_refused_reply(case.view))
    body = case.facts.issue.body
    intent = replace(
        case.intent,
        start=Start(
            by=case.call.author,
            at=case.call.at,
            revision=revision_of(body),
            base=case.facts.base.name,
            base_sha=_begun(case) or sha,
        ),
    )
    result = done(case, intent)
    return replace(result, memory=replace(result.memory, approved_body=body, approved_plan=case.view.plan, lost=""))


def _begun(case: CommandCase) -> Sha | None:
    """Where the base was when the plan was started before, if that is lost: what landed since is found from there."""
    if not case.memory.lost:
        return None
    return case.facts.tags.get(f"signalbox/{case.facts.issue.number}/cp-0")


def _unconfigured(problems: tuple[Problem, ...]) -> str:
    lines = [f"- Line {each.line}: {each.message}. {each.hint}." for each in problems[:SHOWN_PROBLEMS]]
    if len(problems) > SHOWN_PROBLEMS:
        lines.append(f"- … and {len(problems) - SHOWN_PROBLEMS} more")
    head = "**Not started:** `.github/signalbox.yml` has mistakes, so it is not known how to run the plan."
    return "\n".join([head, "", *lines, "", "Mend the file on the base branch, then say `/signalbox start` again."])


COMMAND = Command(
    name="start",
    usage="/signalbox start",
    summary="Start the plan as it is written now: lay a branch and a draft pull request for every workstream",
    role=Role.MAINTAIN,
    target=Target.PLAN,
    run=run,
)
