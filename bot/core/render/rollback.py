"""What a rollback says of itself: its pull's title and body, its commit, and its lines in comment and check.

Must not choose what is rolled back: core/rollback.py and train.py do.
"""

from bot.core.ledger import Landing, Rollback, landing_of
from bot.core.model import OnRed, Order
from bot.core.render.parts import bullets, inline, link, listed, sections, sentence, stopped
from bot.core.text import JOINER, code, cut, login, name, plain, quiet, when
from bot.core.views import PlanView, RollbackView

TITLE_LIMIT = 120  # characters of a pull's or commit's title
PATHS_LIMIT = 4_000  # bytes of a list of paths
LANDINGS_LIMIT = 8_000  # bytes of a list of landings
REASON_LIMIT = 200  # characters of the words that came with an order


def called(rollback: Rollback) -> str:
    """Return what a rollback is called: "rollback 1"."""
    return f"rollback {rollback.number}"


def pull_text(view: PlanView, back: RollbackView) -> tuple[str, str]:
    """Return title and body of a rollback's pull."""
    rollback = back.rollback
    by = "the config" if rollback.by is None else login(rollback.by)
    keys = listed([name(key) for key in rollback.keys])
    retry = code(cut(f"/signalbox retry {rollback.keys[0] if len(rollback.keys) == 1 else 'KEY'}", 100))
    are = "is" if len(rollback.keys) == 1 else "are"
    body = sections(
        f"Takes back {_keys(rollback)} of {link(f'plan #{view.issue.number}', view.issue.url)}: "
        f"{code(view.base.name)} goes back to {_goal(view, rollback)}.",
        f"**Why:** {stopped(rollback.reason)} Asked for by {by} on {when(rollback.at)}.",
        "### What it undoes, newest first",
        bullets((_landing_line(view, each) for each in _landings(view, rollback)), LANDINGS_LIMIT),
        "### How",
        _how(view, rollback),
        "### Afterwards",
        f"{who_merges(view)} Until then nothing else of the plan merges. Once it is merged, {keys} {are} rolled back and "
        f"what needs {'it' if are == 'is' else 'them'} waits again; {retry} brings the change anew on a new branch.",
        "To keep the base as it is instead, close this pull request and say `/signalbox allow`.",
        f"<!-- signalbox:rollback plan={view.issue.number} number={rollback.number} -->",
    )
    return _title(rollback), body


def who_merges(view: PlanView) -> str:
    """Return who merges a rollback's pull, as a sentence."""
    if view.config.on_red is OnRed.ROLLBACK:
        return "Signalbox merges it when its checks pass."
    return "A maintainer merges it when its checks pass."


def commit_message(view: PlanView, back: RollbackView) -> str:
    """Return the message of a rollback's commit."""
    rollback = back.rollback
    lines = [
        f"{name_of(each)} (#{each.pull}), {each.sha[:10]}" for each in _landings(view, rollback)
    ]  # fmt: skip
    why = f"Rollback {rollback.number} of plan #{view.issue.number}. It undoes, newest first:"
    return "\n".join([_title(rollback), "", why, *(f"- {quiet(cut(line, 200))}" for line in lines)])


def name_of(landing: Landing) -> str:
    """Return what a landing is of, as plain text."""
    return f"{landing.key}" if landing.key is not None else f"rollback {landing.rollback}"


def _title(rollback: Rollback) -> str:
    keys = ", ".join(rollback.keys[:5]) + (f" and {len(rollback.keys) - 5} more" if len(rollback.keys) > 5 else "")
    words = " ".join(f"Roll back {keys} to {rollback.to}".split())
    return quiet(cut(words, TITLE_LIMIT)).replace("[skip", f"[{JOINER}skip")


def _keys(rollback: Rollback) -> str:
    return listed([f"**{name(key)}**" for key in rollback.keys])


def _goal(view: PlanView, rollback: Rollback) -> str:
    at = link(code(rollback.sha[:7]), f"{view.repository.url}/commit/{rollback.sha}")
    return f"{code(rollback.to)} ({at})"


def _landings(view: PlanView, rollback: Rollback) -> list[Landing]:
    found = (landing_of(view.landings, pull) for pull in rollback.pulls)
    return [each for each in found if each is not None]


def _landing_line(view: PlanView, landing: Landing) -> str:
    pull = link(f"#{landing.pull}", f"{view.repository.url}/pull/{landing.pull}")
    commit = link(code(landing.sha[:7]), f"{view.repository.url}/commit/{landing.sha}")
    return f"**{name(name_of(landing))}** ({pull}), landed as {commit} on {when(landing.at)}"


def _how(view: PlanView, rollback: Rollback) -> str:
    if rollback.exact:
        return (
            f"Nothing else has landed since, so this is one commit on {code(rollback.onto[:7])} "
            f"whose tree is exactly that of {code(rollback.to)}."
        )
    return (
        "Other commits have landed since; they stay. "
        "Each change is taken back by git's own three-way merge, as `git revert` does it, newest first, and the result "
        f"is one commit on {code(rollback.onto[:7])}."
    )


def unclean(view: PlanView, rollback: Rollback) -> str:
    """Return the section on a rollback that cannot be clean: which paths, and that nothing was changed."""
    return sections(
        f"### Rollback to {code(rollback.to)} needs a person",
        f"It cannot take back {_keys(rollback)} cleanly: others changed the same places since. Nothing was written. "
        "Revert by hand in a pull request of your own, then say `/signalbox allow` once the base is good; "
        "or say `/signalbox rollback` again when the paths are free:",
        bullets((code(cut(path, 300)) for path in rollback.unclean), PATHS_LIMIT),
    )


def line(view: PlanView, back: RollbackView) -> str:
    """Return where a rollback stands, as one sentence."""
    rollback, pull = back.rollback, back.pull
    what = f"Rollback of {_keys(rollback)} to {code(rollback.to)}"
    if rollback.unclean:
        return f"{what}: it cannot be clean, a person has to decide"
    if rollback.merged:
        return f"{what}: merged, the base is being looked at"
    if pull is None:
        return f"{what}: being prepared"
    number = link(f"#{pull.number}", pull.url)
    if rollback.dropped:
        return f"{what} ({number}): not needed any more"
    if back.ready:
        who = "Signalbox merges it" if view.config.on_red is OnRed.ROLLBACK else "it may be merged, press merge"
        return f"{what} ({number}): {who}"
    first = next((gate for gate in back.gates if gate.verdict.value != "pass"), None)
    return f"{what} ({number}): {first.reason}" if first is not None else f"{what} ({number})"


def next_step(view: PlanView, back: RollbackView) -> str:
    """Return what happens next while a rollback is under way, as the headline of the status comment."""
    rollback, pull = back.rollback, back.pull
    if rollback.unclean or rollback.dropped or rollback.merged:
        return ""
    if pull is None:
        return f"**Next:** Signalbox opens a pull request that takes {_keys(rollback)} back to {code(rollback.to)}."
    number = link(f"#{pull.number}", pull.url)
    return f"**Next:** {number} takes {_keys(rollback)} back to {code(rollback.to)}. {who_merges(view)}"


def done(view: PlanView) -> str:
    """Return what was taken back on the way, "" if nothing was."""
    lines = []
    for rollback in view.rollbacks:
        back = next((each for each in view.landings if each.rollback == rollback.number), None)
        if back is None:
            continue
        pull = link(f"#{back.pull}", f"{view.repository.url}/pull/{back.pull}")
        lines += [
            f"{_landing_line(view, each)}, was taken back to {code(rollback.to)} in {pull}."
            for each in _landings(view, rollback)
        ]
    return sections("### Taken back on the way", bullets(lines, LANDINGS_LIMIT)) if lines else ""


def freeze_words(order: Order) -> str:
    """Return why somebody froze the base, without a full stop."""
    why = f" ({plain(cut(order.reason, REASON_LIMIT))})" if order.reason.strip() else ""
    return f"{login(order.by)} froze it{why}"


def frozen(view: PlanView) -> str:
    """Return the section on a frozen base, "" if it is not."""
    order = view.intent.frozen
    if order is None:
        return ""
    reason = f": {stopped(inline(order.reason, REASON_LIMIT))}" if order.reason.strip() else "."
    who = f"by {login(order.by)} on {when(order.at)}"
    return sentence(
        f"**{code(view.base.name)} is frozen** {who}{reason} Nothing merges into it until `/signalbox unfreeze`"
    )
