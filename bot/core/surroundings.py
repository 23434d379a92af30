"""What stands around a plan and forbids a start, or forbids that an edit comes into force.

Part of judging. Must not look at what the plan's text says of itself: the reader does (plan/problems.py).
"""

from collections.abc import Iterator, Mapping

from bot.core.facts import Facts, PullState, WorkstreamFacts
from bot.core.model import Branch, Intent, Key, Plan, Problem, Severity, Workstream
from bot.core.plan.difference import difference
from bot.core.render.brief import read_workstream_marker
from bot.core.text import code, name


def before_start(
    facts: Facts, plan: Plan, branches: Mapping[Key, Branch], *, again: bool = False
) -> tuple[Problem, ...]:
    """Return what forbids a start. After the start branches and pulls are the plan's own doing: see `after_start`.

    `again`: it was started before, and what was known of it is lost: then its own branches are no obstacle.
    """
    found = list(after_start(facts, running=False))
    for stream in plan.workstreams:
        if again and _is_its_own(facts, stream, branches.get(stream.key, Branch(""))):
            continue
        found.extend(_branch_problem(facts, stream, branches.get(stream.key, Branch(""))))
    return tuple(found)


def after_start(facts: Facts, *, running: bool = True) -> tuple[Problem, ...]:
    """Return what keeps a running plan from going on, or with `running` False a new one from being started."""
    problems: list[Problem] = []
    if facts.base.sha is None:
        problems.append(
            _error(
                0, "base-missing", f"The base branch {code(facts.base.name)} does not exist",
                _without_base(facts, running=running),
            )
        )  # fmt: skip
    if facts.repository.archived:
        problems.append(
            _error(
                0, "archived", "The repository is archived",
                "Unarchive it; nothing can be written to an archived repository",
            )
        )  # fmt: skip
    return tuple(problems)


def _without_base(facts: Facts, *, running: bool) -> str:
    """What to do: a running plan keeps its base, also where GitHub has renamed the branch and led its pulls along."""
    if not running:
        return "Create it, or name another one in a line `Base: branch`"
    aims = {pull.base for stream in facts.workstreams.values() for pull in stream.pulls if pull.state is PullState.OPEN}
    if len(aims) == 1 and facts.base.name not in aims:
        return f"If it was renamed to {code(aims.pop())}, where the pull requests aim now, give it its old name again"
    return "Create it again where it was; pull requests that GitHub closed with it can be reopened then"


def of_edit(
    facts: Facts, *, plan: Plan, pending: Plan, branches: Mapping[Key, Branch], intent: Intent
) -> tuple[Problem, ...]:
    """Return what is wrong with an edit of a running plan, its own problems first.

    `plan` is the one in force with what earlier edits left out, `branches` as survey.py names them.
    """
    found = [*pending.problems, *after_start(facts), *_base_problem(facts, pending, plan, intent)]
    taken = {branches[each.key]: each.key for each in plan.workstreams if each.key in branches}
    spelled = {each.key.casefold(): each.key for each in plan.workstreams}
    for stream in difference(plan, pending).added:
        branch = branches.get(stream.key)
        if branch is None:
            found.append(_too_many(stream))
        elif (like := spelled.get(stream.key.casefold())) is not None:
            found.append(_spelling(stream, like))
        elif (owner := taken.get(branch)) is not None:
            found.append(_taken(stream, branch, owner))
        else:
            taken[branch] = stream.key
            found.extend(_branch_problem(facts, stream, branch))
    return tuple(found)


def _base_problem(facts: Facts, pending: Plan, plan: Plan, intent: Intent) -> Iterator[Problem]:
    """A plan keeps its base: what has landed would be missing on another one."""
    wanted = pending.base or facts.repository.default_branch
    if intent.start is not None and pending.base != plan.base and wanted != intent.start.base:
        kept = code(intent.start.base)
        yield _error(
            0, "base-changed", f"The text names the base {code(wanted)}, but a running plan keeps {kept}",
            f"Name {kept} again; for another base, open a plan of its own in a new issue",
        )  # fmt: skip


def _too_many(stream: Workstream) -> Problem:
    return _error(
        stream.line, "too-many-workstreams",
        f"With {name(stream.key)} there are more workstreams than one plan may have, those left out by edits included",
        "Write what is new as a plan of its own, in a new issue",
    )  # fmt: skip


def _spelling(stream: Workstream, like: Key) -> Problem:
    return _error(
        stream.line, "key-spelling",
        f"{name(stream.key)} differs from {name(like)}, which this plan has had, in nothing but capital letters",
        f"Write {name(like)} if it is the same workstream, else choose another key",
    )  # fmt: skip


def _taken(stream: Workstream, branch: Branch, owner: Key) -> Problem:
    return _error(
        stream.line, "branch-taken", f"Branch {code(branch)} of {name(stream.key)} belongs to {name(owner)}",
        f"Name another branch, or keep the key {name(owner)} if it is the same workstream",
    )  # fmt: skip


def _branch_problem(facts: Facts, stream: Workstream, branch: Branch) -> tuple[Problem, ...]:
    if branch in {facts.base.name, facts.repository.default_branch}:
        message = f"Branch {code(branch)} is where others merge into, so nobody can work on it"
        return (_error(stream.line, "branch-is-base", message, "Name another branch for this workstream"),)
    found = facts.workstreams.get(stream.key, WorkstreamFacts()).branch
    if found is None or found.sha == facts.base.sha or found.ahead == 0:
        return ()
    ahead = "commits" if found.ahead is None else f"{found.ahead} commit{'' if found.ahead == 1 else 's'}"
    return (
        _error(
            stream.line, "branch-exists",
            f"Branch {code(branch)} exists already, with {ahead} that {code(facts.base.name)} has not",
            "Delete or merge that branch, or name another one for this workstream",
        ),
    )  # fmt: skip


def _is_its_own(facts: Facts, stream: Workstream, branch: Branch) -> bool:
    """Whether a pull of this plan was opened on the branch."""
    pulls = facts.workstreams.get(stream.key, WorkstreamFacts()).pulls
    mine = (facts.issue.number, stream.key)
    return any(pull.head == branch and read_workstream_marker(pull.body) == mine for pull in pulls)


def _error(line: int, code_: str, message: str, hint: str) -> Problem:
    return Problem(line=line, severity=Severity.ERROR, code=code_, message=message, hint=hint)
