"""The offline bench of lines that echo: what counts as a phantom, and as a caller who was heard."""

import json

import numpy as np
import pytest

from bench.line_echo import CallerRow, PhantomRow, Voice, agent_speaks, main, stopped_after, tables
from bench.phone_lines import WORKER_RATE_HZ, Line, LineSound, sound_of

AGENTS = ("espeak:agent",)


def level_db(came, agent):
    return 10 * np.log10(np.mean(came.astype(float) ** 2) / np.mean(agent.astype(float) ** 2))


def test_a_line_gives_the_agents_voice_back_as_loud_as_it_says():
    sound = sound_of(Line(((-20.0, 0.2),)), 1, 8.0, AGENTS)
    assert level_db(sound.came, sound.agent) == pytest.approx(-20.0, abs=1.5)
    assert not len(sound.words_at)


def test_a_callers_words_are_in_what_comes_when_the_line_says_they_begin():
    sound = sound_of(Line(caller_share=1.0), 1, 10.0, AGENTS)
    before, words = (sound.came[round(at * WORKER_RATE_HZ) :][:3200].astype(float) for at in (5.0, sound.words_at[0]))
    assert np.std(words) > 20 * np.std(before)


def test_a_word_has_stopped_the_agent_when_the_detector_says_so_soon_enough():
    heard = [Voice(3.0, None), Voice(5.1, 5.2), Voice(9.9, 10.0)]
    assert stopped_after(heard, 5.0) == pytest.approx(0.2)
    assert stopped_after(heard, 2.9) is None
    assert stopped_after(heard, 9.0) is None


def test_only_words_over_the_agent_count():
    agent = np.zeros(3 * WORKER_RATE_HZ, dtype=np.int16)
    agent[:WORKER_RATE_HZ] = 3000
    sound = LineSound(agent, agent, (0.9, 2.5))
    assert [agent_speaks(sound, at) for at in sound.words_at] == [True, False]


def test_the_tables_say_what_was_counted():
    heard, unheard = CallerRow("-20 dB", 90, 2, 0.19, 0.24), CallerRow("loud", 3, 3, None, None)
    page = tables([PhantomRow("-20 dB", 6.0, 0, 40, 0.008)], [heard, unheard])
    assert "| -20 dB | 6 | 0 | 40 | 0.8% |" in page
    assert "| -20 dB | 90 | 2 | 0.19 s, 0.24 s |" in page
    assert "| loud | 3 | 3 |  |" in page


@pytest.mark.parametrize("seeds", ["", "x", "1-", "3-x", "5-2"])
def test_seeds_that_are_none_are_told(seeds, capsys):
    with pytest.raises(SystemExit):
        main(["--seeds", seeds])
    assert "--seeds" in capsys.readouterr().err


def test_a_run_leaves_its_rows(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("bench.line_echo.QUICK", ("-20 dB", "no echo, caller at 0 dB"))
    monkeypatch.setattr("bench.line_echo.SECONDS", 9.0)
    file = tmp_path / "rows.json"
    assert main(["--quick", "--seeds", "1-3", "--json", str(file)]) == 0
    rows = json.loads(file.read_text())
    assert rows["seeds"] == [1]
    assert [row["voices"] for row in rows["silent"]] == [0]
    assert len(rows["talking"]) == 1
    assert "| -20 dB | 0.15 |" in capsys.readouterr().out
