"""Takes the pictures of docs/pictures anew: `python -m scripts.pictures`. Needs Chromium.

Plays two plans with Signalbox against the sandbox, and takes pictures of the sandbox's pages on the way: what is on them
is what Signalbox wrote. Must not write any text of Signalbox itself.
"""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from scripts.camera import Camera, CameraError, camera, find_chromium
from tests.scenarios.play import Play, stage

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PLAN = (ROOT / "examples" / "plan.md").read_text(encoding="utf-8")
WIDTH = 1200  # px of a picture
WINDOW = 1280  # px: as wide as most people's
NARROW = 1000  # px, for pages without a column at the side
TESTS = "unit tests"  # the check of the repository's CI

SMALL_PLAN = """\
Base: `main`

## Workstreams

### W1: Pick list
- Branch: `feat/pick-list`
- Files: `inventory/picking.py`
- Acceptance:
  - [ ] Articles come in the order of the shelves

### W2: Print it
- Branch: `feat/print`
- Files: `inventory/printing.py`
- Depends on: W1
- Acceptance:
  - [ ] A list fits on one page
"""
BROKEN_PLAN = SMALL_PLAN.replace("Depends on: W1", "Depends on: W9").replace("feat/print", "feat/pick-list")


@dataclass(slots=True)
class Album:
    """Takes pictures of a story while it is played."""

    play: Play
    camera: Camera
    folder: Path

    async def page(self, name: str, path: str, *selectors: str, window: int = WINDOW) -> None:
        """Take a picture of parts of a page; `path` below the repository."""
        await self.play.settled()
        url = f"{self.play.info['web_url']}/{self.play.info['repository']}{path}"
        picture = await self.camera.take(url, selectors, window=window, width=WIDTH)
        (self.folder / f"{name}.png").write_bytes(picture)
        print(f"{name}.png  {len(picture) // 1000} kB", flush=True)

    async def comments(self, name: str, ids: Sequence[int], number: int | None = None) -> None:
        """Take a picture of comments that follow each other on an issue or pull, of the plan's issue if none is named."""
        await self.page(name, f"/issues/{number or self.play.issue}", *(f"#issuecomment-{each}" for each in ids))

    async def status(self, name: str) -> None:
        """Take a picture of the plan's status comment."""
        await self.play.settled()
        await self.comments(name, [(await self.play.status_comment())["id"]])

    async def check(self, name: str, key: str) -> None:
        """Take a picture of the check on a workstream's pull."""
        await self.play.settled()
        run = await self.play.check(key)
        await self.page(f"check-{name}", f"/runs/{run['id']}", "main > *", window=NARROW)

    async def asked(self, who: str, text: str, number: int | None = None) -> list[int]:
        """Say something, and return the ids of that comment and of the answers to it."""
        said = await self.play.say(who, text, number)
        await self.play.settled()
        return [said, *(each["id"] for each in await self.play.comments(number) if each["id"] > said)]


async def before_the_start(album: Album) -> None:
    """Show what Signalbox says of a plan that nobody has started."""
    play = album.play
    await play.plan(BROKEN_PLAN, title="Picking plan")
    await album.status("preview-problems")
    await album.comments("refused-start", await album.asked("mia", "/signalbox start"))
    await play.plan(PLAN, title="Inventory plan")
    await album.status("preview")


async def a_plan_runs(album: Album) -> None:
    """Start the plan of examples/, let everybody work, and show each wait."""
    play = album.play
    await play.say("mia", "/signalbox start")
    await play.settled()
    play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in await play.all_pulls()}
    await album.status("status-started")
    await album.page("brief", f"/pull/{play.pulls['W4']}", ".columns > div > .box:first-child")
    await album.page("labels", "/labels", "#labels .row:has([href*=signalbox])", window=NARROW)
    await album.check("ready", "W1")
    await album.check("waiting", "W2")
    await work(play, "W1", "ledger", None)
    await album.check("running", "W1")
    await play.ci("W1", name=TESTS)
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await album.check("needs-qa", "W1")
    await play.tick("W1")
    await play.approve("W1")
    await album.check("mergeable", "W1")

    await work(play, "W2", "prices", "success")
    await play.tick("W2")
    await play.say("wim", "/signalbox ready", play.pulls["W2"])
    await work(play, "W3", "reservations", None)
    await work(play, "W5", "report", "success")
    await play.tick("W5")
    await play.say("wim", "/signalbox ready", play.pulls["W5"])
    await play.approve("W5")
    await album.status("status")
    await album.check("queued", "W5")
    await album.page("merge-box", f"/pull/{play.pulls['W5']}", "#merge", "#checks", "#checks + .box")


async def something_goes_wrong(album: Album) -> None:
    """Let the tests of one workstream fail and hold another; show what people see and may ask."""
    play = album.play
    await work(play, "W2", "prices", "failure", version=2)
    await album.asked("mia", "/signalbox hold the customer list is not settled", play.pulls["W3"])
    await album.status("status-blocked")
    await album.check("failed", "W2")
    await album.check("held", "W3")
    await album.page("pulls", "/pulls", "main > .box:nth-of-type(1)", window=NARROW)
    await album.comments("why", await album.asked("rita", "/signalbox why"))
    why = await album.asked("rita", "/signalbox why", play.pulls["W4"])
    await album.comments("why-workstream", why, play.pulls["W4"])
    await album.comments("short-status", await album.asked("rita", "/signalbox status"))
    await album.comments("help", await album.asked("rita", "/signalbox help"))
    refused = [
        *await album.asked("wim", "/signalbox skip W3"),
        *await album.asked("wim", "/signalbox realease W3"),
        *await album.asked("wim", "/signalbox release W9"),
    ]
    await album.comments("refusals", refused)
    await play.say("mia", "/signalbox pause the release is today")
    await album.status("status-paused")
    await play.say("mia", "/signalbox resume")
    await play.configure("mode: autom\napprovals: 1\n")
    await album.status("status-config")
    await play.configure("mode: auto\n")
    elsewhere = f"/pulls/{play.pulls['W4']}"
    await play.do("wim", "PATCH", elsewhere, {"base": "feat/ledger"})
    await album.check("violation", "W4")
    await play.do("wim", "PATCH", elsewhere, {"base": "main"})
    await play.settled()


async def to_its_end(album: Album) -> None:
    """Mend and release, and let the rest land."""
    play = album.play
    await work(play, "W2", "prices", "success", version=3)
    await play.approve("W2")
    await play.say("mia", "/signalbox release W3")
    await play.ci("W3", name=TESTS)
    await play.tick("W3")
    await play.say("wim", "/signalbox ready", play.pulls["W3"])
    await play.approve("W3")
    await work(play, "W4", "orders", "success")
    await play.tick("W4")
    await play.say("wim", "/signalbox ready", play.pulls["W4"])
    await play.approve("W4")
    await album.status("status-completed")


async def somebody_else_merges(album: Album) -> None:
    """Mend the broken plan and run it where a person presses merge; then edit it and end it. And a pull of no plan."""
    play = album.play
    await play.configure("mode: manual\n")
    play.issue = 1
    await play.do("mia", "PATCH", "/issues/1", {"body": SMALL_PLAN})
    await play.say("mia", "/signalbox start")
    await play.settled()
    play.pulls = {pull["title"].split(":")[0]: pull["number"] for pull in (await play.all_pulls())[-2:]}
    await work(play, "W1", "picking", "success")
    await play.tick("W1")
    await play.say("wim", "/signalbox ready", play.pulls["W1"])
    await play.approve("W1")
    await album.check("mergeable-manual", "W1")
    await play.say("mia", "/signalbox skip W2 the printer is gone")
    await album.check("cancelled", "W2")
    await play.do("mia", "PATCH", "/issues/1", {"body": SMALL_PLAN.replace("on one page", "on two pages")})
    await album.status("status-edited")
    await play.do("mia", "PATCH", "/issues/1", {"body": SMALL_PLAN})
    await play.say("mia", "/signalbox cancel")
    await album.status("status-cancelled")

    sha = (await play.get("/git/ref/heads/main"))["object"]["sha"]
    await play.do("wim", "POST", "/git/refs", {"ref": "refs/heads/typo", "sha": sha})
    head = await play.push("typo", "README.md", "# Inventory\n", "Mend a typo")
    await play.do("wim", "POST", "/pulls", {"title": "Mend a typo", "head": "typo", "base": "main"})
    await play.settled()
    run = await play.check_on(head)
    await album.page("check-outside", f"/runs/{run['id']}", "main > *", window=NARROW)


async def work(play: Play, key: str, module: str, conclusion: str | None, *, version: int = 1) -> None:
    """Push a workstream's file and let CI report on it; conclusion None = its tests still run."""
    branch = (await play.pull(key))["head"]["ref"]
    await play.push(branch, f"inventory/{module}.py", f'"""{key}, version {version}."""\n', f"{key}: {module}")
    await play.ci(key, conclusion, name=TESTS)


async def take_all(program: str) -> None:
    """Play everything and write every picture."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="signalbox-pictures-") as folder:
        async with stage(Path(folder)) as play, camera(program) as one:
            album = Album(play, one, PICTURES)
            await play.protect_main()
            await before_the_start(album)
            await a_plan_runs(album)
            await something_goes_wrong(album)
            await to_its_end(album)
            await somebody_else_merges(album)


def main() -> int:
    """Write every picture of docs/pictures; 1 with a plain sentence if that is not possible here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        asyncio.run(take_all(find_chromium()))
    except CameraError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
