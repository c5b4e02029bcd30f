"""The files around the code agree with each other."""

import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
LOCK = (CHECKOUT / "requirements.lock").read_text()
LOCKED = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=]", each)[0].lower() for each in wanted}
    assert names <= LOCKED, "Run `make lock`."


def test_every_locked_package_has_a_hash() -> None:
    unhashed = [each for each in re.split(r"\n(?=\S)", LOCK) if "--hash=sha256:" not in each]
    assert not unhashed


def test_the_lock_file_leaves_the_registry_to_the_user() -> None:
    assert "://" not in LOCK
    assert "index-url" not in LOCK


def test_the_readme_names_commands_that_exist() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)", (CHECKOUT / "README.md").read_text()))
    makefile = (CHECKOUT / "Makefile").read_text()
    assert {"demo", "test"} <= named <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
