"""The folder for `lk agent deploy`, against each of the CLI's published rules; the CLI itself cannot be had here."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
from terraform_bench import ROOT

from scripts.agent_context import lay_out, subdomain_of

# Named by the CLI, whatever the ignore files say: left out of every upload.
NEVER_UPLOADED = ("livekit.toml", ".dockerignore", ".gitignore", ".git", "node_modules", ".env", ".venv", "venv")
LIMIT_BYTES = 1_000_000_000


@pytest.fixture
def folder(tmp_path):
    return lay_out(tmp_path / "agent", subdomain="acme-1a2b3c")


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_dockerfile_has_the_one_name_the_cli_knows(folder):
    assert "Dockerfile" in files(folder)
    assert ".dockerignore" in files(folder)


def test_it_is_taken_for_a_python_project_with_the_agents_sdk_in_the_file_the_cli_reads(folder):
    """package.json comes first and would make it a Node project; optional and grouped dependencies are not read."""
    names = files(folder)
    assert not {"package.json", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock", "pyproject.toml"} & names
    # The CLI's own pattern for a line of requirements.txt.
    pattern = re.compile(r"(?i)^livekit-agents(?:\[[^\]]+\])?\s*([=~><!]+)?\s*([^#]+)?")
    found = [m for line in (folder / "requirements.txt").read_text().splitlines() if (m := pattern.match(line.strip()))]
    assert len(found) == 1
    assert found[0][1] == "=="
    assert re.match(r"1\.\d+\.\d+", found[0][2])


def test_no_file_of_the_function_is_there_to_be_taken_for_the_agent(folder):
    """Trap: the CLI picks entry points by name, `main.py` before `agent.py`."""
    assert {name.partition("/")[0] for name in files(folder)} == {
        ".dockerignore", ".gitignore", "Dockerfile", "livekit.toml", "requirements.txt", "weights.txt",
        "worker", "records",
    }  # fmt: skip
    assert not [name for name in files(folder) if name.endswith("main.py") and name != "worker/__main__.py"]
    assert not (folder / "functions").exists()


def test_there_is_no_symlink_because_the_upload_skips_them(folder):
    assert not [path for path in folder.rglob("*") if path.is_symlink()]


def test_every_file_of_the_worker_is_uploaded(folder):
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "worker").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in files(folder) if name.startswith("worker/")} == ours
    assert not [name for name in ours if set(name.split("/")) & set(NEVER_UPLOADED)]


def test_the_ignore_files_are_safe_as_raw_docker_patterns(folder):
    """Traps: `!` brings a secret back, an unbalanced bracket in a comment fails the deploy, `/x` never matches."""
    for name in (".dockerignore", ".gitignore"):
        lines = (folder / name).read_text().splitlines()
        assert lines
        assert not [line for line in lines if line.startswith(("!", "#", "/")) or "[" in line or not line.strip()]


def test_the_dockerfile_builds_from_this_folder_alone(folder):
    text = (folder / "Dockerfile").read_text()
    assert "ARG REQUIREMENTS=requirements.txt" in text
    assert "ARG WEIGHTS=weights.txt" in text
    assert (folder / "weights.txt").read_bytes() == (ROOT / "requirements" / "weights.txt").read_bytes()
    for source in re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE):
        assert source in ("${REQUIREMENTS}", "${WEIGHTS}") or (folder / source).exists()
    assert "alpine" not in text.split("FROM")[0].replace("no Alpine", "").lower()
    assert re.search(r"^USER \d+$", text, re.MULTILINE)
    assert re.search(r"^WORKDIR /app$", text, re.MULTILINE)
    assert 'CMD ["python", "-m", "worker", "start"]' in text


def test_the_dockerfile_is_the_repositorys_but_for_three_lines(folder):
    ours = (ROOT / "Dockerfile.worker").read_text().splitlines()
    theirs = (folder / "Dockerfile").read_text().splitlines()
    assert [line for line in ours if line not in theirs] == [
        "ARG REQUIREMENTS=requirements/worker.txt",
        "ARG WEIGHTS=requirements/weights.txt",
    ]
    assert [line for line in theirs if line not in ours] == [
        "ARG REQUIREMENTS=requirements.txt",
        "ARG WEIGHTS=weights.txt",
        "    WORKER_DRAIN_SECONDS=3500 \\",
    ]


def test_a_deploy_on_livekit_cloud_lets_calls_finish_within_its_hour(folder):
    """Trap: the worker's own 8 s are for Cloud Run; there every running call would be cut at each deploy."""
    environment = re.findall(r"^ENV (.*?[^\\])$", (folder / "Dockerfile").read_text(), re.MULTILINE | re.DOTALL)
    pairs = dict(pair.split("=", 1) for pair in environment[-1].replace("\\\n", " ").split())
    hour_seconds, goodbye_seconds = 3600, 60
    assert hour_seconds / 2 < int(pairs["WORKER_DRAIN_SECONDS"]) <= hour_seconds - goodbye_seconds


def test_livekit_toml_has_the_keys_the_cli_keeps_and_no_others(folder):
    """Unknown keys are lost when create or config rewrite the file; an [agent] without an id would be deployed to."""
    assert tomllib.loads((folder / "livekit.toml").read_text()) == {"project": {"subdomain": "acme-1a2b3c"}}


def test_the_agents_id_survives_the_next_run(folder):
    """`lk agent create` writes it, `lk agent deploy` reads it: without it every run would create another agent."""
    text = '[project]\n  subdomain = "acme-1a2b3c"\n\n[agent]\n  id = "CA_abc"\n'
    (folder / "livekit.toml").write_text(text)
    (folder / "left-over.py").write_text("")
    lay_out(folder, subdomain="acme-1a2b3c")
    assert (folder / "livekit.toml").read_text() == text
    assert not (folder / "left-over.py").exists()


def test_another_projects_folder_is_not_deployed_by_mistake(folder):
    with pytest.raises(SystemExit, match=r"belongs to the project 'acme-1a2b3c'"):
        lay_out(folder, subdomain="other")


@pytest.mark.parametrize(
    ("url", "subdomain"),
    [
        ("wss://acme-1a2b3c.livekit.cloud", "acme-1a2b3c"),
        ("https://acme.livekit.cloud/", "acme"),
        ("ws://127.0.0.1:7880", None),
        ("wss://sfu.example.com", None),
        ("", None),
    ],
)
def test_the_subdomain_is_the_first_label_of_a_cloud_projects_host(url, subdomain):
    assert subdomain_of(url) == subdomain


def test_no_secret_is_in_it_even_when_one_lies_in_the_worker(tmp_path):
    root = tmp_path / "repository"
    (root / "worker").mkdir(parents=True)
    (root / "requirements").mkdir()
    (root / "requirements" / "worker.txt").write_text("livekit-agents==1.8.9\n")
    (root / "requirements" / "weights.txt").write_text("pipecat-ai==1.14.0\n")
    (root / "Dockerfile.worker").write_text((ROOT / "Dockerfile.worker").read_text())
    (root / ".env").write_text("OPENAI_API_KEY=sk-found")
    (root / "worker" / ".env.production").write_text("OPENAI_API_KEY=sk-found")
    (root / "worker" / "__main__.py").write_text("")
    made = lay_out(tmp_path / "agent", root)
    assert "sk-found" not in "".join(path.read_text() for path in made.rglob("*") if path.is_file())


def test_it_is_far_below_the_limit(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < LIMIT_BYTES / 50


def test_the_command_prints_the_two_commands_to_run(tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "agent_context.py"), "--target", str(tmp_path / "agent")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "lk agent create --secrets-file" in said
    assert "lk agent deploy" in said
