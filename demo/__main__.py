"""`python -m demo [--keep]`: start a stand-in GitHub and Signalbox, play a plan to its end, sum it up, clean up."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from demo.agents import Clone
from demo.display import Display
from demo.people import Person
from demo.processes import Programs, StartFailed, free_port
from demo.story import Story

NEEDS = {"W1": (), "W2": ("W1",), "W3": ("W1",), "W4": ("W2", "W3"), "W5": ("W4",)}


def main() -> int:
    """Play the demo; 0 if everything landed in a valid order."""
    arguments = argparse.ArgumentParser(prog="demo", description=__doc__)
    arguments.add_argument("--keep", action="store_true", help="stay up afterwards, to look around")
    keep = arguments.parse_args().keep
    folder = Path(tempfile.mkdtemp(prefix="signalbox-demo-"))
    try:
        return asyncio.run(_demo(folder, keep=keep))
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _demo(folder: Path, *, keep: bool) -> int:
    show = Display()
    show.title("Signalbox demo: one plan, five workers, one order")
    programs = Programs(folder)
    try:
        port = free_port()
        github = await programs.sandbox(f"http://127.0.0.1:{port}/webhook")
        await programs.bot(github, port)
        show.line(f"GitHub's stand-in: {github['web_url']}   Signalbox: http://127.0.0.1:{port}")
        async with aiohttp.ClientSession() as session:
            story = await _story(show, github, folder, session)
            await story.play()
            valid = await _summary(show, story, github, session, keep=keep)
        if keep:
            await _stay(show, github, story)
    except (StartFailed, TimeoutError, RuntimeError) as error:
        show.line(f"The demo failed: {error}")
        if (folder / "signalbox.log").exists():
            show.line(f"Signalbox's last words:\n{programs.end_of_log('signalbox')}")
        return 1
    finally:
        await programs.stop()
    return 0 if valid else 1


async def _story(show: Display, github: dict[str, Any], folder: Path, session: aiohttp.ClientSession) -> Story:
    def person(login: str, token: str) -> Person:
        return Person(
            login=login, token=token, api_url=github["api_url"], repository=github["repository"], session=session
        )

    users = {login: person(login, user["token"]) for login, user in github["users"].items()}
    host = github["git_url"].removeprefix("http://")
    url = f"http://x-access-token:{users['ada'].token}@{host}/{github['repository']}.git"
    return Story(
        show=show,
        ada=users["ada"],
        mia=users["mia"],
        wim=users["wim"],
        robot=person("ci", github["ci_token"]),
        clone=Clone(folder=folder / "work" / "clone", url=url),
        signalbox_app=github["app_id"],
        web_url=github["web_url"],
    )


async def _summary(
    show: Display, story: Story, github: dict[str, Any], session: aiohttp.ClientSession, *, keep: bool
) -> bool:
    show.title("Summary")
    keys = {number: key for key, number in story.pulls.items()}
    order = [keys[pull["number"]] for pull in story.merged]
    valid = set(order) == set(NEEDS) and all(
        order.index(need) < order.index(key) for key, needs in NEEDS.items() for need in needs
    )
    show.line(f"Order of merges   {' -> '.join(order)}   ({'valid' if valid else 'NOT VALID'})")
    base = github["api_url"]
    async with session.get(f"{base}/_sandbox/requests") as response:
        requests = await response.json()
    mine = [each for each in requests["requests"] if each["actor"] == "signalbox[bot]"]
    kinds = Counter("reads" if _is_read(each) else "writes" for each in mine)
    show.line(f"Requests used     {len(mine)} by Signalbox: {kinds['reads']} reads, {kinds['writes']} writes")
    if story.delays:
        middle, longest = median(story.delays) * 1000, max(story.delays) * 1000
        show.line(f"Push to check     median {middle:.0f} ms, longest {longest:.0f} ms, of {len(story.delays)} pushes")
    show.line(f"Time              {show.seconds:.0f} s")
    show.line(f"Plan              {story.web_url}/{github['repository']}/issues/{story.issue}")
    show.line("                  (gone with the demo; `make demo KEEP=1` stays up to look around)" if not keep else "")
    return valid


def _is_read(request: dict[str, Any]) -> bool:
    fields = request.get("fields") or []
    return request["method"] == "GET" or (request["path"].endswith("/graphql") and not fields)


async def _stay(show: Display, github: dict[str, Any], story: Story) -> None:
    show.line()
    show.line(
        f"Still up. Look around at {github['web_url']}/{github['repository']}/issues/{story.issue}; Ctrl-C ends it."
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
