"""Public sets are read from a folder that the user fills, and reported as the docs show them."""

import json

import pytest

from bench.public_turns import cut_in_the_middle, main, read_sets


@pytest.fixture
def folder(tmp_path):
    banking = tmp_path / "task-specific-datasets" / "banking_data"
    banking.mkdir(parents=True)
    (banking / "train.csv").write_text("text,category\nWhere is my order?,order\n", "utf-8")
    (banking / "test.csv").write_text("text,category\nMy card is\n", "utf-8")
    nlupp = tmp_path / "task-specific-datasets" / "nlupp" / "data" / "hotels"
    nlupp.mkdir(parents=True)
    (nlupp / "fold7.json").write_text(json.dumps([{"text": "I want to cancel my booking, please."}]), "utf-8")
    dialogues = tmp_path / "Code-Mixed-Dialog" / "data" / "hindi"
    dialogues.mkdir(parents=True)
    calls = (
        "1 <SILENCE>\tNamaste, aap kya khayenge?\n2 kuch bhi\tapi_call R_cuisine\n3 R_phone 12\n",
        "1 haan ji\tTheek hai\n",
    )
    for part in ("trn", "dev"):
        (dialogues / f"dialog-dstc2-{part}.txt").write_text("\n".join(calls), "utf-8")
    return tmp_path


def test_turns_come_as_a_recogniser_gives_them_and_after_what_the_agent_said(folder):
    sets = read_sets(folder, "develop")
    assert [turn.text for turn in sets["banking77"]] == ["where is my order"]
    assert [turn.text for turn in sets["nlu++"]] == ["i want to cancel my booking please"]
    heard = [(turn.text, turn.asked) for turn in sets["dstc2 hi"]]
    assert heard == [("kuch bhi", "Namaste, aap kya khayenge?"), ("haan ji", "")] * 2


def test_the_table_has_a_row_for_each_set_of_the_part(folder, capsys):
    assert main([str(folder), "--part", "develop"]) == 0
    header, _, *rows = capsys.readouterr().out.splitlines()
    assert header == "| set | finished | unclear | unfinished | cut read as finished |"
    assert [row.split(" | ")[0] for row in rows] == ["| Banking77", "| NLU++", "| DSTC2 Hindi"]
    assert rows[0].startswith("| Banking77 | 100.0 % | 0.0 % | 0.0 % |")


def test_the_parts_share_no_turn(folder, capsys):
    assert main([str(folder), "--part", "held-back"]) == 0
    assert [row.split(" | ")[0] for row in capsys.readouterr().out.splitlines()[2:]] == ["| Banking77"]


def test_an_empty_folder_is_told_with_what_to_do(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "docs/end-of-turn.md" in capsys.readouterr().err


def test_a_turn_is_cut_after_an_inner_word_and_the_same_way_each_time(folder):
    turns = read_sets(folder, "develop")["nlu++"]
    (cut,) = cut_in_the_middle(turns, seed=1)
    assert turns[0].text.startswith(f"{cut.text} ")
    assert cut_in_the_middle(turns, seed=1) == [cut]
