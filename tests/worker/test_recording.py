"""Whether sound and words leave for LiveKit's cloud is said by this code, not by a switch elsewhere."""

import ast
from pathlib import Path

WORKER = Path(__file__).parents[2] / "worker"


def test_every_session_says_that_it_is_not_recorded():
    """Pins the trap that without `record=` the LiveKit Cloud project's switch decides what is uploaded."""
    starts = [
        node
        for path in WORKER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "session.start"
    ]

    assert starts
    for start in starts:
        assert {word.arg: ast.unparse(word.value) for word in start.keywords}.get("record") == "False"
