"""One database of each kind at once, for what must come out the same on both."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine

from chec.db import make_engine
from tests.conftest import RUN_FOLDER
from tests.databases import BACKENDS, Databases


@pytest.fixture(scope="module")
def both_engines(pytestconfig: pytest.Config) -> Iterator[list[Engine]]:
    with ExitStack() as stack:
        engines = []
        for name in BACKENDS:
            folder = pytestconfig.stash[RUN_FOLDER] / name
            folder.mkdir(exist_ok=True)
            url = stack.enter_context(Databases(name, folder).copy_of("empty"))
            engines.append(make_engine(url))
            stack.callback(engines[-1].dispose)
        yield engines
