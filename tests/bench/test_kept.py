"""What takes minutes to hear is heard once where a file keeps it, and every time where none does."""

from dataclasses import dataclass

from bench.kept import kept_or_collected


@dataclass(frozen=True)
class Heard:
    words: str


def test_what_a_file_keeps_is_not_collected_again(tmp_path):
    collected = []

    def collect():
        collected.append(Heard("नहीं"))
        yield from collected

    for file in (tmp_path / "heard.json", tmp_path / "heard.json", None):
        assert kept_or_collected(file, lambda fields: Heard(**fields), collect)[0] == Heard("नहीं")
    assert len(collected) == 2
