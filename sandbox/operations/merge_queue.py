"""GitHub's merge queue: putting a pull in, taking it out, and what the queue does by itself whenever it may go on.

Each entry gets a group: a branch whose tip is the entry merged onto the group before it, or onto the base. The base moves
to a group once its required checks pass there (docs.github.com "Managing a merge queue"). Decides nothing about rights
but those of the caller; whether the queue is required is told by `rules`.
"""

from datetime import timedelta

from sandbox.actor import Actor
from sandbox.errors import ApiError, MergeConflict, RefConflict
from sandbox.events import emit
from sandbox.model import Json, Pull, QueueEntry, Repository, User
from sandbox.operations import merging, pushes
from sandbox.operations.access import require
from sandbox.operations.issues import emit_thread
from sandbox.operations.rules import VIOLATIONS, check_state, merge_blockers, merge_queue, required_checks
from sandbox.shapes.git import simple_commit_shape
from sandbox.world import World

QUEUE_BOT = "github-merge-queue[bot]"  # who merges and deletes, and as whom the base moves
PREFIX = "gh-readonly-queue"
ALREADY = "Pull request is already in the queue"  # github.com/ClickHouse/ClickHouse/pull/109183
#: docs.github.com/rest/pulls/pulls tells of the endpoint; the words are from microsoft/vscode-pull-request-github#8912
STACKED = "This pull request is part of a stack and must be merged using the asynchronous merge REST API."


async def enqueue(
    world: World, actor: Actor, repo: Repository, pull: Pull, *, expected_head: str | None = None, jump: bool = False
) -> QueueEntry:
    """Put a pull at the end of its base's queue (`jump`: at the front); its group is built by the next `settle`.

    Refusals are 422, in GraphQL UNPROCESSABLE: what the rules of the base demand of a merge must be there already. GitHub
    puts "Pull request" before the unmet rule (github.com/devantler-tech/platform/pull/3138).
    """
    require(actor, repo, "contents:write")
    async with world.queue_lock:
        if world.queue_entry(pull) is not None:
            raise ApiError(422, ALREADY)
        if expected_head is not None and expected_head != pull.head_sha:
            raise ApiError(422, merging.HEAD_MODIFIED)
        refusal = await _refusal(world, actor, repo, pull)
        if refusal is not None:
            raise ApiError(422, refusal)
        now = world.clock.now()
        entry = QueueEntry(world.new_id(), repo.id, pull.base_ref, pull.id, actor.id, now, pull.head_sha, jump)
        mine = {entry.id: entry}
        world.state.queue = mine | world.state.queue if jump else world.state.queue | mine
        pull.updated_at = now
        await emit_thread(world, actor, repo, pull, "enqueued")
        return entry


async def _refusal(world: World, actor: Actor, repo: Repository, pull: Pull) -> str | None:
    if pull.state != "open":
        return "Pull request is closed"
    if pull.stack is not None:
        return STACKED
    if merge_queue(world, repo, pull.base_ref) is None:
        return "Pull request Merge queue is not enabled for the base branch"
    if pull.draft:
        return "Pull request is in draft state"
    if (await merging.merge_state(world, repo, pull, count=False)).state == "dirty":
        return "Pull request has merge conflicts"
    blockers = await merge_blockers(world, repo, pull, actor)
    return f"Pull request {blockers[0].removeprefix(VIOLATIONS)}" if blockers else None


async def dequeue(world: World, actor: Actor, repo: Repository, pull: Pull) -> QueueEntry:
    """Take a pull out of its queue; 422 if it is in none."""
    require(actor, repo, "contents:write")
    async with world.queue_lock:
        entry = world.queue_entry(pull)
        if entry is None:
            raise ApiError(422, "Pull request is not in the merge queue")
        await _remove(world, actor, repo, entry, "MANUAL")
        return entry


# ---- what the queue does by itself ----


async def settle(world: World) -> None:
    """Let every queue go on as far as it can; to be called after whatever may have changed a check, a ref or a pull."""
    async with world.queue_lock:
        for repository_id, branch in {(each.repository_id, each.base_ref): None for each in world.state.queue.values()}:
            while await _step(world, world.state.repositories[repository_id], branch):
                pass


async def _step(world: World, repo: Repository, branch: str) -> bool:
    """Do the next thing about one queue; False if there is nothing to do before something else changes."""
    rule = merge_queue(world, repo, branch)
    for entry in world.queue_of(repo, branch):
        reason = "QUEUE_CLEARED" if rule is None else _left(world.state.pulls[entry.pull_id], entry)
        if reason is not None:
            await _remove(world, _bot(world), repo, entry, reason)
            return True
    if rule is None or not await _build_all(world, repo, branch, rule):
        return rule is not None
    return await _take_out(world, repo, branch, rule) or await _merge_ready(world, repo, branch, rule)


def _left(pull: Pull, entry: QueueEntry) -> str | None:
    """Return why the pull cannot stay in the queue, in the words of the `dequeued` webhook; None if it can."""
    if pull.merged:
        return "ALREADY_MERGED"
    if pull.state != "open" or pull.base_ref != entry.base_ref:
        return "MANUAL"
    if pull.draft:
        return "BRANCH_PROTECTIONS"
    return "GIT_TREE_INVALID" if pull.head_sha != entry.head_sha else None


async def _build_all(world: World, repo: Repository, branch: str, rule: Json) -> bool:
    """Build the groups that are missing or stand on something that is no longer before them; False if one conflicts."""
    before = await world.git(repo).branch(branch)
    if before is None:
        return True
    for place, entry in enumerate(world.queue_of(repo, branch)):
        wanted = place < rule["max_entries_to_build"]
        if entry.group_sha is not None and (not wanted or entry.base_sha != before):
            await _destroy(world, repo, entry, "invalidated")
        if not wanted:
            continue
        if entry.group_sha is None:
            try:
                await _build(world, repo, entry, before, rule["merge_method"].lower())
            except MergeConflict:
                await _remove(world, _bot(world), repo, entry, "MERGE_CONFLICT")
                return False
        assert entry.group_sha is not None
        before = entry.group_sha
    return True


async def _build(world: World, repo: Repository, entry: QueueEntry, onto: str, method: str) -> None:
    enqueuer = Actor(user=world.state.users[entry.enqueuer_id])
    pull = world.state.pulls[entry.pull_id]
    head = await merging.merge_commit(world, enqueuer, repo, pull, onto, method)
    name = _group_ref(pull, onto)
    await world.git(repo).update_refs([(name, None, head)])
    entry.base_sha, entry.group_sha, entry.requested_at = onto, head, world.clock.now()
    await pushes.refs_changed(world, _bot(world), repo, [pushes.RefChange(name, None, head)])
    payload = {"action": "checks_requested", "merge_group": await _shape(world, repo, entry)}
    emit(world, _bot(world), repo, "merge_group", payload)


async def _take_out(world: World, repo: Repository, branch: str, rule: Json) -> bool:
    """Take out the first entry whose group failed; with HEADGREEN only if no later one can make up for it."""
    states = [_verdict(world, repo, entry, rule) for entry in _built(world, repo, branch)]
    for place, (entry, state) in enumerate(zip(_built(world, repo, branch), states, strict=True)):
        later = states[place + 1 : rule["max_entries_to_merge"]] if rule["grouping_strategy"] == "HEADGREEN" else []
        if state in ("CI_FAILURE", "CI_TIMEOUT") and not {"green", "pending"} & set(later):
            await _remove(world, _bot(world), repo, entry, state)
            return True
    return False


def _built(world: World, repo: Repository, branch: str) -> list[QueueEntry]:
    return [entry for entry in world.queue_of(repo, branch) if entry.group_sha is not None]


def _verdict(world: World, repo: Repository, entry: QueueEntry, rule: Json) -> str:
    """Return `green`, `pending`, or why the group failed: its required checks count, on its head, by the pinned App."""
    assert entry.group_sha is not None
    assert entry.requested_at is not None
    checks = required_checks(world, repo, entry.base_ref)
    states = {check_state(world, repo, entry.group_sha, check) for check in checks}
    if "failing" in states:
        return "CI_FAILURE"
    if states <= {"success"}:
        return "green"
    limit = timedelta(minutes=rule["check_response_timeout_minutes"])
    return "CI_TIMEOUT" if world.clock.now() - entry.requested_at >= limit else "pending"


async def _merge_ready(world: World, repo: Repository, branch: str, rule: Json) -> bool:
    """Move the base to the last group that may merge, if there is one."""
    entries = _built(world, repo, branch)[: rule["max_entries_to_merge"]]
    green = [_verdict(world, repo, entry, rule) == "green" for entry in entries]
    if rule["grouping_strategy"] == "ALLGREEN":
        green = green[: green.index(False)] if False in green else green
    count = len(green) - green[::-1].index(True) if True in green else 0
    if not count:
        return False
    waited = world.clock.now() - entries[0].enqueued_at
    patience = timedelta(minutes=rule["min_entries_to_merge_wait_minutes"])
    if count < rule["min_entries_to_merge"] and waited < patience:
        return False
    return await _merge(world, repo, branch, entries[:count])


async def _merge(world: World, repo: Repository, branch: str, entries: list[QueueEntry]) -> bool:
    git, bot = world.git(repo), _bot(world)
    before, after = entries[0].base_sha, entries[-1].group_sha
    try:
        await git.update_refs([(f"refs/heads/{branch}", before, after)])
    except RefConflict:  # somebody who may bypass the queue has moved the base: the groups are built anew
        return True
    pulls = [world.state.pulls[entry.pull_id] for entry in entries]
    for entry, pull in zip(entries, pulls, strict=True):
        assert entry.base_sha is not None
        assert entry.group_sha is not None
        pull.base_sha = entry.base_sha
        pushes.mark_merged(world, bot, repo, pull, entry.group_sha)
        await emit_thread(world, bot, repo, pull, "closed")
        await pushes.close_linked_issues(world, bot, repo, pull)
    await pushes.refs_changed(world, bot, repo, [pushes.RefChange(f"refs/heads/{branch}", before, after)])
    for entry, pull in zip(entries, pulls, strict=True):
        await _remove(world, bot, repo, entry, "MERGE")
        is_own = pull.head_repository_id is None
        if repo.delete_branch_on_merge and is_own and await git.branch(pull.head_ref) == pull.head_sha:
            await _delete(world, repo, f"refs/heads/{pull.head_ref}", pull.head_sha)
    return True


async def _remove(world: World, actor: Actor, repo: Repository, entry: QueueEntry, reason: str) -> None:
    del world.state.queue[entry.id]
    await _destroy(world, repo, entry, "merged" if reason == "MERGE" else "dequeued")
    pull = world.state.pulls[entry.pull_id]
    pull.updated_at = world.clock.now()
    await emit_thread(world, actor, repo, pull, "dequeued", {"reason": reason})


async def _destroy(world: World, repo: Repository, entry: QueueEntry, reason: str) -> None:
    """Take an entry's group away, if it has one: `merged`, `invalidated` or `dequeued`."""
    if entry.group_sha is None or entry.base_sha is None:
        return
    payload: Json = {"action": "destroyed", "reason": reason, "merge_group": await _shape(world, repo, entry)}
    emit(world, _bot(world), repo, "merge_group", payload)
    name, head = _group_ref(world.state.pulls[entry.pull_id], entry.base_sha), entry.group_sha
    entry.base_sha = entry.group_sha = entry.requested_at = None
    await _delete(world, repo, name, head)


async def _delete(world: World, repo: Repository, name: str, tip: str) -> None:
    await world.git(repo).update_refs([(name, tip, None)])
    await pushes.refs_changed(world, _bot(world), repo, [pushes.RefChange(name, tip, None)])


def _group_ref(pull: Pull, onto: str) -> str:
    return f"refs/heads/{PREFIX}/{pull.base_ref}/pr-{pull.number}-{onto}"


async def _shape(world: World, repo: Repository, entry: QueueEntry) -> Json:
    """Return the `merge_group` of its webhooks."""
    assert entry.group_sha is not None
    assert entry.base_sha is not None
    return {
        "head_sha": entry.group_sha,
        "head_ref": _group_ref(world.state.pulls[entry.pull_id], entry.base_sha),
        "base_sha": entry.base_sha,
        "base_ref": f"refs/heads/{entry.base_ref}",
        "head_commit": simple_commit_shape(await world.git(repo).commit(entry.group_sha)),
    }


def _bot(world: World) -> Actor:
    """Return GitHub's own bot of merge queues, made when it is first needed."""
    bot = world.user(QUEUE_BOT)
    if bot is None:
        bot = User(world.new_id(), QUEUE_BOT, "Bot", created_at=world.clock.now())
        world.state.users[bot.id] = bot
    return Actor(user=bot)
