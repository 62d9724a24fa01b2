"""Each foreign technology has one room; nothing else in the house imports it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    "ortools": ("matching/solvers",),
    "openpyxl": ("app/rosters", "app/sample"),
    "strawberry": ("schema", "app/main.py"),
    "graphql": ("schema", "app/main.py"),
    "starlette": ("schema", "app/http", "app/main.py", "app/serving.py"),
    "uvicorn": ("app/serving.py", "app/lines.py"),
    "prometheus_client": ("app/observe",),
    "pythonjsonlogger": ("app/observe",),
    "opentelemetry": ("app/observe",),
    "typer": ("app/cli",),
    "dbos": ("app/jobs",),
    "alembic": ("migrations",),
    "opencc": ("app/folding.py",),
    "xlsxwriter": ("app/rosters",),
    "fpdf": ("app/rosters",),
    "pypdf": ("app/rosters",),
    "fontTools": ("app/rosters",),
    "cryptography": ("app/crypto.py", "app/sealing.py", "app/cli/tokens.py"),
    "sqlalchemy": ("app", "migrations"),
    "sqlmodel": ("app", "migrations"),
}
"""Top-level package, and the files or folders that may import it."""


def imported_packages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", ROOMS)
def test_a_technology_is_imported_only_in_its_room(package: str) -> None:
    outside, users = [], 0
    for folder in ("app", "schema", "matching", "migrations"):
        for path in (ROOT / folder).rglob("*.py"):
            if package not in set(imported_packages(path)):
                continue
            users += 1
            name = path.relative_to(ROOT).as_posix()
            if not any(name == room or name.startswith(f"{room}/") for room in ROOMS[package]):
                outside.append(name)
    assert outside == []
    assert users > 0
