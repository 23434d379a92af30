"""A story that is full of secrets: whatever people, CI, GitHub and the database can say to Signalbox says some."""

import json
from pathlib import Path
from typing import Any

from tests.scenarios.play import Play
from tests.scenarios.secrets import few, key, token, words
from tests.scenarios.test_bad_deliveries import send
from tests.scenarios.test_failure_context import fails
from tests.scenarios.test_operations import sql

BASE = token("base")
OWN = token("own")  # a branch outside the plan
NAMES = {"base", "nobase", "own", "branch", "file", "path"}  # of branches and files
TEXT = {  # what only the plan's text has
    "heading", "prose", "issue", "title", "branch", "file", "base", "scope", "paragraph", "acceptance", "validation",
    "fence", "label", "value", "order", "edit", "box",
}  # fmt: skip
GOOD = f'checks: ["tests {token("wanted")}", tests]\nverify: [tests]\n'
GUARD = "CREATE TRIGGER {name} BEFORE {event} WHEN {when} BEGIN SELECT RAISE(ABORT, '{words}'); END"

PLAN = f"""# Plan {words("heading")}

{words("prose")}

{key("paragraph")}

Base: `{BASE}`

## Workstreams

### W1: Ledger {words("title")}
- Branch: `part/{token("branch")}`
- Files: `w1.txt`, `{token("file")}.txt`
- Scope:
  - {words("scope")}
- Out of scope: {words("scope")}
- Acceptance:
  - [ ] {words("acceptance")}
- Validation:
  ```sh
  curl {words("validation")}
  {key("fence").replace(chr(10), chr(10) + "  ")}
  ```

### W2: Use {token("box")[:16]}
- Branch: `part/w2`
- Files: `w2.txt`, `{token("file")}.txt`
- Depends on: W1
- {words("label")}: {words("value")}

## Merge order

1. W1
2. W2
3. {token("order")}
"""
EDITED = PLAN.replace("- Depends on: W1\n", f"- Depends on: W1\n- Acceptance:\n  - [ ] {words('edit')}\n")


async def configure(play: Play, text: str) -> None:
    await play.push(BASE, ".github/signalbox.yml", text, f"Configure {words('commit')}")
    await play.settled()


async def open_the_plan(play: Play) -> None:
    """Write it with mistakes, and a config with several kinds of them; then mend both and start."""
    await play.do("ada", "POST", "/git/refs", {"ref": f"refs/heads/{BASE}", "sha": await play.tip()})
    play.verified.add(BASE)
    twice = f"{token('twice')}: 1\n{token('twice')}: 2\n"
    await configure(play, f"approvals: {token('setting')}\n{token('unknown')}: 1\nmode: [{words('mode')}]\n{twice}")
    wrong = PLAN.replace("Depends on: W1", f"Depends on: W1, {token('need')}")
    await play.plan(wrong, title=f"Plan {few('issue')}")
    await play.settled()
    await configure(play, f"mode: [{words('syntax')}\n: {token('syntax')}:")
    await configure(play, GOOD)
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": PLAN})
    await play.settled()
    play.world.clock.advance(1)  # a text that is edited in the second of its start is not started
    reactions, replies = await play.tell("ada", "/signalbox start")
    assert "rocket" in reactions, replies
    play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in await play.all_pulls()}
    assert set(play.pulls) == {"W1", "W2"}


async def say_it(play: Play) -> None:
    """Say it with every command that takes words, in its place or not."""
    secret = f"{words('command')} {private_key(play)}"
    verbs = (
        "hold W1", "why", "hold", "pause", "resume", "checkpoint", "freeze", "rollback", "skip W2", "release W2", "help",
        "order", "simulate", "status", "log", "approve", "retry", "allow", "merge", "update", "ready", "accept", "",
    )  # fmt: skip
    for verb in verbs:
        await play.say("ada", f"/signalbox {verb} {secret}")
        await play.settled()
    await play.tell("rita", "/signalbox why W1")
    await play.tell("rita", "/signalbox log 50")


def private_key(play: Play) -> str:
    """The App's own key, in one line."""
    return " ".join(Path(play.info["private_key_file"]).read_text(encoding="utf-8").split("\n"))


async def work_beside_the_plan(play: Play) -> None:
    """Open a pull outside the plan while the base is frozen, with labels; push to the base past the plan."""
    await play.do("wim", "POST", "/git/refs", {"ref": f"refs/heads/{OWN}", "sha": await play.tip(BASE)})
    await play.push(OWN, f"{token('path')}.txt", words("content"), f"Own {words('commit')}")
    pull = {"title": f"Own {few('pull')}", "body": words("pull"), "head": OWN, "base": BASE}
    number = (await play.do("wim", "POST", "/pulls", pull))["number"]
    await play.do("wim", "POST", "/labels", {"name": token("tag"), "color": "ededed"})
    for each in (number, play.issue, *play.pulls.values()):
        await play.do("wim", "POST", f"/issues/{each}/labels", {"labels": [token("tag")]})
    title = {"title": f"W2: {few('pull')}", "body": words("pull")}
    await play.do("wim", "PATCH", f"/pulls/{play.pulls['W2']}", title)
    await play.settled()
    await play.say("ada", "/signalbox unfreeze")
    for workstream in ("W1", "W2"):
        await play.tell("ada", f"/signalbox release {workstream}")
    await play.tell("ada", "/signalbox resume")
    await play.push_tree(BASE, {f"{token('path')}-0.txt": "stray\n"}, message=f"Stray {words('stray')}")
    await play.settled()


def output(play: Play) -> dict[str, Any]:
    """What a failing check says, every text of it a secret."""
    note = {
        "path": f"{token('path')}.txt", "start_line": 3, "end_line": 3, "annotation_level": "failure",
        "title": few("note"), "message": words("note"),
    }  # fmt: skip
    pem = Path(play.info["private_key_file"]).read_text(encoding="utf-8")
    text = f"{words('text')}\n{key('text')}\n{pem}\nthe end"
    return {"title": few("check"), "summary": words("summary"), "text": text, "annotations": [note]}


async def fail(play: Play) -> None:
    """Have checks and statuses fail on both heads, a status alone on one."""
    for workstream in ("W1", "W2"):
        pull = await play.pull(workstream)
        head = await play.push(
            pull["head"]["ref"], f"{token('path')}-{workstream}.txt", "work\n", f"Work {words('commit')}"
        )
        address = f"https://ci.example/{token('address')}?key={token('address')}"
        status = {"state": "failure", "context": "tests", "description": few("status"), "target_url": address}
        await play.do("ci", "POST", f"/statuses/{head}", status)
        if workstream == "W1":
            run = {"name": f"tests {token('wanted')}", "head_sha": head, "status": "completed", "conclusion": "failure"}
            await play.do("ci", "POST", "/check-runs", run | {"output": output(play), "details_url": address})
        await play.settled()
        await play.until_stage(workstream, "failed")
        await play.tell("wim", f"/signalbox why {workstream}")
        await play.do("ci", "POST", f"/statuses/{head}", status | {"state": "success"})
    await play.settled()


async def be_refused(play: Play) -> None:
    """Have GitHub answer with errors that quote what they were given: to a merge, to mutations and to reads."""
    refusal = {"message": f"Because of {words('refusal')} {private_key(play)}", "errors": [{"message": few("refusal")}]}
    errors = {"data": None, "errors": [{"type": "FORBIDDEN", "path": ["a0"], "message": words("refusal")}]}
    broken = {"data": None, "errors": [{"type": "INTERNAL", "message": words("refusal")}]}
    mutations = ("addLabelsToLabelable", "updateIssueComment", "updateCheckRun", "markPullRequestReadyForReview")
    await play.faults({"api": [
        {"match": "PUT /repos/*/pulls/*/merge", "times": 1, "status": 405, "body": refusal},
        *({"match": f"POST /graphql mutation:{each}", "times": 1, "status": 200, "body": errors} for each in mutations),
        {"match": "POST /graphql", "login": "signalbox[bot]", "times": 3, "status": 502, "body": refusal},
        {"match": "POST /graphql", "login": "signalbox[bot]", "times": 1, "status": 200, "body": broken},
    ]})  # fmt: skip
    await play.hand_in("W1")
    head = (await play.pull("W1"))["head"]["sha"]
    await play.report(head, "success", f"tests {token('wanted')}")


async def break_the_base(play: Play) -> None:
    """Land W1, have the base's check fail with it, and keep it all the same when the way back was shown."""

    async def red(sha: str) -> None:
        await fails(play, sha, "tests", output(play))

    play.base_ci = red
    await be_refused(play)
    await play.until_merged("W1")
    await play.until_stage("W1", "failed")
    await play.settled()
    assert [each for each in await play.all_pulls() if each["head"]["ref"].endswith("/rollback-1")]
    await play.tell("ada", f"/signalbox allow W1 {words('command')}")
    await play.until_stage("W1", "done")
    await play.faults({})


async def edit(play: Play) -> None:
    """Edit the running plan, and have the edit put into force."""
    await play.do("mia", "PATCH", f"/issues/{play.issue}", {"body": EDITED})
    await play.settled()
    play.world.clock.advance(1)
    reactions, replies = await play.tell("mia", "/signalbox accept")
    assert "rocket" in reactions, replies


async def crash(play: Play) -> list[tuple[Any, ...]]:
    """Have a turn and a webhook's intake raise, park a webhook; return the errors that the database keeps of it."""
    secret = f"{words('crash')} {private_key(play)}"
    await sql(play, GUARD.format(name="turns", event="UPDATE ON plans", when="1", words=secret))
    await play.say("wim", "/signalbox hold W2")

    async def failed() -> list[tuple[Any, ...]]:
        return await sql(play, "SELECT error FROM lanes WHERE error IS NOT NULL")

    errors = await play.until(failed)
    await sql(play, "DROP TRIGGER turns")
    await play.until_stage("W2", "held")
    when = "NEW.text LIKE '%break%'"
    await sql(play, GUARD.format(name="intake", event="INSERT ON commands", when=when, words=secret))
    await play.say("wim", "/signalbox release W2 break")
    odd = json.dumps({"action": 7, token("body"): words("body"), "sender": {"login": token("body")}}).encode()
    assert await send(play, odd, "issue_comment", guid="odd") == 202
    forged = {"X_Hub_Signature_256": f"sha256={token('door')}"}
    assert await send(play, odd, token("door"), guid=token("door"), **forged) == 401

    async def parked() -> list[tuple[Any, ...]]:
        return await sql(play, "SELECT error FROM deliveries WHERE error IS NOT NULL")

    async def both() -> bool:
        return len(await parked()) == 2

    await play.until(both)
    return [*errors, *await parked()]


ACTS = (open_the_plan, say_it, work_beside_the_plan, fail, break_the_base, edit)  # `crash` comes last
