"""Scripts and settings: everything wrong is said at once, with the nearest right name."""

import pytest

from sandbox.caller import DEFAULT_SCRIPT, BadPlan, Noise, Pause, load_plan
from sandbox.caller.cli import main
from sandbox.caller.settings import DESCRIPTIONS, CallerSettings
from sandbox.caller.token_source import Bearer, HmacKey
from sandbox.caller.transcripts import TurnReport, assign_reports

URL = {"CALL_TOKEN_URL": "http://127.0.0.1:8080/"}


def script(tmp_path, text):
    path = tmp_path / "script.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_script_is_the_demo_that_the_readme_promises():
    plan = load_plan(DEFAULT_SCRIPT)
    assert len(plan.turns) >= 4
    assert [turn.expects_end for turn in plan.turns] == [False] * (len(plan.turns) - 1) + [True]
    assert {"en-IN", "hi-IN"} < {turn.language for turn in plan.turns}
    assert [turn.language for turn in plan.turns if not turn.scripted] == ["en-IN"]


def test_a_script_can_say_everything_a_turn_has(tmp_path):
    (tmp_path / "a.wav").touch()
    plan = load_plan(
        script(
            tmp_path,
            """
            participant_attributes = {language = "ta-IN"}
            [[turns]]
            text = "hello there"
            heard_text = "hollow there"
            heard_probability = 0.2
            pauses = [{after_words = 1, seconds = 0.5}]
            noise = {snr_db = 10, kind = "hum"}
            barge_in_after_seconds = 1.5
            [[turns]]
            text = "a recording"
            wav = "a.wav"
            words = [{text = "a", end_seconds = 0.2}]
            """,
        )
    )
    first, second = plan.turns
    assert plan.participant_attributes == (("language", "ta-IN"),)
    assert (first.heard_text, first.heard_probability, first.barge_in_after_seconds) == ("hollow there", 0.2, 1.5)
    assert (first.pauses, first.noise) == ((Pause(0.5, after_words=1),), Noise(10, "hum"))
    assert second.wav == tmp_path / "a.wav"
    assert second.words[0].end_seconds == 0.2


def test_the_telephones_script_keys_a_number_and_ends_with_a_transfer():
    plan = load_plan(DEFAULT_SCRIPT.with_name("phone.toml"))
    assert [turn.keys for turn in plan.turns if turn.keys] == ["4711#"]
    assert plan.turns[-1].expects_end
    assert {turn.language for turn in plan.turns} == {"en-IN", "hi-IN"}


def test_the_pages_button_stands_for_itself(tmp_path):
    (turn,) = load_plan(script(tmp_path, '[[turns]]\nbutton = "withdraw"')).turns
    assert (turn.button, turn.text) == ("withdraw", "withdraw")


def test_keys_stand_for_themselves_unless_the_script_says_what_they_mean(tmp_path):
    plan = load_plan(script(tmp_path, '[[turns]]\nkeys = "12#"\n[[turns]]\nkeys = "7"\ntext = "Odia, please"'))
    assert [(turn.keys, turn.text) for turn in plan.turns] == [("12#", "12#"), ("7", "Odia, please")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ["no \\[\\[turns\\]\\]"]),
        ('[[turns]]\nbutton = "mute"', ["turn 1: the page has no button 'mute'; it has withdraw"]),
        ('[[turns]]\nkeys = "12x"', ["turn 1: keys must be a string of keys: a telephone has no key 'x'"]),
        ("[[turns]]\nkeys = 12", ["turn 1: keys must be a string of keys"]),
        ("turns = [", ["not TOML"]),
        ("[[turns]]\ntekst = 'x'", ["did you mean text", "turn 1 has no text"]),
        ("[[turns]]\ntext = 'x'\n[[turns]]\ntext = 'y'\nexpects_end = 'no'\nwav = 'gone.wav'", ["turn 2", "gone.wav"]),
        ("[[turns]]\ntext = 'x'\nwait_seconds = -1", ["wait_seconds must be a number >= 0"]),
        ("[[turns]]\ntext = 'x'\npauses = [{seconds = 1}]", ["either after_words or at_seconds"]),
        ("[[turns]]\ntext = 'x'\nnoise = {snr_db = 1, kind = 'jazz'}", ["jazz.*white, pink, hum"]),
        ("[[turns]]\ntext = 'x'\nnoise = {kind = 'hum'}", ["snr_db"]),
        ("[[turns]]\ntext = 'x'\nwords = ['a']", ["words: each must be a table"]),
        ("turns = ['x']", ["turn 1 is not a table"]),
        ("participant_attributes = {language = 1}\n[[turns]]\ntext = 'x'", ["table of strings"]),
    ],
)
def test_all_problems_of_a_script_are_told(tmp_path, text, says):
    for each in says:
        with pytest.raises(BadPlan, match=each):
            load_plan(script(tmp_path, text))


def test_settings_choose_the_authorization():
    assert CallerSettings.from_environment(URL).auth is None
    assert CallerSettings.from_environment(URL | {"CALL_BEARER": "x"}).auth == Bearer("x")
    assert CallerSettings.from_environment(URL | {"CALL_HMAC_KEY": "a:b"}).auth == HmacKey("a", "b")
    scoped = CallerSettings.from_environment(URL | {"CALL_CONTROL_URL": "http://127.0.0.1:1", "CALL_SCOPE": "s"})
    assert scoped.control.transcripts_url == "http://127.0.0.1:1/control/scopes/s/transcripts"


def test_all_wrong_settings_are_told_at_once_and_no_secret():
    wrong = {"CALL_TOKEN_ULR": "x", "CALL_BEARER": "s3cret", "CALL_HMAC_KEY": "s3cret", "CALL_CONTROL_URL": "ftp://x"}
    with pytest.raises(BadPlan) as refused:
        CallerSettings.from_environment(wrong)
    told = str(refused.value)
    for part in (
        "did you mean CALL_TOKEN_URL",
        "CALL_TOKEN_URL is not set",
        "both set",
        "id:secret",
        "CALL_CONTROL_URL",
    ):
        assert part in told
    assert "s3cret" not in told


def test_the_command_line_exits_with_2_for_bad_settings_and_explains_them(monkeypatch, capsys, tmp_path):
    for name in DESCRIPTIONS:
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 2
    assert "CALL_TOKEN_URL is not set" in capsys.readouterr().err
    assert main(["--token-url", "http://127.0.0.1:1/", "--script", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_the_command_line_exits_with_1_and_leaves_call_json_when_the_call_failed(
    monkeypatch, capsys, tmp_path, closed_port
):
    monkeypatch.delenv("CALL_CONTROL_URL", raising=False)
    assert main(["--token-url", f"http://127.0.0.1:{closed_port}/", "--out", str(tmp_path)]) == 1
    assert "token_unreachable" in capsys.readouterr().out
    assert "token_unreachable" in (tmp_path / "call.json").read_text()


def test_a_report_of_an_interrupted_reply_goes_to_its_own_turn_although_it_arrives_late():
    late = TurnReport(21.0, {"heard": "tell me a story", "reply": "Once"})
    second = TurnReport(25.0, {"heard": "stop", "reply": "Yes?"})
    assert assign_reports([late, second], ["Tell me  a story", "stop"], [10.0, 20.0]) == [late, second]


def test_a_report_whose_words_match_nothing_goes_by_its_time():
    report = TurnReport(15.0, {"heard": "hollow"})
    assert assign_reports([report], ["", ""], [10.0, 20.0]) == [report, None]
    assert assign_reports([TurnReport(5.0, {})], ["x"], [10.0]) == [None]
