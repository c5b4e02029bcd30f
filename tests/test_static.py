"""What browsers are served is what the table says, and sends them nowhere else."""

import hashlib
import re
from pathlib import Path

import pytest

from chec.config import project_dir

STATIC = project_dir("static")
VENDOR = STATIC / "vendor"
TABLE_ROW = re.compile(r"^\| `(?P<file>[^`]+)` \| `(?P<sha256>[0-9a-f]{64})` \|", re.MULTILINE)
ADDRESS = re.compile(r"url\(\s*['\"]?([^)'\"]+)|@import\s+['\"]([^'\"]+)")
STYLESHEETS = sorted(STATIC.rglob("*.css"))


def test_the_vendored_files_are_the_ones_in_the_table() -> None:
    table = {row["file"]: row["sha256"] for row in TABLE_ROW.finditer(_read_table())}
    files = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert files == table


@pytest.mark.parametrize("path", STYLESHEETS, ids=lambda path: path.name)
def test_a_stylesheet_names_only_files_that_we_serve(path: Path) -> None:
    for match in ADDRESS.finditer(path.read_text()):
        address = match[1] or match[2]
        assert (path.parent / address).is_file(), f"{path.name} asks for {address}"


@pytest.mark.parametrize("path", STYLESHEETS, ids=lambda path: path.name)
def test_a_stylesheet_brings_no_font(path: Path) -> None:
    assert "@font-face" not in path.read_text()


def _read_table() -> str:
    return (VENDOR / "README.md").read_text()
