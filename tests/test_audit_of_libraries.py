"""`make audit` does not call unlooked-at what is sound."""

import os
import subprocess


def test_without_the_data_it_says_that_nothing_was_audited() -> None:
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:1")
    command = ["make", "--no-print-directory", "--assume-old=.venv/ready", "audit"]
    done = subprocess.run(
        command, env=os.environ | nowhere, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout.startswith("Nothing was audited: ")
