"""Settings: everything wrong is said at once, at start, and secrets are never part of it."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from join_token.env_file import parse_env_file, with_env_file
from join_token.errors import SettingsError
from join_token.secret import Secret
from join_token.settings import settings_from
from join_token.variables import VARIABLES

from tests.token.environment import ANONYMOUS, BASE_ENV, HMAC, HMAC_SECRET, LIVEKIT_SECRET

ROOT = Path(__file__).resolve().parents[2]
OIDC = {
    "TOKEN_OIDC_ISSUER": "https://issuer.example",
    "TOKEN_OIDC_AUDIENCE": "app",
    "TOKEN_OIDC_JWKS_URL": "https://issuer.example/jwks",
}
CLOUD_RUN = {"K_SERVICE": "token"}


def problems_of(**env):
    with pytest.raises(SettingsError) as caught:
        settings_from({**BASE_ENV, **env})
    return caught.value.problems


def settings(**env):
    return settings_from({**BASE_ENV, **env})


def test_authentication_is_on_unless_said_otherwise():
    assert settings(**OIDC).auth == "oidc"
    assert any(problem.startswith("TOKEN_OIDC_AUDIENCE") for problem in problems_of())


def test_all_problems_are_listed_at_once():
    env = {"TOKEN_AUTH": "basic", "TOKEN_TTL_SECONDS": "soon", "TOKEN_ALLOWED_ORIGINS": "*", "TOKEN_PREDISPATCH": "si"}
    with pytest.raises(SettingsError) as caught:
        settings_from(env)
    named = [problem.partition(":")[0] for problem in caught.value.problems]
    assert named == [
        "TOKEN_AUTH",
        "LIVEKIT_URL",
        "LIVEKIT_API_KEY",
        "LIVEKIT_API_SECRET",
        "TOKEN_ALLOWED_ORIGINS",
        "TOKEN_TTL_SECONDS",
        "TOKEN_PREDISPATCH",
    ]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("TOKEN_AUHT", "TOKEN_AUTH"),
        ("TOKEN_HMAC_KEY", "TOKEN_HMAC_KEYS"),
        ("TOKEN_ALLOWED_ORIGIN", "TOKEN_ALLOWED_ORIGINS"),
        ("TOKEN_RATE_PER_IP_ADDRESS", "TOKEN_RATE_PER_ADDRESS"),
    ],
)
def test_a_misspelt_variable_names_the_nearest_right_one(wrong, right):
    assert problems_of(**ANONYMOUS, **{wrong: "x"}) == [f"{wrong}: is not a setting. Did you mean {right}?"]


def test_no_authentication_needs_to_be_said_twice():
    assert "TOKEN_ALLOW_ANONYMOUS=true" in problems_of(TOKEN_AUTH="none")[0]
    assert settings(**ANONYMOUS).auth == "none"


def test_no_authentication_is_refused_on_cloud_run_however_often_it_is_said():
    assert "refused on Cloud Run" in problems_of(**ANONYMOUS, **CLOUD_RUN)[0]


@pytest.mark.parametrize(
    ("env", "issuers", "jwks_url"),
    [
        (
            {"TOKEN_OIDC_PRESET": "firebase", "TOKEN_OIDC_AUDIENCE": "shop-7"},
            ("https://securetoken.google.com/shop-7",),
            "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        ),
        (
            {"TOKEN_OIDC_PRESET": "google", "TOKEN_OIDC_AUDIENCE": "7.apps.googleusercontent.com"},
            ("https://accounts.google.com", "accounts.google.com"),
            "https://www.googleapis.com/oauth2/v3/certs",
        ),
        (OIDC, ("https://issuer.example",), "https://issuer.example/jwks"),
    ],
    ids=["firebase", "google", "any issuer"],
)
def test_presets_fill_in_issuer_and_keys(env, issuers, jwks_url):
    assert (settings(**env).oidc.issuers, settings(**env).oidc.jwks_url) == (issuers, jwks_url)


@pytest.mark.parametrize(
    "env",
    [
        {**OIDC, "TOKEN_OIDC_JWKS_URL": "http://issuer.example/jwks"},
        {**OIDC, "TOKEN_OIDC_JWKS_URL": "http://127.0.0.1.evil.example/jwks"},
        {**OIDC, "TOKEN_OIDC_JWKS_URL": "https://127.0.0.1@evil.example/jwks"},
        {**OIDC, "TOKEN_OIDC_JWKS_URL": "file:///etc/passwd"},
        {**OIDC, "TOKEN_OIDC_JWKS_URL": "https://[::1"},
        {**OIDC, "TOKEN_OIDC_PRESET": "facebook"},
        {"TOKEN_OIDC_PRESET": "firebase", "TOKEN_OIDC_AUDIENCE": "a,b"},
        {**ANONYMOUS, "LIVEKIT_URL": "livekit.example"},
        {**ANONYMOUS, "LIVEKIT_URL": "wss://"},
        {**ANONYMOUS, "TOKEN_ALLOWED_ORIGINS": "https://app.example/"},
        {**ANONYMOUS, "TOKEN_ALLOWED_ORIGINS": "https://*.example"},
        {**ANONYMOUS, "TOKEN_ALLOWED_ORIGINS": "null"},
        {**ANONYMOUS, "TOKEN_CLIENT_FIELDS": "room_nam"},
        {**ANONYMOUS, "TOKEN_TTL_SECONDS": "86400"},
        {**ANONYMOUS, "TOKEN_RATE_PER_CALLER": "0"},
        {**ANONYMOUS, "TOKEN_TRUSTED_PROXY_HOPS": "-1"},
        {**ANONYMOUS, "AGENT_NAME": "a\nb"},
        {**ANONYMOUS, "TOKEN_APP_CHECK_PROJECT": "my-project"},
        {**ANONYMOUS, "TOKEN_APP_CHECK_APPS": "1:2:web:3"},
        {"TOKEN_AUTH": "hmac"},
        {"TOKEN_AUTH": "hmac", "TOKEN_HMAC_KEYS": "no-colon"},
        {"TOKEN_AUTH": "hmac", "TOKEN_HMAC_KEYS": "a:x,a:y"},
        {**HMAC, **CLOUD_RUN, "TOKEN_HMAC_KEYS": "a:short"},
    ],
    ids=lambda env: " ".join(f"{name}={value}" for name, value in env.items() if name not in {**OIDC, **ANONYMOUS}),
)
def test_a_setting_that_cannot_work_is_one_problem(env):
    assert len(problems_of(**env)) == 1


def test_the_keys_may_come_over_http_on_loopback_only():
    for host in ("localhost", "127.0.0.1:8080", "[::1]:8080"):
        assert settings(**{**OIDC, "TOKEN_OIDC_JWKS_URL": f"http://{host}/jwks"}).oidc


def test_a_token_spans_at_most_a_quarter_of_an_hour():
    from join_token.mint import NBF_BACKDATED_SECONDS
    from join_token.settings import TTL_SECONDS_RANGE

    assert TTL_SECONDS_RANGE[1] + NBF_BACKDATED_SECONDS <= 900


def test_on_cloud_run_the_front_end_is_trusted_for_one_address():
    """Pins: with none trusted there, all callers would share one limit."""
    assert settings(**OIDC, **CLOUD_RUN).trusted_proxy_hops == 1
    assert settings(**OIDC, **CLOUD_RUN, TOKEN_TRUSTED_PROXY_HOPS="2").trusted_proxy_hops == 2
    assert settings(**OIDC).trusted_proxy_hops == 0


def test_problems_never_repeat_a_secret():
    keys = f"bad id!:{HMAC_SECRET},{HMAC_SECRET}"
    problems = "\n".join(problems_of(TOKEN_AUTH="hmac", TOKEN_HMAC_KEYS=keys, TOKEN_TTL_SECONDS="x"))
    assert "key 1" in problems
    assert "key 2" in problems
    assert HMAC_SECRET not in problems


def test_secrets_do_not_show_in_reprs_formats_or_copies():
    shown = settings(**HMAC)
    for text in (repr(shown), str(shown), f"{shown.livekit_api_secret}", f"{shown.hmac_keys}"):
        assert LIVEKIT_SECRET not in text
        assert HMAC_SECRET not in text
    with pytest.raises(TypeError):
        pickle.dumps(shown.livekit_api_secret)
    with pytest.raises(TypeError):
        copy.deepcopy(Secret("x"))


def test_bad_settings_end_the_process_with_status_2_and_the_list(tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TOKEN_", "LIVEKIT_", "K_"))}
    command = [sys.executable, "-m", "functions_framework", "--target=token", "--host=127.0.0.1"]
    command.append(f"--source={ROOT / 'functions' / 'token' / 'main.py'}")
    secrets = {"LIVEKIT_API_SECRET": LIVEKIT_SECRET, "TOKEN_HMAC_KEYS": f"a{HMAC_SECRET}", "TOKEN_AUTH": "hmac"}
    done = subprocess.run(command, env={**env, **secrets}, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "LIVEKIT_URL: is not set." in done.stderr
    assert "TOKEN_HMAC_KEYS: key 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert LIVEKIT_SECRET not in done.stdout + done.stderr
    assert HMAC_SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("  NAME = value  ", "value"),
        ("export NAME=value", "value"),
        ('NAME="two words"', "two words"),
        ("NAME='# not a comment'", "# not a comment"),
        ("NAME=value # a comment", "value"),
        ("NAME=pass#word", "pass#word"),
        ("NAME=a=b==", "a=b=="),
        ("NAME=$HOME", "$HOME"),
        ("NAME=", ""),
    ],
)
def test_lines_of_an_env_file(line, value):
    assert parse_env_file(line) == ({"NAME": value}, [])


def test_a_broken_line_is_named_by_its_number_not_its_text():
    values, problems = parse_env_file(f"# comment\n\nA=1\n{LIVEKIT_SECRET}\n")
    assert values == {"A": "1"}
    assert len(problems) == 1
    assert problems[0].startswith(".env line 4:")
    assert LIVEKIT_SECRET not in problems[0]


def test_real_variables_win_over_the_env_file(tmp_path):
    (tmp_path / ".env").write_text("AGENT_NAME=from-file\nTOKEN_AUTH=none\n", encoding="utf-8")
    values, problems = with_env_file({"AGENT_NAME": "real"}, tmp_path)
    assert (values, problems) == ({"AGENT_NAME": "real", "TOKEN_AUTH": "none"}, [])


@pytest.mark.parametrize("env", [{"VAANI_IGNORE_ENV_FILE": "true"}, {"K_SERVICE": "token"}], ids=str)
def test_the_env_file_can_be_switched_off_and_is_off_on_cloud_run(env, tmp_path):
    (tmp_path / ".env").write_text("TOKEN_AUTH=none\nVAANI_IGNORE_ENV_FILE=false\n", encoding="utf-8")
    assert with_env_file(env, tmp_path) == (env, [])


def test_an_unreadable_env_file_is_a_problem_and_no_traceback(tmp_path):
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
    assert with_env_file({}, tmp_path)[1] == [".env line 1: is not UTF-8. Save the file as UTF-8."]


def test_every_variable_is_described_once():
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
    assert all(variable.meaning.endswith(".") or ":" in variable.meaning for variable in VARIABLES)
