"""Reads your own transcripts: JSON lines in, the same lines with what the end of turn makes of them out.

    echo '{"text": "my number is", "language": "en-IN", "asked": "May I help?"}' | python -m worker.end_of_turn

`language` and `asked` may be left out.
"""

import json
import sys
from collections.abc import Iterable, Iterator

from worker.end_of_turn import Evidence, how_long_to_wait

_FIELDS = ("text", "language", "asked")


def read_lines(lines: Iterable[str]) -> Iterator[str]:
    """One answer a line: `completeness`, `seconds` of silence to wait and the `reason`.

    Raises:
        ValueError: A line is no such object; it says which line and what to do.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            given = _parsed(line, number)
            wait = how_long_to_wait(Evidence(given["text"], given.get("language"), asked=given.get("asked") or ""))
            told = {"completeness": wait.completeness.value, "seconds": wait.seconds, "reason": wait.reason}
            yield json.dumps(given | told, ensure_ascii=False)


def _parsed(line: str, number: int) -> dict[str, str]:
    try:
        given = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number} is not JSON ({error}). Write one object a line.") from error
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise ValueError(
            f'line {number} has no "text" string. Write {{"text": "...", "language": "hi-IN", "asked": "..."}}.'
        )
    wrong = [name for name in _FIELDS if not isinstance(given.get(name), str | None)]
    if wrong:
        raise ValueError(f"line {number}: {', '.join(wrong)} must be text. Put it in quotes or leave it out.")
    return given


def main() -> int:
    """Judge standard input on standard output; returns 2 when a line is wrong."""
    try:
        for answer in read_lines(sys.stdin):
            sys.stdout.write(f"{answer}\n")
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
