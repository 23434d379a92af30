"""`signalbox lint`: what was understood of a plan and why, as text for a terminal, JSON, mermaid graph and normal form.

Must not read files or print; `__main__` does.
"""

import re
from dataclasses import dataclass
from typing import assert_never

from bot.core.model import Aspect, Origin, Plan, Problem, Sureness, Workstream
from bot.core.plan.graph import waves
from bot.core.plan.normal import normal
from bot.core.plan.reader import read_plan

_UNSAFE = re.compile(r"[^\w .,:;/+()-]")
MAX_NODE_TITLE = 60  # characters


@dataclass(frozen=True, slots=True)
class LintReport:
    """A plan that was read, ready to be shown."""

    plan: Plan
    name: str = "plan"  # what the text is called in problem lines, such as the file's name

    @property
    def exit_code(self) -> int:
        """0 = fine, 1 = problems that block a start, 2 = not readable as a plan."""
        if not self.plan.workstreams:
            return 2
        return 1 if self.plan.blocking else 0

    def to_json(self) -> dict[str, object]:
        """Return the form of the `lint` interface; `acceptance` is a count, the items are in `acceptance_items`."""
        return {
            "title": self.plan.title,
            "base_branch": self.plan.base,
            "workstreams": [_workstream(each) for each in self.plan.workstreams],
            "merge_order": [list(each) for each in self.plan.merge_order] if self.plan.merge_order else None,
            "waves": [list(each) for each in waves(self.plan)],
            "origins": [
                {
                    "kind": each.kind.value,
                    "workstream": each.of,
                    "what": each.what,
                    "line": each.line,
                    "sure": each.sure.value,
                }
                for each in self.plan.origins
            ],
            "problems": [
                {
                    "line": each.line,
                    "severity": each.severity.value,
                    "code": each.code,
                    "message": each.message,
                    "hint": each.hint,
                }
                for each in self.plan.problems
            ],
        }

    def to_text(self) -> str:
        """Return what a terminal shows: workstreams, waves, from which lines that was understood, problems."""
        plan = self.plan
        base = plan.base or "the default branch"
        lines = [f"{plan.title or 'Untitled plan'}: {_count(len(plan.workstreams), 'workstream')}, base: {base}"]
        for each in plan.workstreams:
            needs = f", needs {', '.join(each.needs)}" if each.needs else ""
            counts = f"{_count(len(each.files), 'file')}, {_count(len(each.acceptance), 'acceptance item')}"
            lines.append(f"  {each.key}: {each.title} (line {each.line})")
            lines.append(f"      branch {each.branch or 'named by Signalbox'}, {counts}{needs}")
        if plan.workstreams:
            lines.append("Waves: " + " | ".join(", ".join(each) for each in waves(plan)))
        lines += self._origins()
        lines += [self._problem(each) for each in plan.problems]
        return "\n".join(lines) + "\n"

    def _origins(self) -> list[str]:
        """Return what the list above does not say: a workstream that is stated has its line there."""
        shown = [
            each for each in self.plan.origins if each.kind is not Aspect.WORKSTREAM or each.sure is not Sureness.STATED
        ]
        return ["Understood from:", *(f"  {_origin(each)}" for each in shown)] if shown else []

    def _problem(self, problem: Problem) -> str:
        place = f"{self.name}:{problem.line}" if problem.line else self.name
        return f"{place} {problem.severity.value} {problem.code}: {problem.message}\n  {problem.hint}"

    def to_markdown(self) -> str:
        """Return the plan in the canonical form: reading it gives the same plan."""
        return normal(self.plan)

    def to_mermaid(self) -> str:
        """Return the graph of what lands before what, as a mermaid flowchart; a comment alone if there is none."""
        if not self.plan.workstreams:
            return "%% No workstreams were found in this text.\n"
        ids = {each.key: f"n{n}" for n, each in enumerate(self.plan.workstreams)}
        lines = ["flowchart LR"]
        lines += [f'    {ids[each.key]}["{_label(each.key, each.title)}"]' for each in self.plan.workstreams]
        for each in self.plan.workstreams:
            lines += [f"    {ids[need]} --> {ids[each.key]}" for need in self.plan.prerequisites(each.key)]
        return "\n".join(lines) + "\n"


def _workstream(stream: Workstream) -> dict[str, object]:
    return {
        "key": stream.key,
        "title": stream.title,
        "branch": stream.branch,
        "files": list(stream.files),
        "depends_on": list(stream.needs),
        "acceptance": len(stream.acceptance),
        "acceptance_items": list(stream.acceptance),
        "validation": list(stream.validation),
        "ticked": stream.ticked,
        "line": stream.line,
    }


def _label(key: str, title: str) -> str:
    text = key if title == key else f"{key}: {title}"
    return _UNSAFE.sub(" ", text)[:MAX_NODE_TITLE].strip()


def _origin(origin: Origin) -> str:
    """Return one line such as "W2 needs W1: line 133, derived"."""
    match origin.kind:
        case Aspect.WORKSTREAM:
            words = f"{origin.of} is a workstream"
        case Aspect.BRANCH:
            words = f"{origin.of} is on branch {origin.what}"
        case Aspect.FILE:
            words = f"{origin.of} owns {origin.what}"
        case Aspect.NEED:
            words = f"{origin.of} needs {origin.what}"
        case Aspect.ORDER:
            words = f"{origin.of} is step {origin.what} of the merge order"
        case _:
            assert_never(origin.kind)
    doubt = "" if origin.sure is Sureness.STATED else f", {origin.sure.value}"
    return f"{words}: line {origin.line}{doubt}"


def lint(text: str, title: str = "", name: str = "plan") -> LintReport:
    """Read a text and return the report on it. Never raises."""
    return LintReport(read_plan(text, title), name)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
