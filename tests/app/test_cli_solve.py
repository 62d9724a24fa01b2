"""The command ``touyan solve``: one JSON object on standard output, refusals on standard error."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli

KEYS = {
    *("status", "solver", "stopped_by", "filled", "demand", "sum", "bound", "gap", "min", "min_bound", "min_gap"),
    *("assignments", "runtime_s"),
}


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    path = tmp_path / "instance.npz"
    np.savez(
        path,
        S=np.array([[0.5, 0.25, 1.0], [1.0, 0.0, 1.0]]),
        M=np.array([[0, 0, 1], [0, 0, 0]]),
        d=np.array([1, 1]),
        c=np.array([1, 1, 0]),
    )
    return path


def run(*arguments: str, code: int = 0) -> tuple[dict[str, Any] | None, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["solve", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return (json.loads(result.stdout) if result.stdout else None), result.stderr


@pytest.mark.parametrize("fair", ["none", "maxmin", "worst-tenth"])
def test_it_prints_one_json_object_with_the_plan_and_its_certificates(instance: Path, fair: str) -> None:
    found, complaint = run(str(instance), "--fair", fair, "--time-limit", "20", "--seed", "1")
    assert found is not None
    assert set(found) >= KEYS
    assert found["assignments"] == [[0, 1], [1, 0]]
    assert (found["status"], found["stopped_by"], found["sum"], found["gap"]) == ("OPTIMAL", "OPTIMAL", 1.25, 0.0)
    assert (found["filled"], found["demand"], found["min"]) == (2, 2, 0.25)
    assert complaint == ""


def test_pins_are_honoured_and_the_result_can_go_to_a_file(instance: Path, tmp_path: Path) -> None:
    pins, out = tmp_path / "pins.csv", tmp_path / "new" / "result.json"
    pins.write_text("person,server\n0,0\n", encoding="utf-8")
    assert run(str(instance), "--pins", str(pins), "--out", str(out))[0] is None
    assert json.loads(out.read_text(encoding="utf-8"))["assignments"] == [[0, 0], [1, 1]]


def test_clashing_pins_are_infeasible_by_name(instance: Path, tmp_path: Path) -> None:
    pins = tmp_path / "pins.csv"
    pins.write_text("0,2\n", encoding="utf-8")
    found, complaint = run(str(instance), "--pins", str(pins), code=1)
    assert found is not None
    assert set(found) >= KEYS
    assert (found["status"], found["stopped_by"], found["assignments"]) == ("INFEASIBLE", "INFEASIBLE", [])
    assert "pin 0 (0,2): the pair is in conflict" in found["reason"]
    assert "pin 0 (0,2)" in complaint


def test_bad_input_is_refused_before_solving_and_writes_nothing(tmp_path: Path) -> None:
    path, out = tmp_path / "bad.npz", tmp_path / "result.json"
    np.savez(path, S=np.array([[np.inf]]), d=np.array([1]), c=np.array([1]))
    found, complaint = run(str(path), "--out", str(out), code=1)
    assert found is None
    assert "score[0,0]: inf is not a finite number" in complaint
    assert not out.exists()


def test_wrong_usage_is_not_a_refusal(instance: Path) -> None:
    assert CliRunner().invoke(cli, ["solve", str(instance), "--fair", "best"]).exit_code == 2
    assert CliRunner().invoke(cli, ["solve", "nowhere.npz"]).exit_code == 2


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, str]:
    texts = {
        "scores": "0.5,0.25,1\n1,0,1\n",
        "conflicts": "0,2\n",
        "limits": "kind,index,units\nperson,0,1\nperson,1,1\nserver,0,1\nserver,1,1\nserver,2,0\n",
    }
    for name, text in texts.items():
        (tmp_path / f"own_{name}.csv").write_text(text, encoding="utf-8")
    return {name: str(tmp_path / f"own_{name}.csv") for name in texts}


def test_three_csv_files_give_the_same_plan_as_the_npz_file(instance: Path, tables: dict[str, str]) -> None:
    scores, conflicts, limits = tables["scores"], tables["conflicts"], tables["limits"]
    expected, _ = run(str(instance), "--fair", "maxmin")
    assert expected is not None
    forms = [
        (scores, "--conflicts", conflicts, "--limits", limits),
        (scores, conflicts, limits),
        (scores, limits, "--conflicts", conflicts),
        (scores, conflicts, "--limits", limits),
    ]
    for form in forms:
        found, _ = run(*form, "--fair", "maxmin")
        assert found is not None
        assert {**found, "runtime_s": 0} == {**expected, "runtime_s": 0}


def test_without_a_file_of_conflicts_there_are_none(tables: dict[str, str]) -> None:
    found, _ = run(tables["scores"], tables["limits"], "--time-limit", "20")
    assert found is not None
    assert found["sum"] == 1.25


def test_a_missing_or_doubled_file_is_wrong_usage(instance: Path, tables: dict[str, str]) -> None:
    scores, conflicts, limits = tables["scores"], tables["conflicts"], tables["limits"]
    for form in (
        [scores],
        [scores, "--conflicts", conflicts],
        [scores, conflicts, limits, limits],
        [scores, conflicts, "--limits", limits, "--conflicts", conflicts],
        [str(instance), limits],
        [str(instance), "--limits", limits],
    ):
        result = CliRunner().invoke(cli, ["solve", *form])
        assert result.exit_code == 2, form


def test_a_bad_line_of_a_csv_file_is_refused_by_its_place(tables: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("7,0\n", encoding="utf-8")
    found, complaint = run(tables["scores"], str(bad), tables["limits"], code=1)
    assert found is None
    assert "conflicts[0] (7,0): names no pair" in complaint
