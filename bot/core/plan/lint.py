"""`signalbox lint`: what was understood of a plan, as text for a terminal, as JSON and as a mermaid graph.

Must not read files or print; `__main__` does.
"""

import re
from dataclasses import dataclass

from bot.core.model import Plan, Problem
from bot.core.plan.graph import waves
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
            "workstreams": [
                {
                    "key": each.key,
                    "title": each.title,
                    "branch": each.branch,
                    "files": list(each.files),
                    "depends_on": list(each.needs),
                    "acceptance": len(each.acceptance),
                    "acceptance_items": list(each.acceptance),
                    "validation": list(each.validation),
                    "ticked": each.ticked,
                    "line": each.line,
                }
                for each in self.plan.workstreams
            ],
            "merge_order": [list(each) for each in self.plan.merge_order] if self.plan.merge_order else None,
            "waves": [list(each) for each in waves(self.plan)],
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
        """Return what a terminal shows: workstreams, waves, problems."""
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
        lines += [self._problem(each) for each in plan.problems]
        return "\n".join(lines) + "\n"

    def _problem(self, problem: Problem) -> str:
        place = f"{self.name}:{problem.line}" if problem.line else self.name
        return f"{place} {problem.severity.value} {problem.code}: {problem.message}\n  {problem.hint}"

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


def _label(key: str, title: str) -> str:
    text = key if title == key else f"{key}: {title}"
    return _UNSAFE.sub(" ", text)[:MAX_NODE_TITLE].strip()


def lint(text: str, title: str = "", name: str = "plan") -> LintReport:
    """Read a text and return the report on it. Never raises."""
    return LintReport(read_plan(text, title), name)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
