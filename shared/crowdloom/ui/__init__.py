"""What every page shares: layout, look, components, languages. See README.md beside this file."""

from crowdloom.ui.bar import Bar, Purse
from crowdloom.ui.messages import Message, say
from crowdloom.ui.problems import error_page
from crowdloom.ui.refusals import worded
from crowdloom.ui.registration import PAGE_POLICY, register
from crowdloom.ui.role_bars import operator_bar, requester_bar, worker_bar
from crowdloom.ui.zones import day_began

__all__ = [
    "PAGE_POLICY",
    "Bar",
    "Message",
    "Purse",
    "day_began",
    "error_page",
    "operator_bar",
    "register",
    "requester_bar",
    "say",
    "worded",
    "worker_bar",
]
