"""A bench that is stopped half-way leaves what it has measured: an hour of calls is not to be had again."""

import json

from bench import __main__ as bench
from bench.rows import row


def stopped_after(monkeypatch, out, rows):
    async def run(self):
        self.rows_beside += rows
        raise KeyboardInterrupt

    monkeypatch.setattr(bench.Bench, "run", run)
    monkeypatch.setenv("BENCH_OUT", str(out))
    monkeypatch.setenv("BENCH_PARTS", "fast,telephone")
    return bench.main([])


def test_the_rows_of_the_parts_that_are_over_are_written(monkeypatch, tmp_path, capsys):
    """Pins 47 minutes of calls that were lost when the parts behind them took too long."""
    done = row("voice_to_voice_p50_fast", "seconds", 3, {"vaani": 0.75})
    assert stopped_after(monkeypatch, tmp_path, [done]) == bench.INTERRUPTED
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert [each["name"] for each in kept["rows"]] == ["voice_to_voice_p50_fast"]
    assert "what was measured until then" in capsys.readouterr().out


def test_nothing_is_written_over_where_nothing_was_measured(monkeypatch, tmp_path):
    """An earlier run's figures stay."""
    (tmp_path / "bench.json").write_text("{}")
    assert stopped_after(monkeypatch, tmp_path, []) == bench.INTERRUPTED
    assert (tmp_path / "bench.json").read_text() == "{}"
