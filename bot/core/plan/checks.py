"""Every check of a plan that was read, in one list. The last step of the reader before the Plan is handed out.

Must not hold a check itself: problems.py, ownership_problems.py, contents_problems.py and contradictions.py do.
"""

from collections.abc import Sequence

from bot.core.model import Plan, Problem
from bot.core.plan import contents_problems, ownership_problems, problems
from bot.core.plan.contradictions import contradictions
from bot.core.plan.draft import Draft, Order
from bot.core.plan.markdown import Section
from bot.core.plan.mentions import exclusive_ownership
from bot.core.plan.needs import Stated
from bot.core.plan.references import Names


def check(
    root: Section, plan: Plan, drafts: Sequence[Draft], names: Names, stated: Stated, orders: Sequence[Order]
) -> tuple[Problem, ...]:
    """Return the problems of a plan that was read, sorted by line."""
    found = [
        *problems.of_keys(drafts),
        *problems.of_branches(plan, drafts),
        *problems.of_needs(stated),
        *problems.of_cycles(plan, stated),
        *problems.of_orders(stated, orders),
        *ownership_problems.owners_of_one_file(plan, drafts, exclusive_ownership(root)),
        *ownership_problems.lines_that_overlap(drafts, names),
        *ownership_problems.secondary_alone(drafts),
        *ownership_problems.table_against_text(drafts),
        *contradictions(root, plan, drafts, names, stated),
        *contents_problems.left_unsaid(drafts),
        *contents_problems.done_already(drafts),
        *contents_problems.nothing_orders(drafts, stated, orders),
    ]
    return tuple(sorted(found, key=lambda each: each.line))
