"""`make bench`: each module of this folder that has a `report` prints its table.

`python -m tests.benchmarks returns` prints that one alone.
"""

import sys

from tests.benchmarks import (
    claim_acts,
    claims_pages,
    claims_valued,
    portfolio,
    returns,
    trail,
)

BENCHMARKS = {
    "claim_acts": claim_acts.report,
    "claims_pages": claims_pages.report,
    "claims_valued": claims_valued.report,
    "portfolio": portfolio.report,
    "returns": returns.report,
    "trail": trail.report,
}


def main(names: list[str]) -> None:
    """Run the benchmarks named, or all of them."""
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
