"""The whole stack on loopback: starts every process, says which part fails and why, stops all of it.

async with Stack() as stack:
    await place_call(plan, token_url=stack.token_url, control=stack.control)
"""

from sandbox.stack.processes import Process, ProcessFailed
from sandbox.stack.stack import Stack, StackOptions

__all__ = ["Process", "ProcessFailed", "Stack", "StackOptions"]
