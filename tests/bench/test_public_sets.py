"""Public calls are read as their authors wrote them, and every answer in a language that nobody spoke is counted."""

import pytest

from bench.public_sets import language as bench
from bench.public_sets.code_mixed import FILES, FOLDERS, Exchange, calls

HINDI_CALLS = """\
1 <SILENCE>\tnamaste, aap kya khana chahenge
2 mujhe sasta khana chahiye\tkis area mein
resto_1 R_phone 01223 323737
3 kahin bhi\tyeh raha number

1 where is my order\tek minute
2 ok\tkuch aur
"""


@pytest.fixture
def copy_of_the_set(tmp_path):
    for code, folder in FOLDERS.items():
        (tmp_path / "data" / folder).mkdir(parents=True)
        said = HINDI_CALLS if code == "hi-IN" else "1 <SILENCE>\thello\n2 ok\tbye\n"
        (tmp_path / "data" / folder / FILES["dev"]).write_text(said, encoding="utf-8")
    return tmp_path


def test_a_call_is_its_turns_in_order_without_silence_and_rows_of_a_database(copy_of_the_set):
    assert list(calls(copy_of_the_set, "hi-IN", "dev")) == [
        [
            Exchange("namaste, aap kya khana chahenge", "mujhe sasta khana chahiye"),
            Exchange("kis area mein", "kahin bhi"),
        ],
        [Exchange("", "where is my order"), Exchange("ek minute", "ok")],
    ]


def test_a_jump_is_counted_once_and_each_turn_that_it_lasts(copy_of_the_set):
    jumps = bench.count_jumps("hi-IN", calls(copy_of_the_set, "hi-IN", "dev"), (None, None))
    assert (jumps.calls, jumps.turns, jumps.wrong_turns) == (2, 4, 2)
    assert (jumps.calls_to_english, jumps.calls_to_third_language) == (1, 0)
    assert list(jumps.causes) == [("where is my order", "en-IN", "grammar")]


def test_one_row_a_language_and_claim_is_printed_with_the_causes(copy_of_the_set, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["language", str(copy_of_the_set), "--causes", "1"])
    bench.main()
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if "calls to English" in line]) == len(FOLDERS) * len(bench.CLAIMS)
    assert [line.split(": ")[1] for line in lines if line.startswith(" ")] == ["where is my order"] * len(bench.CLAIMS)


def test_a_folder_without_the_set_is_refused_with_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["language", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        bench.main()
    assert "clone github.com/sumanbanerjee1/Code-Mixed-Dialog" in capsys.readouterr().err
