"""Texts that are no plans give no workstreams, and the problem says why and what to do."""

import pytest

from bot.core.plan.reader import read_plan
from tests.core.plan.build import codes

OTHERS = {
    "bug form": (
        """
### Please complete the following tasks
- [x] I have searched the existing issues
- [x] I have read the guide
- [x] I've tried the latest version
### Steps to reproduce
1. Start it
2. Press the button
### Actual behaviour
It stops.
### Expected behaviour
It goes on.
""",
        "a bug report",
    ),
    "bug with a list of fixes": (
        """
**Describe the bug**
The list is empty.
**Expected behavior**
The list is full.
**To Reproduce**
Steps.

- [ ] find the cause
- [ ] write a test
- [ ] mend it
""",
        "a bug report",
    ),
    "minutes": (
        """
# Weekly meeting

**Attendees:** Ada, Wim

## Agenda
1. Release
2. Budget
3. Offices
4. Party

## Action items
- [ ] Ada: ask the printer
- [ ] Wim: book a room
- [ ] Mia: write to the caterer
""",
        "meeting notes",
    ),
    "readme": (
        """
# Gizmo
## Installation
Run the installer.
## Usage
Start it.
## Roadmap
- [x] Windows
- [ ] Linux
- [ ] Phones
## License
MIT
""",
        "a README",
    ),
    "session report": (
        """
# Session report: search
## What was done
- [x] Index rebuilt
- [x] Query parser replaced
- [x] Ranking tuned
## Files changed
- `src/index.py`
- `src/rank.py`
## Lessons learned
Measure first.
""",
        "a report of work already done",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_texts_give_no_workstreams_and_say_what_they_look_like(name: str) -> None:
    text, genre = OTHERS[name]
    plan = read_plan(text)
    assert plan.workstreams == ()
    assert codes(plan) == ["no-workstreams"]
    assert f"This reads like {genre}" in plan.problems[0].message
    assert "take the label off" in plan.problems[0].hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The text is empty"),
        ("Let us do this soon.", "no heading with a key, no list of checkboxes and no table of tasks"),
        ("- [ ] one thing\n- [ ] another\n", "The 2 checkboxes from line 1 on name too little"),
        ("## Out of scope\n\n- [ ] a\n- [ ] b\n- [ ] c\n", "The 3 checkboxes from line 3 on stand below a heading"),
        ("Intro.\n\n### W1: Alone\n\nText.\n", "is alone, which makes no list of workstreams"),
    ],
    ids=["empty", "prose", "bare", "aside", "alone"],
)
def test_the_reason_names_what_was_found(text: str, message: str) -> None:
    plan = read_plan(text)
    assert plan.workstreams == ()
    assert message in plan.problems[0].message
    assert "### W1: Title" in plan.problems[0].hint


def test_environments_called_tracks_are_no_plan() -> None:
    text = (
        "# Two tracks\n## Track A — your machine\nRun `make up`.\n## Track B — production\nRun `make ship`.\n"
        "## Rules\n- **Track A** (local): never commit its settings.\n- **Track B** (remote): branch from `main`.\n"
    )
    assert read_plan(text).workstreams == ()


def test_a_plan_with_every_field_stays_one_among_such_headings() -> None:
    plan = read_plan(
        "## Installation\nx\n## Usage\ny\n## Workstreams\n"
        "### W1: One\nBranch: `a/1`\nFiles: `a.py`\n### W2: Two\nBranch: `a/2`\nFiles: `b.py`\nDepends on: W1\n"
    )
    assert [each.key for each in plan.workstreams] == ["W1", "W2"]


def test_the_title_of_the_issue_counts_as_one_sign() -> None:
    text = "## Steps to reproduce\nPress it.\n\n- [ ] find it\n- [ ] test it\n- [ ] mend it\n"
    assert read_plan(text, "Add search").workstreams != ()
    assert read_plan(text, "Bug: search is empty").workstreams == ()
