"""The answers to `order` and `simulate`, and the buttons of the check. `SIGNALBOX_GOLDEN=write` writes them anew."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.config import Config
from bot.core.facts import Mergeable, PullFacts, TrainFacts, Waiting
from bot.core.foresight import line_up, simulate
from bot.core.model import Intent, IssueNumber, Key, MergeMethod, Mode, PlanState, Stage, Update
from bot.core.render.check import check_output
from bot.core.render.foresight import CHAIN_LIMIT, order_reply, simulate_reply
from bot.core.render.parts import COMMENT_LIMIT, size
from bot.core.views import GateResult, GateVerdict, PlanView
from tests.build import a_plan, a_stream, a_stream_view, a_view
from tests.golden import scenes, train_scenes
from tests.golden.test_hostile import HOSTILE, assert_harmless
from tests.golden.test_texts import FILES, compare

W1 = Key("W1")


def order(view: PlanView) -> str:
    return order_reply(view, line_up(view))


def dry_run(view: PlanView) -> str:
    return simulate_reply(view, simulate(view))


def finished(*keys: str) -> dict[str, PullFacts]:
    """Pulls that have all they need of their own."""
    return {key: scenes.finished(key, 10 + int(key[1:])) for key in keys}


def train(view: PlanView, *waiting: int, holder: int | None = None) -> PlanView:
    """The view with other plans on its base."""
    plans = tuple(Waiting(issue=IssueNumber(each), key=W1, since=scenes.NOW) for each in waiting)
    return replace(view, train=TrainFacts(holder=IssueNumber(holder) if holder else None, waiting=plans))


def busy() -> PlanView:
    """W1 and W2 finished, W3 in review, W4 finished, W5 untouched."""
    return scenes.started({**finished("W1", "W2", "W4"), "W3": scenes.handed_in("W3", 13)})


def all_finished(config: str | None = None, intent: Intent | None = None) -> PlanView:
    return scenes.started(finished("W1", "W2", "W3", "W4", "W5"), config=config, intent=intent)


def frozen() -> PlanView:
    return all_finished(intent=Intent(frozen=scenes.order("release day")))


def busy_base() -> PlanView:
    """Another plan has the turn."""
    view = all_finished()
    turn = GateResult(
        gate="turn", verdict=GateVerdict.WAIT, reason="Plan #9 has its turn on `main`", next_actor="plan #9"
    )
    first = view.streams[0]
    gates = (*(each for each in first.gates if each.gate != "turn"), turn)
    return replace(view, streams=(replace(first, gates=gates, stage=Stage.QUEUED), *view.streams[1:]))


TEXTS: dict[str, Callable[[], str]] = {
    "order": lambda: order(busy()),
    "order_preview": lambda: order(scenes.preview()),
    "order_preview_problems": lambda: order(scenes.preview(scenes.BROKEN)),
    "order_preview_cycle": lambda: order(scenes.preview(scenes.CYCLE)),
    "order_midway": lambda: order(scenes.midway()),
    "order_paused": lambda: order(scenes.STAGES["held_paused"][0]),
    "order_cancelled": lambda: order(scenes.STAGES["cancelled"][0]),
    "order_train": lambda: order(train(busy(), 9, 7, 8, holder=4)),
    "order_train_first": lambda: order(train(busy(), 7, 8)),
    "simulate": lambda: dry_run(busy()),
    "simulate_all": lambda: dry_run(all_finished("checks: all\nverify: [unit, lint]\nmerge_method: squash\n")),
    "simulate_none": lambda: dry_run(scenes.started()),
    "simulate_manual": lambda: dry_run(
        all_finished("mode: manual\nverify: []\n", Intent(merges={Key("W2"): scenes.order()}))
    ),
    "simulate_manual_preview": lambda: dry_run(scenes.preview(config="mode: manual\n")),
    "simulate_frozen": lambda: dry_run(frozen()),
    "simulate_paused": lambda: dry_run(scenes.STAGES["held_paused"][0]),
    "simulate_held": lambda: dry_run(scenes.STAGES["held"][0]),
    "simulate_failed": lambda: dry_run(scenes.STAGES["failed_closed"][0]),
    "simulate_midway": lambda: dry_run(scenes.midway()),
    "simulate_busy_base": lambda: dry_run(busy_base()),
    "simulate_preview": lambda: dry_run(scenes.preview()),
    "simulate_preview_problems": lambda: dry_run(scenes.preview(scenes.BROKEN)),
    "simulate_preview_cycle": lambda: dry_run(scenes.preview(scenes.CYCLE)),
    "simulate_cancelled": lambda: dry_run(scenes.STAGES["cancelled"][0]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(name: str) -> None:
    compare(f"foresight/{name}", TEXTS[name]())


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in (FILES / "foresight").glob("*.md")} == set(TEXTS) | {"buttons"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (Config(verify=()), "`main` is not verified after a merge (`verify: []`)."),
        (Config(update=Update.BEFORE_MERGE), "after it was brought up to date where it is behind, with checks on"),
        (Config(update=Update.ALWAYS_CURRENT, fresh_approvals=True), "with checks and approvals on the new head"),
        (Config(merge_method=MergeMethod.REBASE), "lands on `main` rebased (`rebase`)"),
    ],
)
def test_how_merges_are_made_is_the_configs(config: Config, words: str) -> None:
    assert words in dry_run(replace(all_finished(), config=config))


def test_a_complete_plan_is_told_to_be_so() -> None:
    view = replace(all_finished(), state=PlanState.COMPLETED)
    assert "This plan is complete." in dry_run(view)
    assert "nothing left to simulate" in dry_run(view)


def test_a_plan_without_workstreams_merges_nothing() -> None:
    view = scenes.preview("The search is slow.")
    assert "nothing can merge" in dry_run(view)
    assert "It has no workstreams." in dry_run(replace(view, problems=()))
    assert order(view).startswith("Nobody has started this plan yet.")


def test_in_mode_manual_people_press_merge_once_a_stop_is_lifted() -> None:
    view = replace(frozen(), config=Config(mode=Mode.MANUAL))
    assert "Once that is settled: 5 merges, then the plan is complete. In mode `manual` people press merge." in dry_run(
        view
    )


def test_one_merge_is_told_as_one() -> None:
    assert "**Dry run: 1 merge would happen by itself, then 4 are left.**" in dry_run(scenes.started(finished("W1")))


def test_one_merge_is_not_told_to_be_verified_before_a_next() -> None:
    view = scenes.preview("## Workstreams\n\n### W1: Alone\n- Branch: `alone`\n")
    assert "**Critical path:** **W1**: 1 merge." in order(view)


def test_what_unblocks_nothing_says_so() -> None:
    body = "## Workstreams\n\n### W1: Alone\n- Branch: `settings`\n- Files: `a.py`\n"
    assert "Merging it unblocks nothing else." in order(scenes.started(finished("W1"), body=body))


def test_what_was_needed_is_named_for_the_next_one() -> None:
    view = all_finished(intent=Intent(skipped={W1: scenes.order()}))
    assert "Everything it needs has landed or was skipped (W1), and every gate passes." in order(view)


def test_a_long_chain_is_told_by_its_ends() -> None:
    keys = [f"W{number}" for number in range(1, 40)]
    body = "## Workstreams\n\n" + "\n".join(
        f"### {key}: Part\n- Branch: `{key}`\n- Depends on: {before}\n"
        for key, before in zip(keys, ["none", *keys], strict=False)
    )
    text = order(scenes.preview(body))
    chain = next(line for line in text.splitlines() if line.startswith("**Critical path:**"))
    assert chain.count("→") == CHAIN_LIMIT
    assert f"… {len(keys) - CHAIN_LIMIT} more … → **W39**: 39 merges" in chain


def test_what_a_rollback_takes_back_is_told_to_be() -> None:
    view = a_view(a_stream_view("W1", Stage.FAILED, pull=None))
    blocked = replace(simulate(view).blocked[0], gate=None, next_actor="")
    assert "The rollback takes it back." in simulate_reply(view, replace(simulate(view), blocked=(blocked,)))


@pytest.mark.parametrize("words", HOSTILE)
def test_no_word_of_a_plan_does_anything(words: str) -> None:
    streams = tuple(
        replace(each.workstream, key=Key(f"{words}{at}"), title=words) for at, each in enumerate(busy().streams)
    )
    keys = {each.workstream.key: new.key for each, new in zip(busy().streams, streams, strict=True)}
    streams = tuple(replace(each, needs=tuple(keys[need] for need in each.needs)) for each in streams)
    views = tuple(
        replace(
            view,
            workstream=new,
            note=view.note,
            needs=tuple(replace(need, key=keys[need.key]) for need in view.needs),
            gates=tuple(each for each in view.gates if each.gate != "order"),
        )
        for view, new in zip(busy().streams, streams, strict=True)
    )
    view = replace(
        busy(),
        plan=replace(busy().plan, workstreams=streams),
        streams=views,
        waves=tuple(tuple(keys[key] for key in wave) for wave in busy().waves),
    )
    for text in (order(view), dry_run(view), order(replace(view, state=PlanState.PREVIEW, intent=Intent())),
                 dry_run(replace(view, state=PlanState.PREVIEW, intent=Intent()))):  # fmt: skip
        assert_harmless(text)


def test_a_large_plan_stays_within_a_comment() -> None:
    streams = [a_stream(f"W{number}", "A title that is long " * 10) for number in range(600)]
    plan = a_plan(*streams)
    view = a_view(*(a_stream_view(each.key, workstream=each) for each in streams), plan=plan)
    for shown in (view, replace(view, state=PlanState.PREVIEW)):
        assert size(order(shown)) < COMMENT_LIMIT
        assert size(dry_run(shown)) < COMMENT_LIMIT


# ---- buttons ----


def buttons(view: PlanView, key: str = "W1") -> list[str]:
    return [each.identifier for each in check_output(view, view.stream(Key(key))).buttons]


def behind(view: PlanView, commits: int = 2) -> PlanView:
    return replace(view, streams=tuple(replace(each, behind=commits) for each in view.streams))


def test_buttons_of_each_stage() -> None:
    lines = [f"{name}: {' '.join(buttons(view, key)) or '-'}" for name, (view, key) in scenes.STAGES.items()]
    lines += [
        f"{name}, behind: {' '.join(buttons(behind(view), key)) or '-'}" for name, (view, key) in scenes.STAGES.items()
    ]
    compare("foresight/buttons", "\n".join(lines))


def test_buttons_keep_githubs_limits_and_explain_comes_last() -> None:
    for view, key in scenes.STAGES.values():
        for shown in (view, behind(view)):
            check = check_output(shown, shown.stream(Key(key)))
            assert len(check.buttons) <= 3
            assert all(len(each.label) <= 20 and len(each.description) <= 40 for each in check.buttons)
            assert all(len(each.identifier) <= 20 for each in check.buttons)
            assert not check.buttons or (check.status, check.buttons[-1].identifier) == ("completed", "why")


def test_a_pull_that_somebody_told_to_merge_has_no_button_for_it_any_more() -> None:
    view = scenes.started({"W1": scenes.finished("W1", 11)}, config="mode: manual\n")
    assert buttons(view) == ["merge", "why"]
    assert buttons(replace(view, intent=replace(view.intent, merges={W1: scenes.order()}))) == []
    assert buttons(replace(view, config=replace(view.config, mode=Mode.AUTO))) == []


def test_what_is_no_longer_in_the_plan_or_aims_elsewhere_is_not_brought_up_to_the_base() -> None:
    assert buttons(behind(scenes.STAGES["left_out"][0]), "W5") == ["why"]
    assert buttons(behind(scenes.STAGES["violation"][0])) == ["why"]


def test_no_button_is_shown_that_would_surely_be_refused() -> None:
    conflict = behind(scenes.started({"W1": replace(scenes.finished("W1", 11), mergeable=Mergeable.NO)}))
    assert buttons(conflict) == ["why"]
    closed = scenes.started({"W1": scenes.closed("W1", 11)})
    gone = replace(closed, streams=(replace(closed.streams[0], branch_sha=None), *closed.streams[1:]))
    assert (buttons(closed), buttons(gone)) == (["retry", "why"], ["why"])
    broke, key = train_scenes.STAGES["base_broken"]
    assert buttons(broke, key) == ["why"]
    unopened = replace(closed, streams=(replace(closed.streams[0], pull=None), *closed.streams[1:]))
    assert buttons(unopened) == ["why"]
