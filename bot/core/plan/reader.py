"""Reads a plan: text -> repair -> blocks -> candidates -> choice -> fields -> mentions -> needs and order -> Plan with problems.

The only entry for the rest of Signalbox. Must not do a step's work itself; every step is its own module.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.model import Branch, Key, Plan, Problem, Workstream
from bot.core.plan.branches import find_base, pair_branches
from bot.core.plan.candidates import groups_of
from bot.core.plan.checks import check
from bot.core.plan.choice import choose
from bot.core.plan.complete import complete
from bot.core.plan.draft import Candidate, Draft, Order, Said
from bot.core.plan.fenced import unfenced
from bot.core.plan.fields import draft_of, finish
from bot.core.plan.groups import groups_around
from bot.core.plan.inline import plain
from bot.core.plan.keys import second_name
from bot.core.plan.markdown import Section, parse
from bot.core.plan.mentions import merge_candidates, merge_sections
from bot.core.plan.needs import Stated, find_needs
from bot.core.plan.order import find_orders
from bot.core.plan.origins import origins_of, own_of
from bot.core.plan.problems import (
    MAX_BODY,
    MAX_WORKSTREAMS,
    duplicate_key,
    mended,
    no_workstreams,
    too_long,
    too_many,
)
from bot.core.plan.references import Names
from bot.core.plan.refusal import why_not
from bot.core.plan.repair import repaired
from bot.core.plan.unread import not_followed

MAX_PLAN_TITLE = 300  # characters


def read_plan(body: str, title: str = "") -> Plan:
    """Return the plan a text holds. Never raises, whatever the text.

    Workstreams stand in the order of the text; problems are sorted by line (1-based, 0 = the text as a whole). A text
    without workstreams gives a plan without workstreams and the problem `no-workstreams`. `title` is the issue's title;
    without it the first heading of level 1 counts.
    """
    if len(body) > MAX_BODY:
        return _empty(title, too_long(len(body)))
    text, garbled = repaired(body)
    root = parse(unfenced(text))
    title = (title.strip() or _first_heading(root))[:MAX_PLAN_TITLE]
    groups = groups_of(root)
    choice = choose(groups, root, title)
    if choice is None:
        return _empty(title, no_workstreams(why_not(root, groups, title)))
    found: list[Problem] = [mended(garbled)] if garbled else []
    drafts, again = _drafts(complete(choice, groups), found)
    if len(drafts) > MAX_WORKSTREAMS:
        found.append(too_many(len(drafts)))
        drafts = drafts[:MAX_WORKSTREAMS]
    own = own_of(drafts)
    merge_candidates(
        drafts, [*again, *(each for group in groups if group is not choice.group for each in group.members if each.key)]
    )
    pair_branches(root, drafts)
    names = Names(drafts)
    merge_sections(root, drafts, names)
    for draft in drafts:
        finish(draft)
    stated = find_needs(root, drafts, names)
    orders = find_orders(root, drafts, names)
    plan = _plan(title, drafts, find_base(root, drafts), stated, orders)
    origins = origins_of(drafts, own, stated, orders)
    found += check(root, plan, drafts, names, stated, orders)
    found += not_followed(root, drafts, names, orders)
    return replace(plan, problems=tuple(sorted(found, key=lambda each: each.line)), origins=origins)


def _empty(title: str, problem: Problem) -> Plan:
    return Plan(title=title[:MAX_PLAN_TITLE], base=None, workstreams=(), merge_order=None, problems=(problem,))


def _first_heading(root: Section) -> str:
    return next((each.title.plain for each in root.children if each.level == 1), "")


def _drafts(members: Sequence[Candidate], found: list[Problem]) -> tuple[list[Draft], list[Candidate]]:
    """Return one draft a key, and the candidates that speak of a workstream again.

    The same key twice in one place is a mistake; in another section it is the same workstream mentioned again.
    """
    drafts: dict[str, Draft] = {}
    again = []
    for number, member in enumerate(members, 1):
        key = Key(member.key or f"item-{number}")
        first = drafts.get(key.lower())
        if first is None:
            drafts[key.lower()] = draft_of(member, key, groups_around(member))
            drafts[key.lower()].aliases += [
                each.key for remark in member.remarks if (each := second_name(remark.raw)) is not None
            ]
        elif member.shape == "#" and member.ticked is not None and member.title not in {first.title, member.key}:
            own = Key(f"item-{number}")  # one issue, two pieces of work
            drafts[own] = draft_of(member, own, groups_around(member))
        elif _place(first.candidate) is _place(member):
            found.append(duplicate_key(key, member.line, first.line))
        else:
            again.append(member)
    return list(drafts.values()), again


def _place(candidate: Candidate) -> Section | None:
    return candidate.section.parent if candidate.heads and candidate.section else candidate.section


def _plan(title: str, drafts: Sequence[Draft], base: Said | None, stated: Stated, orders: Sequence[Order]) -> Plan:
    places = {each.key: n for n, each in enumerate(drafts)}
    return Plan(
        title=title,
        base=Branch(base.value) if base else None,
        workstreams=tuple(
            _workstream(each, sorted(stated.of(each.key) - {each.key}, key=places.__getitem__)) for each in drafts
        ),
        merge_order=orders[0].waves if orders else None,
        problems=(),
    )


def _workstream(draft: Draft, needs: Sequence[Key]) -> Workstream:
    return Workstream(
        key=draft.key,
        title=draft.title or plain(draft.key),
        line=draft.line,
        branch=Branch(draft.branch.value) if draft.branch else None,
        files=tuple(each.value for each in draft.files),
        needs=tuple(needs),
        scope=tuple(each.value for each in draft.scope),
        out_of_scope=tuple(each.value for each in draft.out_of_scope),
        acceptance=tuple(each.value for each in draft.acceptance),
        validation=tuple(each.value for each in draft.validation),
        ticked=draft.ticked,
    )
