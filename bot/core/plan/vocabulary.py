"""The words people use for the parts of a plan, kept as data; the only place to add a synonym or a language.

Must hold no logic beyond looking a word up. Phrases are lower case, without punctuation, separated by `|`.
"""

import re
from enum import Enum
from functools import lru_cache


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split("|"))


class Field(Enum):
    """A part of a workstream or of a plan that a label can announce."""

    BRANCH = "branch"
    BASE = "base"
    FILES = "files"
    NEEDS = "needs"
    BLOCKS = "blocks"  # the other way round: what waits for this one
    SCOPE = "scope"
    OUT_OF_SCOPE = "out of scope"
    ACCEPTANCE = "acceptance"
    VALIDATION = "validation"
    COORDINATION = "coordination"  # prose about others: read for needs only
    TITLE = "title"
    KEY = "key"
    OTHER = "other"  # known, and nothing that Signalbox acts on


#: A label that equals one of these phrases, or begins with one of them as whole words.
PHRASES: dict[Field, tuple[str, ...]] = {
    Field.BRANCH: _phrases(
        """
        branch | branch name | git branch | head | head branch | source branch | feature branch | working branch |
        zweig | rama | ramo | branche
        """
    ),
    Field.BASE: _phrases(
        """
        base | base branch | target branch | merge into | merges into | integration branch | target | zielbranch
        """
    ),
    Field.FILES: _phrases(
        """
        files | file | files to modify | files to create | files to create/modify | files to create/update | owned
        files | owned paths | owns | primary files | key files | files/modules | modified files | new files | modify
        | create | files owned | file ownership | ownership | paths | owned path | affected files | files touched |
        touches | relevant files | files affected | can also modify | also modifies | may edit | may create |
        arquivos | archivos | ficheiros | dateien | fichiers
        """
    ),
    Field.NEEDS: _phrases(
        """
        depends on | dependency | dependencies | depends | needs | requires | blocked by | after | prerequisite |
        prerequisites | deps | merge after | starts after | start after | waits for | waits on | waiting for |
        blockers | prereqs | upstream | predecessors | abhangig von | abhängig von | abhängigkeiten | depende de |
        dependências | dependencias | dépend de | dépendances | bloqueada por | bloqueado por | blockiert durch |
        blockiert von | bloqué par | espera por | wartet auf
        """
    ),
    Field.BLOCKS: _phrases(
        """
        blocks | blocking | unblocks | merge before | required by | needed by | dependents | enables
        """
    ),
    Field.SCOPE: _phrases(
        """
        scope | what to do | tasks | task | work | to do | todo | deliverables | steps | responsibilities |
        description | goal | goals | objective | objectives | mission | summary | includes | implementation |
        details | included subtasks | subtasks | responsibility | work items | actions | first task | focus | umfang | aufgaben |
        ziel | alcance | tareas | objetivo | tarefas | escopo | portée | tâches | test strategy | implementation
        notes | key requirements
        """
    ),
    Field.OUT_OF_SCOPE: _phrases(
        """
        out of scope | does not include | not in scope | non goals | non-goals | excludes | not included | do not |
        do not touch | must not touch | must not | off limits | forbidden | not allowed | never touch | do not
        modify | do not edit | read only | read-only | not blocking | non-blocking work items | nicht enthalten |
        fuera de alcance | fora do escopo | hors périmètre
        """
    ),
    Field.ACCEPTANCE: _phrases(
        """
        acceptance | acceptance criteria | done when | definition of done | success criteria | exit criteria | dod |
        success | completion criteria | checklist | quality gates | done | akzeptanz | akzeptanzkriterien | abnahme
        | fertig wenn | criterios de aceptación | critérios de aceitação | critères d'acceptation
        """
    ),
    Field.VALIDATION: _phrases(
        """
        validation | validate | verification | verify | tests that must pass | commands | checks | test commands |
        how to test | test command | validation commands | check commands | run before | required checks | test plan
        | independent test | testing | tests | prüfung | validación | validação
        """
    ),
    Field.COORDINATION: _phrases(
        """
        coordinate with | coordination | must coordinate with | integration with | notes | note | risk | conflicts
        """
    ),
    Field.TITLE: _phrases(
        """
        title | name | description | summary | workstream | what | work | task | feature | role | deliverable |
        titel | título
        """
    ),
    Field.KEY: _phrases(
        """
        id | key | task id | # | no | issue | pr | agent | ticket | track | ref | story | wp | lane
        """
    ),
    Field.OTHER: _phrases(
        """
        priority | prio | effort | estimate | estimated time | estimated effort | duration | status | owner |
        assignee | risk | labels | directory | worktree | agent type | team | skills | prompt | key code location |
        rationale | why | impact | time | timeline | complexity | context | background | output | phase | wave |
        start | start date | model | reviewer | priorität | aufwand | verantwortlich | prioridade | prioridad
        """
    ),
}

#: Headings of the sections that state in which order things merge.
ORDER_HEADINGS = _phrases(
    """
    merge order | integration order | execution order | recommended merge order | order of merging | order of
    execution | merge sequence | merging order | recommended order | landing order | implementation order | strict
    order | merge strategy | merge plan | build order | recommended execution order | sequence | dependency order |
    milestone order | phase order | rollout order | review order | order of work | execution sequence | rollout
    plan | merge reihenfolge | reihenfolge | orden de fusión | orden de integración | ordem de merge | ordem de execução |
    ordre de fusion | order of integration | integration sequence | landing sequence
    """
)
#: Those of them that as often tell how to merge (squash, rebase) as in which order.
STRATEGY_HEADINGS = _phrases(
    """
    merge strategy | merge plan | sequence
    """
)
#: Headings of the sections that hold the workstreams.
UNIT_HEADINGS = _phrases(
    """
    workstreams | workstream | agent workstreams | tasks | task breakdown | work packages | work items | tracks |
    agents | team structure | lanes | plan | issues | milestones | deliverables | epics | stories | the pull
    requests | pull requests | parallel tracks | implementation tasks | sprint structure | blocking | todo | roadmap
    | progress | checklist | arbeitspakete | tareas | tarefas | agentes
    """
)
#: Those of them below which any heading with a label ("Backend: Title") is a workstream.
HOLDERS = _phrases(
    """
    workstreams | the workstreams | parallel workstreams | work streams
    """
)
#: Headings of the sections whose lists are no work of this plan.
ASIDE_HEADINGS = _phrases(
    """
    out of scope | not blocking | not included | non-goals | future work | future | later | punted |
    deferred | backlog | nice to have | open questions | notes | references | appendix | ideas | won't do | wontfix
    | rejected | success criteria | acceptance criteria | definition of done | validation checklist | checklist |
    verification | review gates | risks | how to | troubleshooting | rules | prerequisites
    | graduation criteria | exit criteria | drawbacks | alternatives considered
    """
)
#: Headings of texts that are no plans, by kind. Two of them make a plan unlikely.
BUG_TEXTS = _phrases(
    """
    steps to reproduce | how to reproduce | to reproduce | reproduction | reproducible code | minimal reproducible code
    | expected behaviour | expected behavior | actual behaviour | actual behavior | current behavior | observed behavior
    | rust version | debug output | additional context | describe the bug | environment | stack trace | error message
    | log output | system info | screenshots
    """
)
MINUTES_TEXTS = _phrases(
    """
    attendees | participants | apologies | action items | meeting notes | minutes | agenda | next meeting
    | teilnehmer | asistentes | participantes | ordre du jour | tagesordnung | pauta
    """
)
README_TEXTS = _phrases(
    """
    installation | installing | getting started | quick start | quickstart | usage | license | licence | contributing
    | acknowledgements | acknowledgments | citation | badges | faq | authors
    """
)
REPORT_TEXTS = _phrases(
    """
    changelog | what was done | what we did | what i did | what was accomplished | accomplishments | work completed |
    completed work | session summary | files changed | changes made | lessons learned | what went well | what went wrong
    | test results | commits made
    """
)
#: What titles of such texts say.
BUG_TITLES = _phrases("bug | bug report | crash | crashes | panic | regression | broken")
MINUTES_TITLES = _phrases("meeting | minutes | standup | stand-up | weekly sync | retro | retrospective")
README_TITLES = _phrases("readme")
TEMPLATE_TEXTS = _phrases("type of change | checklist before merging | how has this been tested")
TEMPLATE_TITLES = _phrases(
    "pr template | pull request template | issue template | release template | checklist template"
)
REPORT_TITLES = _phrases(
    """
    session report | session summary | session notes | status report | progress report | completion report | completion
    summary | post-mortem | postmortem | handoff | handover | implementation summary | changelog
    """
)
#: Words that name a unit of work: "Agent A", "Track 2".
UNITS = _phrases(
    """
    agent | team | track | workstream | work package | stream | lane | task | issue | epic | story | ticket | pr |
    pull request | workpackage | squad | module | feature | deliverable | subtask | job |
    worker | developer | dev | engineer | claude | coder |
    terminal | slice | work item | agente | equipo | equipe |
    tarefa | tarea | aufgabe | arbeitspaket | tâche | trilha | pista | carril | frente | equipa | strang
    """
)
#: Words that name a stretch of time or a container of units: "Phase 1", "Week 2".
CONTAINERS = _phrases(
    """
    milestone | plan | phase | wave | stage | fase | part | section | step | sprint | week | day | hour | iteration
    | round | option | level | checkpoint | batch | group | appendix | table | figure | chapter | version | release
    | case | example | welle
    """
)

#: Those of them that come one after the other, whatever the calendar says.
WAVE_WORDS = _phrases("wave | phase | stage | batch | round | level | fase | welle | onda | ola | vague")
#: Those of these that are as often a theme as a time.
PHASE_WORDS = _phrases("phase | stage | fase")

#: A needs field that says so begins with one of these.
NONE_WORDS = _phrases(
    """
    none | nothing | no dependencies | no dependency | n/a | na | - | – | — | independent | keine | ninguna |
    ninguno | nenhuma | nenhum | aucune | no blockers | start immediately | can start immediately | nil | 0
    """
)
#: Verbs and prepositions before what somebody depends on. Order matters: the longer phrase first.
AFTER_WORDS = _phrases(
    """
    depends strictly on | depends directly on | depends on | depend on | dependent on | blocked until | blocked by |
    blocked on | waits for | wait for | waits on | waiting for | waiting on | requires | require | needs | need |
    builds on | build on | stacked on | branched from | after | once | follows | following | rebase onto | rebased
    onto | nach | benötigt | después de | depende de | depois de | após | après
    """
)
#: Verbs before what somebody comes ahead of.
BEFORE_WORDS = _phrases(
    """
    must merge before | merges before | merge before | lands before | must land before | before | blocks | unblocks
    | vor | antes de | avant
    """
)
#: What runs beside something.
BESIDE_WORDS = _phrases(
    """
    in parallel with | parallel with | parallel to | alongside | concurrently with | together with | same time as |
    parallel zu | en paralelo con | em paralelo com
    """
)
#: Words that say a need is met already.
DONE_WORDS = _phrases(
    """
    ✅ | ☑ | ✔ | done | completed | complete | merged | finished | resolved | erledigt
    """
)
#: What a plan says when no file is to have two owners.
EXCLUSIVE_WORDS = _phrases(
    """
    avoid overlap | no overlap | without overlap | do not overlap | must not overlap | no two agents edit |
    exclusive owner | no file overlap | no shared files
    """
)

#: Programs whose name at the start of a code span makes it a command.
COMMANDS = frozenset(
    _phrases(
        """
        alembic | bash | bazel | black | bun | bundle | cargo | cd | cmake | composer | cypress | deno | docker |
        docker-compose | dotnet | eslint | flake8 | forge | go | gradle | gradlew | hatch | helm | jest | just |
        kubectl | make | mix | mvn | mypy | nox | npm | npx | nx | php | phpunit | playwright | pnpm | poetry |
        pre-commit | prettier | pyright | pytest | python | python3 | rake | rspec | ruff | rustc | sbt | sh | swift
        | terraform | tox | tsc | turbo | uv | vitest | xcodebuild | yarn | zig
        """
    )
)
#: Endings that make a word without a slash a file.
FILE_TYPES = frozenset(
    _phrases(
        """
        astro | bash | bat | bazel | c | cc | cfg | clj | cmd | conf | cpp | cs | css | csv | cts | cxx | dart |
        diff | editorconfig | ejs | env | erl | ex | exs | feature | fish | gitignore | go | gql | gradle | graphql
        | groovy | h | hbs | hpp | hs | html | ini | ipynb | java | jinja | jl | jpg | js | json | json5 | jsonc |
        jsx | kt | kts | less | lock | lua | m | md | mdx | mjs | mk | ml | mm | mod | mts | nix | php | pl | plist
        | png | po | prisma | properties | proto | ps1 | py | pyi | pyx | r | rb | rs | rst | sass | scala | scss |
        sh | snap | sol | sql | sqlite3 | sum | svelte | svg | swift | tex | tf | toml | ts | tsx | txt | vue | wasm
        | webp | xml | yaml | yml | zig | zsh
        """
    )
)
#: Files without such an ending, lower case.
FILE_NAMES = frozenset(
    _phrases(
        """
        .env | .gitignore | codeowners | dockerfile | gemfile | jenkinsfile | justfile | license | makefile |
        procfile | rakefile | vagrantfile
        """
    )
)

_NOISE = re.compile(r"[^\w#/&'’ -]+")
_REMARK = re.compile(r"\([^()]{0,200}\)")
_SPACES = re.compile(r"\s+")
_EXACT: dict[str, Field] = {phrase: kind for kind, phrases in reversed(PHRASES.items()) for phrase in phrases}


_OPENERS = {
    "files",
    "acceptance",
    "arquivos",
    "archivos",
    "ficheiros",
    "dateien",
    "fichiers",
    "tarefas",
    "tareas",
    "aufgaben",
}
_BEGINS = sorted((each for each in _EXACT if " " in each or each in _OPENERS), key=len, reverse=True)


@lru_cache(maxsize=4096)
def folded(label: str) -> str:
    """Return a label as the phrases are written: lower case, without remarks in parentheses, punctuation and emoji."""
    return _SPACES.sub(" ", _NOISE.sub(" ", _REMARK.sub(" ", label.lower()))).strip(" -")


@lru_cache(maxsize=4096)
def field_of(label: str) -> Field | None:
    """Return the field a label announces, None if it is none of the known words."""
    words = folded(label)
    if words in _EXACT:
        return _EXACT[words]
    for phrase in _BEGINS:
        if words.startswith(phrase) and words[len(phrase) : len(phrase) + 1] in {" ", "/"}:
            return _EXACT[phrase]
    return None


def is_about(heading: str, phrases: tuple[str, ...]) -> bool:
    """Say whether a heading contains one of the phrases as whole words."""
    words = f" {folded(heading.replace('(', ' ').replace(')', ' '))} "
    return any(f" {phrase} " in words for phrase in phrases)


def is_none(text: str) -> bool:
    """Say whether a value states that there is nothing."""
    words = text.strip().lower().lstrip("*_ ").rstrip(" .*_")
    return words in NONE_WORDS or any(
        words.startswith(each) and words[len(each) : len(each) + 1] in set(" (,.;—–-")
        for each in NONE_WORDS
        if len(each) > 1
    )
