"""Drafts of issues that stand in fences are opened, and every line keeps its number."""

import pytest

from bot.core.plan.fenced import unfenced
from bot.core.plan.reader import read_plan

DRAFTS = """# Drafts
## Issue 1: Upload

```markdown
## Summary
Files can be sent.

## Acceptance Criteria
- [ ] a file of 1 GB arrives

## Example
```yaml
# not a heading
limit: 1
```

## Files
- `src/upload.py`
```

## Issue 2: Download

```markdown
## Acceptance Criteria
- [ ] it resumes
```
"""


def test_drafts_of_issues_in_fences_are_opened() -> None:
    plan = read_plan(DRAFTS)
    one, two = plan.workstreams
    assert (one.key, one.title, one.acceptance) == ("Issue 1", "Upload", ("a file of 1 GB arrives",))
    assert one.files == ("src/upload.py",)
    assert (two.key, two.line, two.acceptance) == ("Issue 2", 21, ("it resumes",))


@pytest.mark.parametrize(
    "text",
    [
        "## Template\n```markdown\n### W1: Title\n```\n",
        "## Issue 1: a\n```markdown\n## Summary\n",
        "## Issue 1: a\n```python\n# comment\n```\n",
        "## Issue 1: a\n```markdown\n```yaml\na: 1\n```\n",
    ],
    ids=["no unit above", "never closed", "another language", "closed once too few"],
)
def test_other_fences_stay(text: str) -> None:
    assert unfenced(text) == text


def test_unfencing_keeps_the_lines() -> None:
    assert unfenced(DRAFTS).count("\n") == DRAFTS.count("\n")
