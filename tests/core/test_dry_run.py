"""What the dry run says is what then happens: a base onto which decisions merge, and nothing else changes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.actions import MergePull
from bot.core.decide import decide
from bot.core.facts import (
    CheckState,
    CommitFacts,
    Facts,
    Mergeable,
    PullFacts,
    PullState,
    Step,
)
from bot.core.foresight import line_up, simulate
from bot.core.judge import judge
from bot.core.memory import Memory
from bot.core.model import (
    Branch,
    Intent,
    Key,
    Login,
    MergeMethod,
    Sha,
    Stage,
)
from bot.core.plan.graph import ancestors
from bot.core.plan.revision import revision_of
from bot.core.train_actions import method_of
from bot.core.views import PlanView
from tests.build import (
    NOW,
    a_base,
    a_check,
    a_memory,
    a_pull,
    a_repository,
    a_start,
    an_issue,
    an_order,
    facts,
    minutes,
    sha,
)
from tests.core.test_foresight import in_line, keys_of
from tests.draws import drawn

#: What may be wrong with a pull, so that it does not merge; "" = nothing.
FLAWS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "draft": {"draft": True},
    "unreviewed": {"reviews": ()},
    "unticked": {"body": "- [ ] it works\n"},
    "red": {"checks": (a_check(state=CheckState.FAILED),)},
    "running": {"checks": (a_check(state=CheckState.PENDING),)},
    "conflict": {"mergeable": Mergeable.NO},
    "unknown": {"mergeable": Mergeable.UNKNOWN},
    "elsewhere": {"base": Branch("next")},
    "closed": {"state": PullState.CLOSED},
    "held": {},
    "skipped": {},
}


def plan_of(needs: Mapping[str, tuple[str, ...]]) -> str:
    sections = [
        f"### {key}: Part {key}\n- Branch: `part/{key.lower()}`\n- Files: `{key.lower()}.py`\n"
        f"- Depends on: {', '.join(wanted) or 'none'}\n"
        for key, wanted in needs.items()
    ]
    return "# Plan\n\nBase: `main`\n\n## Workstreams\n\n" + "\n".join(sections)


class Track:
    """A base onto which decisions merge, one after the other. Nothing else ever changes; its checks are green at once."""

    def __init__(self, needs: Mapping[str, tuple[str, ...]], flaws: Mapping[str, str], config: str) -> None:
        self.body = plan_of(needs)
        self.config = config
        self.now = NOW
        self.steps: list[Step] = []
        self.merges: list[Key] = []
        self.pulls: dict[str, PullFacts] = {
            key: a_pull(
                20 + at,
                **{"head": Branch(f"part/{key.lower()}"), "head_sha": sha(key), "title": key, **FLAWS[flaws[key]]},
            )
            for at, key in enumerate(needs)
        }
        held, skipped = ({Key(key): an_order() for key in needs if flaws[key] == flaw} for flaw in ("held", "skipped"))
        start = a_start(revision=revision_of(self.body))
        intent = Intent(start=start, held=held, skipped=skipped)
        self.memory: Memory = a_memory(approved_body=self.body, good_config=config, intent=intent, tip=sha("base"))

    @property
    def tip(self) -> Sha:
        return self.steps[-1].sha if self.steps else sha("base")

    def facts(self) -> Facts:
        known = [each.sha for each in self.steps]
        course = self.steps[known.index(self.memory.tip) + 1 :] if self.memory.tip in known else self.steps
        pulls = {
            key: replace(pull, trial_tree=sha(f"t{self.tip[:6]}{key}"), trial_parents=(self.tip, pull.head_sha))
            for key, pull in self.pulls.items()
        }
        commits = {
            each: CommitFacts(sha=each, tree=sha("tree"), parents=(), checks=(a_check(),))
            for each in (sha("base"), *known)
        }
        return facts(
            now=self.now, issue=an_issue(body=self.body), base=a_base(sha=self.tip), config_source=self.config,
            pulls=pulls, course=tuple(course), commits=commits,
        )  # fmt: skip

    def view(self) -> PlanView:
        return judge(self.facts(), self.memory)

    def run(self) -> None:
        """Decide and merge until nothing merges any more."""
        for _ in range(3 * len(self.pulls) + 3):
            self.now += minutes(1)
            seen = self.facts()
            decision = decide(seen, self.memory)
            self.memory = decision.memory
            merge = next((each for each in decision.actions if isinstance(each, MergePull)), None)
            if merge is not None:
                self.merge(merge, seen)

    def merge(self, merge: MergePull, seen: Facts) -> None:
        pull = seen.workstreams[Key(merge.key)].pulls[0]
        assert pull.trial_tree is not None
        new = sha(f"m{len(self.steps)}{merge.key}")
        self.steps.append(
            Step(
                sha=new, tree=pull.trial_tree, before=self.tip, tree_before=sha("before"), headline="Merge",
                author="signalbox[bot]", at=self.now, pulls=(pull.number,),
            )
        )  # fmt: skip
        self.merges.append(Key(merge.key))
        self.pulls[merge.key] = replace(
            pull, state=PullState.MERGED, merged_at=self.now, merge_sha=new, merged_by=Login("signalbox[bot]")
        )


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Graphs without cycles, of up to six workstreams that the plan lists in any order."""
    keys = [f"W{number}" for number in range(1, draw(st.integers(1, 6)) + 1)]
    needs = {
        key: tuple(draw(st.lists(st.sampled_from(keys[:at]), unique=True)) if at else ()) for at, key in enumerate(keys)
    }
    return {key: needs[key] for key in draw(st.permutations(keys))}


@settings(max_examples=drawn(10), deadline=None)
@given(data=st.data(), needs=graphs(), config=st.sampled_from(["verify: []\n", "verify: [unit]\n"]))
def test_the_dry_run_is_what_then_happens(data: st.DataObject, needs: dict[str, tuple[str, ...]], config: str) -> None:
    flaw = st.sampled_from(["", "", "", *FLAWS])
    track = Track(needs, {key: data.draw(flaw, label=key) for key in needs}, config)
    view = track.view()
    run = simulate(view)
    assert simulate(view) == run
    foreseen = keys_of(run)
    before = ancestors(view.plan)
    over = {each.workstream.key for each in view.streams if each.stage is Stage.CANCELLED}
    for at, stream in enumerate(run.merges):
        assert {gate.gate for gate in stream.blocking} <= {"order", "turn"}
        direct = {need.key for need in stream.needs}
        assert direct <= over | set(foreseen[:at])
        assert direct <= before[stream.workstream.key]
    stopped = [each.stream.workstream.key for each in run.blocked]
    told = [*foreseen, *stopped, *(each.stream.workstream.key for each in run.behind)]
    assert sorted([*told, *over]) == sorted(needs)
    track.run()
    assert list(foreseen) == track.merges


@settings(max_examples=drawn(10), deadline=None)
@given(data=st.data(), needs=graphs())
def test_a_line_holds_every_unfinished_one_after_what_it_needs(
    data: st.DataObject, needs: dict[str, tuple[str, ...]]
) -> None:
    flaw = st.sampled_from(["", "", *FLAWS])
    view = Track(needs, {key: data.draw(flaw, label=key) for key in needs}, "verify: []\n").view()
    line = line_up(view)
    order = in_line(line)
    assert sorted(order) == sorted(each.workstream.key for each in view.streams if each.stage is not Stage.CANCELLED)
    assert [each.wave for each in line.places] == sorted(each.wave for each in line.places)
    for place in line.places:
        at = order.index(place.stream.workstream.key)
        assert not {need.key for need in place.stream.needs if not need.met} & set(order[at:])
    assert max((each.wave for each in line.places), default=0) == len(line.critical)
    for need, key in zip(line.critical, line.critical[1:], strict=False):
        assert need in {each.key for each in view.stream(key).needs}


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        (wanted, frozenset(allowed))
        for wanted in (None, *MergeMethod)
        for allowed in (MergeMethod, list(MergeMethod)[1:])
    ],
)
def test_the_method_is_that_of_the_real_merge(wanted: MergeMethod | None, allowed: frozenset[MergeMethod]) -> None:
    track = Track({"W1": ()}, {"W1": ""}, f"merge_method: {wanted.value}\n" if wanted else "")
    seen = replace(track.facts(), repository=a_repository(merge_methods=allowed))
    (merge,) = (each for each in decide(seen, track.memory).actions if isinstance(each, MergePull))
    assert method_of(judge(seen, track.memory)) is merge.method
