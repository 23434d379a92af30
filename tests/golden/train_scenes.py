"""Plans around a merge: verified, broken, taken back, brought anew, frozen, waiting for their turn."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.core.facts import (
    CheckFacts,
    CommitFacts,
    Freeze,
    PullFacts,
    PullState,
    Seen,
    TrainFacts,
    Waiting,
    WorkstreamFacts,
)
from bot.core.ledger import Landing, Rollback, Stray
from bot.core.memory import Memory
from bot.core.model import Again, Branch, Intent, IssueNumber, Key, Login, NodeId, PullNumber, Sha
from bot.core.render.rollback import pull_text
from bot.core.trial import Combination, Tested
from bot.core.trials import pair
from bot.core.views import PlanView
from tests.golden.scenes import (
    BASE_SHA,
    GREEN,
    NOW,
    PENDING,
    RED,
    finished,
    just_opened,
    landing,
    ledger,
    merged,
    order,
    started,
    worked_on,
)

OPEN = {"W2": 12, "W3": 13, "W4": 14}
W1, W2, W3, W4 = Key("W1"), Key("W2"), Key("W3"), Key("W4")
LANDED = {"W1": merged("W1", 11, 60), "W2": merged("W2", 12, 285)}
ROLLBACK = PullFacts(
    number=PullNumber(21), node_id=NodeId("PR_21"), url="https://github.example/octo/shop/pull/21",
    title="Roll back W2 to cp-1", body="", state=PullState.OPEN, draft=False, head=Branch("signalbox/7/rollback-1"),
    head_sha=Sha("5" * 40), head_message="Roll back W2 to cp-1", head_at=NOW, changed_files=3, base=Branch("main"),
    author=Login("signalbox[bot]"), created_at=NOW - timedelta(minutes=10), mergeable=just_opened("W1", 11).mergeable,
    checks=(GREEN,),
)  # fmt: skip


def after(*checks: CheckFacts, config: str | None = None, memory: Memory | None = None, **more: object) -> PlanView:
    """W1 and W2 have landed; the base with W2 in shows these checks."""
    known = memory if memory is not None else unverified()
    commit = CommitFacts(sha=known.landings[-1].sha, tree=known.landings[-1].tree, parents=(), checks=checks)
    pulls = {**LANDED, "W3": finished("W3", 13)}
    return started(pulls, config=config, memory=known, more={"commits": {commit.sha: commit}, **more})


def unverified() -> Memory:
    """The ledger of the two, before anything was seen of the second."""
    known = ledger(LANDED)
    last = replace(known.landings[-1], green=None, evidence=())
    return replace(known, landings=(known.landings[0], last), checkpoints=known.checkpoints[:-1])


def rollback(**more: object) -> Rollback:
    """The way back to before W2."""
    last = unverified().landings[-1]
    first = Rollback(
        number=1, to="cp-1", sha=last.before, tree=last.tree_before, keys=(W2,), pulls=(last.pull,),
        changes=((last.sha, last.tree_before),), reason="The base broke with `W2`: `tests` by CI failed", by=None,
        at=NOW - timedelta(minutes=12), onto=last.sha, exact=True, built=ROLLBACK.head_sha, built_tree=last.tree_before,
    )  # fmt: skip
    return replace(first, **more)  # type: ignore[arg-type]


def returning(pull: PullFacts | None = ROLLBACK, config: str | None = None, **more: object) -> PlanView:
    """The base is broken, and its rollback under way."""
    found = WorkstreamFacts(pulls=(pull,) if pull is not None else ())
    memory = replace(unverified(), rollbacks=(rollback(**more),))
    return after(RED, config=config, memory=memory, rollback=found)


def taken_back(intent: Intent | None = None, w2: PullFacts | None = None) -> PlanView:
    """W2 was rolled back, and the base found good again."""
    known = unverified()
    first, second = known.landings
    back = replace(ROLLBACK, state=PullState.MERGED, merged_at=NOW, merged_by=Login("mia"), merge_sha=Sha("6" * 40))
    restored: Landing = replace(
        landing("", back, second.sha), key=None, rollback=1, evidence=("Its tree equals that of `cp-1`",), green=NOW
    )
    memory = replace(
        known,
        landings=(first, replace(second, undone=1), restored),
        rollbacks=(rollback(merged=True),),
    )
    pulls = {**LANDED, **({"W2": w2} if w2 is not None else {}), "W3": finished("W3", 13)}
    return started(pulls, memory=memory, intent=intent)


def again(*unclean: str) -> PlanView:
    """W2 is brought anew on a branch of its own."""
    known = unverified().landings[-1]
    wish = Again(
        by=Login("mia"), at=NOW, attempt=2, onto=Sha("6" * 40), before=known.before, landed=known.sha, tree=known.tree,
        failure="The base broke with `W2`: `tests` by CI failed", unclean=unclean,
    )  # fmt: skip
    branch = Branch("store-try-2")
    fresh = replace(worked_on("W2", 31), head=branch, created_at=NOW)
    return taken_back(Intent(again={W2: wish}, pinned={W2: branch}), fresh)


def strays() -> PlanView:
    """Others have moved the base meanwhile."""
    seen = (
        Stray(
            sha=Sha("7" * 40), headline="Bump *everything* @all", author="dependabot[bot]", pull=PullNumber(90), at=NOW
        ),
        Stray(sha=Sha("8" * 40), headline="Hot fix", author="Eve <eve>", pull=None, at=NOW),
    )
    return started({"W1": merged("W1", 11, 60)}, memory=replace(ledger({"W1": merged("W1", 11, 60)}), strays=seen))


def tags_gone() -> PlanView:
    """Somebody deleted one tag and moved another."""
    known = ledger(LANDED)
    tags = {"signalbox/7/cp-0": BASE_SHA, "signalbox/7/cp-1": Sha("9" * 40)}
    return started(LANDED, memory=known, more={"tags": tags})


def clashing() -> PlanView:
    """W2 and W3 change the same place, and W4 too."""
    pulls = {key: replace(finished(key, number), changed_files=3) for key, number in OPEN.items()}
    heads = {key: pull_.head_sha for key, pull_ in pulls.items()}
    trials = {
        pair(heads["W2"], heads["W3"]): ("src/store/index.py", "src/words.py"),
        pair(heads["W2"], heads["W4"]): ("src/page.py",),
    }
    return started(pulls, memory=replace(ledger({}), trials=trials))


def tested() -> tuple[PlanView, Memory]:
    """W2 and W3 are green each, and red together."""
    pulls = {key: replace(finished(key, number), changed_files=3) for key, number in OPEN.items()}
    heads = {Key(key): pull_.head_sha for key, pull_ in pulls.items()}

    def of(*keys: Key, red: bool, commit: str) -> Tested:
        combination = Combination(base=BASE_SHA, keys=keys, heads=tuple(heads[key] for key in keys))
        reason = "`tests` by CI failed" if red else f"Green on `{commit * 7}`: `tests`"
        return Tested(combination=combination, at=NOW, building=False, commit=Sha(commit * 40), red=red, reason=reason)

    known = [of(W2, W3, W4, red=True, commit="d"), of(W2, W3, red=True, commit="e")]
    memory = replace(ledger({}), tested={each.combination.name: each for each in known})
    view = started(pulls, config="trial: true\nforecast_delay: 0s\n", memory=memory)
    return view, replace(memory, seen=_heads(pulls))


def _heads(pulls: Mapping[str, PullFacts]) -> dict[str, Seen]:
    return {f"head/{key}": Seen(value=each.head_sha, since=NOW - timedelta(hours=1)) for key, each in pulls.items()}


def waiting_for_another_plan() -> PlanView:
    """Another plan has its turn on the base."""
    train = TrainFacts(
        holder=IssueNumber(9), doing="A2 (#41) is being verified", since=NOW - timedelta(minutes=3),
        waiting=(
            Waiting(issue=IssueNumber(7), key=W1, since=NOW - timedelta(minutes=2)),
            Waiting(issue=IssueNumber(12), key=Key("B1"), since=NOW - timedelta(minutes=1)),
        ),
    )  # fmt: skip
    return started({"W1": finished("W1", 11)}, more={"train": train})


def frozen_by_another_plan() -> PlanView:
    """Another plan froze the base."""
    train = TrainFacts(frozen=(Freeze(issue=IssueNumber(9), words="by `mia`: release day", outside=True),))
    return started({"W1": finished("W1", 11)}, more={"train": train})


STAGES: Mapping[str, tuple[PlanView, str]] = {
    "verifying": (after(PENDING), "W2"),
    "verifying_silent": (after(config="checks_grace: 1s\n"), "W2"),
    "base_broken": (after(RED), "W2"),
    "behind_a_broken_base": (after(RED), "W3"),
    "behind_a_rollback": (returning(), "W3"),
    "rolled_back": (taken_back(), "W2"),
    "again": (again(), "W2"),
    "frozen": (started({"W1": finished("W1", 11)}, intent=Intent(frozen=order("release day"))), "W1"),
    "frozen_elsewhere": (frozen_by_another_plan(), "W1"),
    "waiting_for_another_plan": (waiting_for_another_plan(), "W1"),
    "clashing": (clashing(), "W4"),
}


def rollback_pull(view: PlanView) -> str:
    """Title and body of the pull of the view's rollback."""
    assert view.rollback is not None
    title, body = pull_text(view, view.rollback)
    return f"{title}\n\n{body}"
