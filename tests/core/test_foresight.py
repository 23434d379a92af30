"""Who is next, the longest chain, what would merge and what stops the rest: case by case."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.config import Config
from bot.core.facts import (
    Freeze,
    PullState,
    TrainFacts,
    Waiting,
)
from bot.core.foresight import Line, Simulation, line_up, simulate
from bot.core.ledger import Rollback
from bot.core.model import (
    Branch,
    Intent,
    IssueNumber,
    Key,
    Login,
    MergeMethod,
    OnRed,
    PlanState,
    Removal,
    Stage,
    Update,
)
from bot.core.train_actions import method_of
from bot.core.verify import Finding, Verification
from bot.core.views import GateVerdict, Need, RollbackView, WorkstreamView
from tests.build import (
    a_gate,
    a_plan,
    a_pull,
    a_repository,
    a_stream,
    a_stream_view,
    a_view,
    ago,
    an_intent,
    an_order,
    sha,
)

W1, W2, W3, W4, W5 = (Key(f"W{number}") for number in range(1, 6))


def keys_of(run: Simulation) -> list[Key]:
    return [each.workstream.key for each in run.merges]


def in_line(line: Line) -> list[Key]:
    return [each.stream.workstream.key for each in line.places]


def standing(key: str, stage: Stage, *needs: str, met: tuple[str, ...] = (), **more: Any) -> WorkstreamView:
    """A workstream in a stage, with what it needs; `met`: those that have landed."""
    wanted = tuple(
        Need(key=Key(each), stage=Stage.READY, met=each in met, pull=None, waits_for="") for each in (*met, *needs)
    )
    fields = {"workstream": a_stream(key, needs=(*met, *needs)), "needs": wanted, "gates": GATES.get(stage, ())}
    return a_stream_view(key, stage, **{**fields, **more})


PASSING = (a_gate("order"), a_gate("review"), a_gate("turn"))
WAITING_FOR_ORDER = (a_gate("order", GateVerdict.WAIT), a_gate("review"), a_gate("turn"))
UNREVIEWED = (a_gate("order", GateVerdict.WAIT), a_gate("review", GateVerdict.NEEDS_HUMAN, next_actor="a reviewer"))
GATES = {
    Stage.MERGEABLE: PASSING,
    Stage.QUEUED: WAITING_FOR_ORDER,
    Stage.NEEDS_QA: UNREVIEWED,
    Stage.RUNNING: UNREVIEWED,
    Stage.READY: UNREVIEWED,
    Stage.WAITING: UNREVIEWED,
}


def test_in_a_wave_the_nearest_to_a_merge_comes_first() -> None:
    view = a_view(
        standing("W1", Stage.HELD),
        standing("W2", Stage.RUNNING),
        standing("W3", Stage.NEEDS_QA),
        standing("W4", Stage.MERGEABLE, "W9", met=("W9",)),
        standing("W5", Stage.MERGEABLE),
        standing("W6", Stage.QUEUED, "W1"),
        standing("W9", Stage.DONE),
    )
    line = line_up(view)
    assert in_line(line) == ["W4", "W5", "W3", "W2", "W1", "W6"]
    assert [each.wave for each in line.places] == [1, 1, 1, 1, 1, 2]


def test_a_place_says_what_it_unblocks_directly_and_how_many_further_on() -> None:
    view = a_view(
        standing("W1", Stage.MERGEABLE),
        standing("W2", Stage.QUEUED, "W1"),
        standing("W3", Stage.WAITING, "W1", "W2"),
        standing("W4", Stage.WAITING, "W3"),
        standing("W5", Stage.WAITING, "W4"),
    )
    found = {each.stream.workstream.key: (each.unblocks, each.further) for each in line_up(view).places}
    assert found == {W1: ((W2, W3), 2), W2: ((W3,), 2), W3: ((W4,), 1), W4: ((W5,), 0), W5: ((), 0)}


def test_the_longest_chain_counts_the_merges_that_are_still_to_be_made() -> None:
    view = a_view(
        standing("W1", Stage.VERIFYING),
        standing("W2", Stage.QUEUED, "W1"),
        standing("W3", Stage.WAITING, "W2"),
        standing("W4", Stage.MERGEABLE),
    )
    line = line_up(view)
    assert (line.critical, line.merges) == ((W1, W2, W3), 2)


def test_of_chains_of_one_length_the_first_in_line_is_told() -> None:
    view = a_view(standing("W1", Stage.READY), standing("W2", Stage.MERGEABLE))
    assert line_up(view).critical == (W2,)


def test_a_plan_without_workstreams_has_an_empty_line() -> None:
    view = replace(a_view(), streams=(), waves=())
    assert line_up(view) == Line(places=(), critical=(), merges=0, plans_before=(), other_plans=0)
    assert simulate(view).merges == ()


@pytest.mark.parametrize(
    ("holder", "waiting", "before", "others"),
    [
        pytest.param(None, (), (), 0, id="nobody"),
        pytest.param(5, (8,), (), 1, id="this one has it"),
        pytest.param(8, (9, 5, 3), (8, 9), 3, id="another has it, one waits longer"),
        pytest.param(8, (8, 5), (8,), 1, id="the holder waits again"),
        pytest.param(None, (9,), (9,), 1, id="this one does not wait yet"),
        pytest.param(None, (5, 9), (), 1, id="this one is next"),
    ],
)
def test_other_plans_before_this_one(
    holder: int | None, waiting: tuple[int, ...], before: tuple[int, ...], others: int
) -> None:
    train = TrainFacts(
        holder=IssueNumber(holder) if holder else None,
        waiting=tuple(Waiting(issue=IssueNumber(each), key=W1, since=ago(5)) for each in waiting),
    )
    line = line_up(a_view(train=train))
    assert (line.plans_before, line.other_plans) == (before, others)


def test_a_merge_that_is_being_verified_counts_as_there() -> None:
    view = a_view(standing("W1", Stage.VERIFYING), standing("W2", Stage.QUEUED, "W1"))
    run = simulate(view)
    assert [each.workstream.key for each in run.proving] == [W1]
    assert keys_of(run) == [W2]


@pytest.mark.parametrize("finding", [Finding.RED, Finding.UNCLEAR])
def test_a_merge_about_which_people_must_decide_stops_everything(finding: Finding) -> None:
    pull = a_pull(state=PullState.MERGED)
    turn = a_gate("turn", GateVerdict.WAIT, reason="It broke the base", next_actor="a maintainer")
    view = a_view(
        standing("W1", Stage.VERIFYING, pull=pull),
        standing("W2", Stage.QUEUED, "W1"),
        standing("W3", Stage.QUEUED, gates=(a_gate("order"), turn)),
        verifications={pull.number: Verification(finding=finding, reason="Red", next_actor="whoever looks")},
    )
    run = simulate(view)
    assert (run.stop, keys_of(run)) == (turn, [W3])
    assert [(each.stream.workstream.key, each.next_actor) for each in run.blocked] == [(W1, "whoever looks")]
    assert [(each.stream.workstream.key, each.waits_for) for each in run.behind] == [(W2, (W1,))]


def test_a_turn_that_ends_by_itself_stops_nothing() -> None:
    turn = a_gate("turn", GateVerdict.WAIT)
    freeze = Freeze(issue=IssueNumber(8), words="W1 is being verified", outside=False)
    view = a_view(standing("W1", Stage.QUEUED, gates=(turn,)), train=TrainFacts(frozen=(freeze,)))
    run = simulate(view)
    assert (run.turn, run.stop, keys_of(run)) == (turn, None, [W1])


def test_a_freeze_stops_everything_until_somebody_lifts_it() -> None:
    turn = a_gate("turn", GateVerdict.WAIT)
    view = a_view(standing("W1", Stage.QUEUED, gates=(turn,)), intent=an_intent(frozen=an_order()))
    run = simulate(view)
    assert (run.stop, keys_of(run)) == (turn, [W1])


def test_a_pause_stops_everything_and_hides_nothing() -> None:
    paused = a_gate("paused", GateVerdict.WAIT)
    review = a_gate("review", GateVerdict.NEEDS_HUMAN)
    hold = a_gate("hold", GateVerdict.NEEDS_HUMAN)
    view = a_view(
        standing("W1", Stage.HELD, gates=(paused, a_gate("order"))),
        standing("W2", Stage.HELD, "W1", gates=(paused, a_gate("order", GateVerdict.WAIT), review)),
        standing("W3", Stage.HELD, gates=(paused, hold)),
        intent=an_intent(paused=an_order()),
    )
    run = simulate(view)
    assert (run.stop, keys_of(run)) == (paused, [W1])
    assert [each.gate for each in run.blocked] == [review, hold]


def back_of(*keys: Key) -> RollbackView:
    rollback = Rollback(
        number=1, to="cp-0", sha=sha("base"), tree=sha("tree"), keys=keys, pulls=(), changes=(), reason="Red",
        by=None, at=ago(2), onto=sha("m1"), exact=True,
    )  # fmt: skip
    return RollbackView(rollback=rollback, branch=Branch("back"), pull=None)


def test_what_is_being_rolled_back_does_not_count_as_there() -> None:
    turn = a_gate("turn", GateVerdict.WAIT)
    view = a_view(
        standing("W1", Stage.DONE),
        standing("W2", Stage.QUEUED, met=("W1",), gates=(a_gate("order"), turn)),
        standing("W3", Stage.QUEUED, gates=(a_gate("order"), turn)),
        rollback=back_of(W1),
    )
    run = simulate(view)
    assert (run.stop, keys_of(run)) == (turn, [W3])
    assert [(each.stream.workstream.key, each.gate) for each in run.blocked] == [(W1, None)]
    assert [each.waits_for for each in run.behind] == [(W1,)]
    alone = simulate(replace(view, config=Config(on_red=OnRed.ROLLBACK)))
    assert (alone.stop, alone.turn) == (None, turn)


def test_an_update_is_made_by_signalbox_unless_approvals_go_with_it() -> None:
    behind = a_gate("freshness", GateVerdict.WAIT)
    view = a_view(
        standing("W1", Stage.QUEUED, gates=(a_gate("order"), behind)), config=Config(update=Update.ALWAYS_CURRENT)
    )
    assert keys_of(simulate(view)) == [W1]
    run = simulate(replace(view, config=Config(update=Update.ALWAYS_CURRENT, fresh_approvals=True)))
    assert ([each.gate for each in run.blocked], run.merges) == ([behind], ())


@pytest.mark.parametrize(
    ("stream", "actor"),
    [
        pytest.param(standing("W1", Stage.READY, pull=None, gates=()), "Signalbox", id="being opened"),
        pytest.param(
            standing("W1", Stage.FAILED, pull=a_pull(state=PullState.CLOSED)),
            "whoever says `/signalbox retry`",
            id="closed",
        ),
        pytest.param(
            standing("W1", Stage.ROLLED_BACK, pull=a_pull(state=PullState.MERGED)),
            "whoever says `/signalbox retry`",
            id="rolled back",
        ),
        pytest.param(
            standing("W1", Stage.FAILED, pull=a_pull(state=PullState.MERGED)), "a maintainer", id="merged elsewhere"
        ),
        pytest.param(
            standing("W1", Stage.HELD, pull=None, removed=Removal(title="x", by=Login("mia"), at=ago(5))),
            "a maintainer",
            id="left out before it had a pull",
        ),
    ],
)
def test_who_acts_next_where_no_gate_says_it(stream: WorkstreamView, actor: str) -> None:
    (blocked,) = simulate(a_view(stream)).blocked
    assert (blocked.gate, blocked.next_actor) == (None, actor)


def test_a_failed_one_is_told_with_its_failed_gate() -> None:
    failed = a_gate("checks", GateVerdict.NEEDS_HUMAN, reason="`unit` failed", next_actor="its owner")
    stream = standing("W1", Stage.FAILED, gates=(a_gate("draft", GateVerdict.WAIT), failed))
    (blocked,) = simulate(a_view(stream)).blocked
    assert (blocked.gate, blocked.next_actor) == (failed, "its owner")


def test_before_a_start_everything_counts_as_finished() -> None:
    streams = (
        standing("W2", Stage.WAITING, "W1", pull=None, gates=()),
        standing("W1", Stage.READY, pull=None, gates=()),
    )
    view = a_view(*streams, intent=Intent(), waves=((W1,), (W2,)), plan=a_plan(*(each.workstream for each in streams)))
    assert view.state is PlanState.PREVIEW
    assert keys_of(simulate(view)) == [W1, W2]


def test_a_repository_that_allows_no_method_is_shown_with_githubs_first() -> None:
    assert method_of(a_view(repository=a_repository(merge_methods=frozenset()))) is MergeMethod.MERGE
