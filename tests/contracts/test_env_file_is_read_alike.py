"""One `.env` serves the token function, the worker, the console and the records: no line may mean two things.

The function ships alone, so the reader stands twice, there and in records/, and this holds the two together.
"""

from __future__ import annotations

import os
from pathlib import Path

import join_token.env_file
import pytest
from join_token.errors import SettingsError
from join_token.settings import settings_from

import records.env_file
from tests.token.environment import ANONYMOUS, BASE_ENV
from worker.environment import load_settings, read_env_file
from worker.errors import BadSettings

READERS = [join_token.env_file, records.env_file]
WORKER = {
    "LIVEKIT_URL": "wss://example.livekit.cloud",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "secret",
    "SARVAM_API_KEY": "sk_sarvam",
    "OPENAI_API_KEY": "sk-openai",
}


def test_all_hold_the_same_reader_byte_for_byte():
    assert len({Path(each.__file__).read_bytes() for each in READERS}) == 1


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('NAME="sk-abc" # my key', "sk-abc"),
        ("NAME='sk-abc' # my key", "sk-abc"),
        ("NAME=sk-abc # my key", "sk-abc"),
        ("NAME=sk-abc\t# my key", "sk-abc"),
        ("NAME=pass#word", "pass#word"),
        ("NAME=sk_a$HOME-b", "sk_a$HOME-b"),
        ("NAME=${HOME}", "${HOME}"),
        ('NAME="a $HOME b"', "a $HOME b"),
        ("export NAME=x", "x"),
        ("export   NAME = x  ", "x"),
        ("NAME=", ""),
        ("NAME=''", ""),
        ("NAME=a=b==", "a=b=="),
        ("NAME=नमस्ते", "नमस्ते"),
        ("\ufeffNAME=x", "x"),
        ("NAME=x\r\n", "x"),
        ("NAME=x\r\n\r\n# end\r\n", "x"),
        ("NAME=x\n\n\n", "x"),
    ],
)
@pytest.mark.parametrize("reader", READERS, ids=["function", "records"])
def test_what_a_line_means(reader, line, value, tmp_path):
    (tmp_path / ".env").write_bytes(line.encode())
    assert reader.with_env_file({}, tmp_path) == ({"NAME": value}, [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A=1\nNAME\n", ".env line 2: not of the form NAME=value"),
        (b"A=1\n\n\nsecret half\n", ".env line 4: not of the form NAME=value"),
        (b"NAME='x\n", ".env line 1: not of the form NAME=value"),
        (b"MY-NAME=x\n", ".env line 1: its name is no variable's"),
        (b"A=1\nNAME=\xff\xfe\n", ".env line 2: is not UTF-8"),
        ("NAME=x\n".encode("utf-16"), ".env: is UTF-16"),
        ("NAME=x\n".encode("utf-16-le"), ".env: is UTF-16"),
        (b"#" * 70_000, ".env: has 70000 bytes"),
    ],
)
@pytest.mark.parametrize("reader", READERS, ids=["function", "records"])
def test_what_is_wrong_with_a_file_is_said_and_nothing_of_it_repeated(reader, content, said, tmp_path):
    (tmp_path / ".env").write_bytes(content)
    values, problems = reader.with_env_file({}, tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith(said)
    assert "secret" not in problems[0]
    assert "NAME" not in values


@pytest.mark.parametrize("word", ["1", "true", "TRUE", "yes", "on", " true "])
@pytest.mark.parametrize("reader", READERS, ids=["function", "records"])
def test_both_leave_the_file_alone_at_the_same_words(reader, word, tmp_path):
    (tmp_path / ".env").write_text("NAME=x\n")
    environ = {"VAANI_IGNORE_ENV_FILE": word}
    assert reader.with_env_file(environ, tmp_path) == (environ, [])


def test_the_worker_puts_the_file_into_its_environment_and_real_variables_win(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {"B": "real"})
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    assert read_env_file(tmp_path) == []
    assert os.environ == {"A": "file", "B": "real"}


@pytest.mark.parametrize("around", ["\n", "\r\n", " ", "\t", "  \n\n"])
def test_what_stands_around_a_value_is_no_part_of_it(around):
    """A secret stored with `echo` ends in a line break: 401 for ever; an agent name with one never gets a call."""
    worker_settings = load_settings(WORKER | {"AGENT_NAME": f"mine{around}", "OPENAI_API_KEY": f"sk-openai{around}"})
    assert worker_settings.livekit.agent_name == "mine"
    assert worker_settings.openai.api_key.get_secret_value() == "sk-openai"
    token = settings_from(BASE_ENV | ANONYMOUS | {"AGENT_NAME": f"mine{around}", "LIVEKIT_API_KEY": f" key{around}"})
    assert (token.agent_name, token.livekit_api_key) == ("mine", "key")


@pytest.mark.parametrize("inside", ["\n", "\r", "\x00", "\x1b", "\x7f"])
def test_a_break_inside_a_value_is_refused_by_name(inside):
    broken = f"half{inside}half"
    with pytest.raises(BadSettings) as refused:
        load_settings(WORKER | {"SARVAM_API_KEY": broken})
    assert [problem for problem in refused.value.problems if problem.startswith("SARVAM_API_KEY: has a line break")]
    assert "half" not in str(refused.value).replace("has a", "")
    with pytest.raises(SettingsError) as also:
        settings_from(BASE_ENV | ANONYMOUS | {"LIVEKIT_API_SECRET": broken})
    assert [problem for problem in also.value.problems if problem.startswith("LIVEKIT_API_SECRET: has a line break")]


def test_json_may_have_as_many_lines_as_it_likes():
    servers = '[\n  {"name": "orders", "url": "https://orders.example.in/mcp"}\n]\n'
    assert load_settings(WORKER | {"WORKER_MCP_SERVERS": servers}).tool_sources.mcp_servers[0].name == "orders"


def test_a_blank_variable_counts_as_not_set():
    with pytest.raises(BadSettings, match="OPENAI_API_KEY is not set"):
        load_settings(WORKER | {"OPENAI_API_KEY": " \n"})
