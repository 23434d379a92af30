"""`python -m demo [--keep] [--lose]`: start a stand-in GitHub and Signalbox, play a plan to its end, sum it up, clean up."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from demo.agents import Ci, Clone
from demo.display import Display
from demo.looks import Looks
from demo.people import Person
from demo.processes import Programs, StartFailed, free_port
from demo.story import Story
from demo.summary import summarise


def main() -> int:
    """Play the demo; 0 if everything in its summary is as it should be."""
    arguments = argparse.ArgumentParser(prog="demo", description=__doc__)
    arguments.add_argument("--keep", action="store_true", help="stay up afterwards, to look around")
    arguments.add_argument("--lose", action="store_true", help="delete Signalbox's database in the middle of the plan")
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="signalbox-demo-"))
    try:
        return asyncio.run(_demo(folder, keep=given.keep, lose=given.lose))
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _demo(folder: Path, *, keep: bool, lose: bool) -> int:
    show = Display()
    show.title("Signalbox demo: one plan, five workers, one order")
    programs = Programs(folder)
    try:
        port = free_port()
        github = await programs.sandbox(f"http://127.0.0.1:{port}/webhook")
        await programs.bot(github, port)
        show.line(f"GitHub's stand-in: {github['web_url']}   Signalbox: http://127.0.0.1:{port}")
        async with aiohttp.ClientSession() as session:
            story = _story(show, github, folder, session)
            if lose:
                story.lose_database = partial(programs.lose_database, github, port)
            await story.play()
            async with session.get(f"{github['api_url']}/_sandbox/requests") as response:
                requests = (await response.json())["requests"]
            good = await summarise(story, requests)
            show.line(f"Plan              {github['web_url']}/{github['repository']}/issues/{story.issue}")
        if keep:
            await _stay(show, github, story)
        else:
            show.line("                  (gone with the demo; `make demo KEEP=1` stays up to look around)")
    except (StartFailed, TimeoutError, RuntimeError) as error:
        show.line(f"The demo failed: {error}")
        if (folder / "signalbox.log").exists():
            show.line(f"Signalbox's last words:\n{programs.end_of_log('signalbox')}")
        return 1
    finally:
        await programs.stop()
    return 0 if good else 1


def _story(show: Display, github: dict[str, Any], folder: Path, session: aiohttp.ClientSession) -> Story:
    def person(login: str, token: str) -> Person:
        return Person(
            login=login, token=token, api_url=github["api_url"], repository=github["repository"], session=session
        )

    users = {login: person(login, user["token"]) for login, user in github["users"].items()}
    host = github["git_url"].removeprefix("http://")
    url = f"http://x-access-token:{users['ada'].token}@{host}/{github['repository']}.git"
    clone, looks = Clone(folder=folder / "work" / "clone", url=url), Looks(users["mia"])
    return Story(
        show=show,
        ada=users["ada"],
        mia=users["mia"],
        wim=users["wim"],
        clone=clone,
        signalbox_app=github["app_id"],
        looks=looks,
        ci=Ci(robot=person("ci", github["ci_token"]), clone=clone, looks=looks),
    )


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
