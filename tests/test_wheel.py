"""The built wheel works by itself, without the checkout around it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from secrets import token_urlsafe

IN_THE_WHEEL = """
import re
from pathlib import Path

from chec.app import create_app
from chec.config import Settings, project_dir
from chec.database_schema import check, upgrade
from chec.db import make_engine
from chec.seeding import list_sign_ins

for name in ("templates", "static", "migrations", "seeds"):
    assert project_dir(name).is_relative_to(Path.cwd()), project_dir(name)

settings = Settings()
engine = make_engine(settings.url)
upgrade(engine)
assert check(engine) == []
assert list_sign_ins()

client = create_app(settings).test_client()
page = client.get("/login")
assert page.status_code == 200, page.status
styles = re.findall(r'href="([^"]+[.]css[^"]*)"', page.text)
assert len(styles) == 2, styles
for address in styles:
    assert client.get(address).status_code == 200, address
"""


def test_the_wheel_makes_a_database_and_shows_the_sign_in_page(tmp_path: Path) -> None:
    checkout = Path(__file__).parents[1]
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=checkout, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(unpacked),
        "CHEC_DATA_DIR": str(tmp_path),
        "CHEC_SECRET_KEY": token_urlsafe(48),
        "CHEC_TOTP_KEY": token_urlsafe(48),
    }
    command = [sys.executable, "-W", "error", "-c", IN_THE_WHEEL]
    subprocess.run(command, cwd=unpacked, env=environment, check=True)
