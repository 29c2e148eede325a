"""The `partners` command as a program."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded.children import EmbeddedFailure
from deploy.embedded.evaluation import Evaluation

PROJECT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def partners(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run("-c", "from deploy.cli.main import main; main()", *arguments)


def test_help_says_what_it_is() -> None:
    answered = partners("--help")
    assert answered.returncode == 0
    assert "The working record of patient and public partnership in the NHS." in answered.stdout


def test_a_command_that_does_not_exist_is_a_usage_error() -> None:
    answered = partners("frobnicate")
    assert answered.returncode == 2
    assert "frobnicate" in answered.stderr


def test_a_failure_is_one_sentence_and_exit_code_1() -> None:
    program = f"""
from deploy.cli.main import app, main
from deploy.embedded.children import {EmbeddedFailure.__name__}
@app.command()
def fail() -> None:
    raise {EmbeddedFailure.__name__}("Nothing could be started.")
main()
"""
    answered = run("-c", program, "fail")
    assert (answered.returncode, answered.stderr) == (1, "Nothing could be started.\n")


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("ledger=8001", "There is no ledger to choose a port for: recruitment, "),
        ("payments", "payments is not a port: say payments=8001, for example."),
        ("payments=0", "payments=0 is not a port"),
        ("payments=eighty", "payments=eighty is not a port"),
    ],
)
def test_a_port_that_cannot_be_chosen_is_said_before_anything_starts(
    wish: str, sentence: str, tmp_path: Path
) -> None:
    answered = partners("up", "--data", str(tmp_path / "up"), "--port", wish)
    assert answered.returncode == 1
    assert answered.stderr.startswith(sentence)
    assert not (tmp_path / "up").exists()


def test_ports_are_those_chosen_and_free_ones(tmp_path: Path) -> None:
    chosen = {"payments": 8005, "postgres": 5433, "kafka": 9092}
    system = Evaluation("up", tmp_path, ("RAJ",), ports=chosen).system()
    assert (system.postgres_port, system.broker_port) == (5433, 9092)
    assert {name: port for name, port in system.ports.items() if port} == {"payments": 8005}


def test_the_command_line_is_quick_because_commands_import_late() -> None:
    program = """
import sys, deploy.cli.main
print(sorted({"aiokafka", "asyncpg", "cryptography", "fastapi", "faststream"} & set(sys.modules)))
"""
    assert run("-c", program).stdout == "[]\n"


README = (PROJECT / "README.md").read_text()


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^    partners ([a-z -]+)", README, re.M))))
def test_every_command_of_the_readme_exists(line: str) -> None:
    words = [word for word in line.split("  ", maxsplit=1)[0].split() if not word.startswith("-")]
    answered = partners(*words, "--help")
    assert (answered.returncode, "Usage" in answered.stdout) == (0, True), answered.stderr


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"^    make ([a-z-]+)", README, re.M))))
def test_every_verb_of_the_readme_exists(verb: str) -> None:
    planned = subprocess.run(
        ["make", "--dry-run", verb], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert planned.returncode == 0, planned.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read as a story's report"),
        ("no json", "cannot be read as a story's report"),
        ("[]", "is no report that a story left."),
        ('{"outcome": {}}', "is no report that a story left."),
    ],
)
def test_a_storm_says_which_report_is_none_and_empties_no_folder(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    report, kept = tmp_path / "data" / "report.json", tmp_path / "data" / "kept"
    kept.parent.mkdir()
    kept.touch()
    if content is not None:
        report.write_text(content)
    answered = partners("storm", "--undisturbed", str(report), "--data", str(tmp_path / "data"))
    assert answered.returncode == 1
    assert sentence in answered.stderr
    assert kept.exists()
