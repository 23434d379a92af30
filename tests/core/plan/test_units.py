"""Which parts of a text are its workstreams, one example for each way in which people write plans."""

import pytest

from bot.core.plan.reader import read_plan
from tests.core.plan.build import codes, needs

FAMILIES = {
    "role-named agents, two of them in a table only": (
        """
## Wave 1

| Agent | Role | Branch |
|---|---|---|
| **Schema agent** | Tables and migrations | `w/schema` |
| **API agent** | Endpoints | `w/api` |

## Wave 2

| Agent | Role | Branch |
|---|---|---|
| **Billing/tax agent** | Invoices | `w/billing` |

## Ownership
### Schema agent — `w/schema`
Files: `db/**`
### API agent — `w/api`
Files: `api/**`
""",
        {
            "Schema agent": "Tables and migrations",
            "API agent": "Endpoints",
            "Billing/tax agent": "Invoices",
        },
    ),
    "tracks below phases": (
        """
## Phase 1
### Track A: Parser
**Deliverables:**
- `src/parse.rs`
### Track B: Printer
**Deliverables:**
- `src/print.rs`
## Phase 2
### Track C: Tools
**Dependencies:** Track A, Track B
""",
        {"Track A": "Parser", "Track B": "Printer", "Track C": "Tools"},
    ),
    "lanes with labels of their own": (
        """
### Lane 1: Sound
**Lane ID**: sound-lane
**Lane Status**: open
**Owns**: `src/sound/**`
### Lane 2: Picture
**Lane ID**: picture-lane
**Lane Status**: open
**Owns**: `src/picture/**`
""",
        {"Lane 1": "Sound", "Lane 2": "Picture"},
    ),
    "task numbers in a table, and a need that a bold line introduces": (
        """
**T-10: Agree on the format**
It was agreed.

| Task ID | Description | Dependencies |
|---|---|---|
| T-11 | Reader | T-10 |
| T-12 | Writer | T-10 |
""",
        {"T-10": "Agree on the format", "T-11": "Reader", "T-12": "Writer"},
    ),
    "a container with a branch and no members is one too": (
        """
### Plan 0 — Ground work
- **Branch:** `ground/work`
### Plan 1 — Product
#### P1a — Shop
- **Branch:** `feat/shop`
- **Merge after:** ground/work
#### P1b — Stock
- **Branch:** `feat/stock`
""",
        {"Plan 0": "Ground work", "P1a": "Shop", "P1b": "Stock"},
    ),
    "tasks that only a code block lists": (
        """
## Graph
```
Wave 1:
  Task 1: lexer
Wave 2 (parallel):
├── Task 2: parser (depends on 1)
└── Task 3: errors (depends on 1)
```
## Notes
**Task 2** (parse.ts) and **Task 3** (errors.ts) share nothing.
""",
        {"Task 1": "lexer", "Task 2": "parser", "Task 3": "errors"},
    ),
    "a roster of bold lines below its leads": (
        """
## Leads
### 1. front-lead (Agent L1)
**Responsibilities**:
- delegate
### 2. back-lead (Agent L2)
**Responsibilities**:
- delegate
## Specialist agents
### Front
**3. router-builder** (Agent S1)
**Deliverables**:
- routes
**4. form-builder** (Agent S2)
**Deliverables**:
- forms
### Back
**5. queue-builder** (Agent S3)
**Deliverables**:
- queues
""",
        {"3": "router-builder", "4": "form-builder", "5": "queue-builder"},
    ),
    "bold lines instead of headings": (
        """
**Agent A: Import**
Branch: `a/import`
Files: `import/**`

**Agent B: Export**
Branch: `a/export`
Files: `export/**`
""",
        {"Agent A": "Import", "Agent B": "Export"},
    ),
    "pull requests of a stack": (
        """
| PR | Branch | Base |
|---|---|---|
| PR1 types | `stack/1` | `main` |
| PR2 store | `stack/2` | `stack/1` |
""",
        {"PR1": "types", "PR2": "store"},
    ),
    "milestone deliverables, each a linked heading with the same form": (
        """
## [Accounts for teams](https://github.com/octo/demo/issues/31)
**Owner**: core
**Checklist**:
- [ ] Code: link
- [ ] Docs: link
## [Exports as CSV](https://github.com/octo/demo/issues/32)
**Owner**: web
**Checklist**:
- [ ] Code: link
- [ ] Docs: link
## [Audit trail](https://github.com/octo/demo/issues/33)
**Owner**: core
**Checklist**:
- [ ] Code: link
- [ ] Docs: link
""",
        {"#31": "Accounts for teams", "#32": "Exports as CSV", "#33": "Audit trail"},
    ),
    "OpenSpec: sections are the work, their numbered boxes the steps": (
        """
## 1. Store
- [ ] 1.1 Add the column
- [ ] 1.2 Fill it
## 2. Screen
- [ ] 2.1 Show it
- [ ] 2.2 Sort by it
## 3. Verification
- [ ] 3.1 Run everything
""",
        {"1": "Store", "2": "Screen", "3": "Verification"},
    ),
    "superpowers: tasks with steps as boxes": (
        """
### Task 1: Limits
**Files:**
- Create: `src/limits.py`
- [ ] **Step 1: Write the failing test**
- [ ] **Step 2: Make it pass**
### Task 2: Quotas
**Files:**
- Modify: `src/quotas.py`
- [ ] **Step 1: Write the failing test**
- [ ] **Step 2: Make it pass**
""",
        {"Task 1": "Limits", "Task 2": "Quotas"},
    ),
    "spec-kit work packages": (
        """
## Work Package WP01: Skeleton (Priority: P0)
### Included Subtasks
- [ ] T001 Make the folder
- [ ] T002 Add the config
### Dependencies
- None
## Work Package WP02: Upload (Priority: P1)
### Included Subtasks
- [ ] T003 Read the file
### Dependencies
- WP01
""",
        {"WP01": "Skeleton (Priority: P0)", "WP02": "Upload (Priority: P1)"},
    ),
    "an umbrella issue: struck, declared and legend boxes are no work": (
        """
- [ ] = open
- [x] = done

- [x] Lexer
- [ ] ~Old parser~
- [ ] New parser
  - [ ] expressions
  - [ ] statements
- [ ] ~~Macros~~ (later)
- [ ] 2.0 Release
""",
        {"item-1": "Lexer", "item-2": "New parser", "item-3": "2.0 Release"},
    ),
    "references as boxes, one of them twice": (
        """
### Must
- [ ] https://github.com/octo/demo/issues/7 - Drop the old flag
- [ ] https://github.com/octo/demo/issues/7 - Rename the new flag
- [ ] #9
### Non-blocking work items
- [ ] #11
""",
        {"#7": "Drop the old flag", "item-2": "Rename the new flag", "#9": "#9", "#11": "#11"},
    ),
    "boxes below graduation criteria are no work": (
        """
## Graduation Criteria
- [ ] it is tested
- [ ] it is documented
- [ ] it has users
## Roadmap
- [ ] Beta of the balancer
- [ ] Balancer by default
- [ ] Remove the old balancer
""",
        {"item-1": "Beta of the balancer", "item-2": "Balancer by default", "item-3": "Remove the old balancer"},
    ),
    "an ownership table of names": (
        """
| Agent | Owns | Must not touch |
|---|---|---|
| Backend | `api/**` | `web/**` |
| Frontend | `web/**` | `api/**` |
""",
        {"Backend": "Backend", "Frontend": "Frontend"},
    ),
    "a roster in a table": (
        """
## Agents
| # | Agent | Responsibility |
|---|---|---|
| 1 | router-builder | routes |
| 2 | form-builder | forms |
""",
        {"1": "router-builder", "2": "form-builder"},
    ),
    "a Task Master file": (
        """
# Task ID: 4
# Title: Importer
# Subtasks:
## 1. Read the file [done]
### Dependencies: None
### Description: reads
## 2. Check the rows [pending]
### Dependencies: 4.1
### Description: checks
""",
        {"1": "Read the file", "2": "Check the rows"},
    ),
    "milestones where nothing is smaller": (
        """
## Milestone 1: Core
**Deliverables:**
- parser
**Dependencies:** none
## Milestone 2: Site
**Deliverables:**
- pages
**Dependencies:** Milestone 1
""",
        {"Milestone 1": "Core", "Milestone 2": "Site"},
    ),
    "a merge order of pulls and nothing else": (
        """
## Merge order
1. #101 Types
2. #102 Store (depends on #101)
3. #103 Screen (depends on #102)
4. #104 Docs
""",
        {"#101": "Types", "#102": "Store", "#103": "Screen", "#104": "Docs"},
    ),
    "spec-kit tasks with marks": (
        """
## Phase 1: Setup
- [ ] T001 Make the folder
- [ ] T002 [P] Add the linter
## Phase 2: First story
- [ ] T003 [P] [US1] Add the model
""",
        {"T001": "Make the folder", "T002": "Add the linter", "T003": "Add the model"},
    ),
    "people instead of agents": (
        """
### Developer A — Backend
**Branch**: `a/backend`
### Developer B — Frontend
**Branch**: `b/frontend`
""",
        {"Developer A": "Backend", "Developer B": "Frontend"},
    ),
    "drafts of issues that stand in the fences with their headings": (
        """
# To file
```markdown
### Issue 1: Upload
**Labels:** feature
- [ ] a
```

```markdown
### Issue 2: Download
**Labels:** feature
- [ ] b
```
""",
        {"Issue 1": "Upload", "Issue 2": "Download"},
    ),
    "German": (
        """
### Aufgabe 1: Speicher
**Dateien:** `speicher.py`
### Aufgabe 2: Anzeige
**Dateien:** `anzeige.py`
**Abhängig von:** Aufgabe 1
""",
        {"Aufgabe 1": "Speicher", "Aufgabe 2": "Anzeige"},
    ),
    "Spanish": (
        """
### Agente A: Datos
**Archivos:** `datos.py`
### Agente B: Pantalla
**Archivos:** `pantalla.py`
""",
        {"Agente A": "Datos", "Agente B": "Pantalla"},
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_units_of_each_family(name: str) -> None:
    text, expected = FAMILIES[name]
    assert {str(each.key): each.title for each in read_plan(text).workstreams} == expected


def test_a_need_in_a_code_block_is_read() -> None:
    text, _ = FAMILIES["tasks that only a code block lists"]
    assert needs(read_plan(text)) == {"Task 1": (), "Task 2": ("Task 1",), "Task 3": ("Task 1",)}


def test_a_table_adds_nobody_whose_branch_is_taken() -> None:
    plan = read_plan(
        "### QA agent — `w/qa`\nFiles: `qa/**`\n### API agent — `w/api`\nFiles: `api/**`\n\n"
        "| Agent | Branch |\n|---|---|\n| Quality agent | `w/qa` |\n| API agent | `w/api` |\n| QA agent | `w/qa` |\n"
    )
    assert [each.key for each in plan.workstreams] == ["QA agent", "API agent"]


def test_the_same_reference_in_another_section_is_the_same_work() -> None:
    plan = read_plan("## Now\n- [ ] #3 Fast path\n- [ ] #4 Slow path\n- [ ] #5 Docs\n## Order\n- [ ] #3 Fast path\n")
    assert [each.key for each in plan.workstreams] == ["#3", "#4", "#5"]
    assert "duplicate-key" not in codes(plan)
