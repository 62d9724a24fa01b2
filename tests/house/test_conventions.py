"""Conventions of the house that no linter knows."""

import json
import re
import tomllib
from pathlib import Path

import app.errors
from app.errors import AppError
from app.models import metadata
from app.models.columns import Pii

ROOT = Path(__file__).parents[2]


def error_classes(base: type[AppError] = AppError) -> list[type[AppError]]:
    return [base, *(found for child in base.__subclasses__() for found in error_classes(child))]


def test_every_error_code_is_unique_and_stable_in_form() -> None:
    codes = [error.code for error in error_classes() if error.__module__ == app.errors.__name__]
    assert len(codes) == len(set(codes)) > 10
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", code) for code in codes)


def test_columns_that_hold_personal_data_are_marked_with_their_class() -> None:
    words = ("name", "birth", "phone", "id_number", "ethnicity", "political", "education", "note", "reason")
    people = {"person", "person_flag", "exclusion", "preference", "kinship_declaration", "assigned_cadre"}
    precise = re.compile(r"_precision$")
    for table in people:
        for column in metadata.tables[table].columns:
            if any(word in column.name for word in words) and not precise.search(column.name):
                assert column.info.get("pii") in {level.value for level in Pii}, f"{table}.{column.name}"


def test_encrypted_columns_have_class_a_or_b() -> None:
    encrypted = [column for table in metadata.tables.values() for column in table.columns if "encrypted" in column.name]
    assert len(encrypted) >= 5
    assert {column.info.get("pii") for column in encrypted} <= {"A", "B"}


def test_the_lock_pins_every_direct_dependency_with_hashes_and_holds_no_address() -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock
    pinned = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==([^ ;\\]+)", lock, flags=re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for requirement in project["project"]["dependencies"]:
        name, version = re.fullmatch(r"([a-z0-9-]+)(?:\[[a-z]+\])?==(.+)", requirement).groups()  # type: ignore[union-attr]
        assert pinned[name] == version
    for requirement in project["dependency-groups"]["dev"]:
        assert re.split(r"==", requirement)[0] in pinned
    blocks = re.split(r"\n(?=[a-z0-9])", lock)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_the_lock_of_the_public_clients_pins_every_package_with_its_hash_and_holds_no_address_of_a_registry() -> None:
    folder = ROOT / "tests" / "clients"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    root = lock["packages"].pop("")
    assert root["dependencies"] == wanted["dependencies"]
    for name, version in (wanted["dependencies"] | wanted["overrides"]).items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name


def test_no_file_of_the_project_is_longer_than_400_lines_of_code() -> None:
    for folder in ("app", "schema", "matching"):
        for path in (ROOT / folder).rglob("*.py"):
            n_lines = len(path.read_text(encoding="utf-8").splitlines())
            assert n_lines <= 400, f"{path.relative_to(ROOT)} has {n_lines} lines"
