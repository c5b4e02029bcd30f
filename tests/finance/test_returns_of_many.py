from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.finance.returns import (
    NO_DAY,
    CashFlow,
    IrrReason,
    annual_irr,
    annual_irrs,
    multiples,
    multiples_of_each,
    payback_days,
    payback_on,
    starts_of,
)

FIRST_DAY = date(2015, 4, 1).toordinal()
FLOWS = st.lists(
    st.tuples(st.integers(FIRST_DAY, FIRST_DAY + 4000), st.integers(-(10**9), 10**9)), max_size=8
)

Subject = list[tuple[int, int]]


def arrays(subjects: list[Subject]) -> tuple[list[int], list[int], list[int]]:
    starts = [0, *np.cumsum([len(subject) for subject in subjects], dtype=int).tolist()]
    flows = [flow for subject in subjects for flow in subject]
    return starts, [day for day, _ in flows], [pence for _, pence in flows]


def cash_flows(subject: Subject) -> list[CashFlow]:
    return [CashFlow(date.fromordinal(day), pence) for day, pence in subject]


@given(st.lists(FLOWS, max_size=10))
def test_many_subjects_have_the_results_that_each_has_alone(subjects: list[Subject]) -> None:
    table, paybacks = annual_irrs(*arrays(subjects)), payback_days(*arrays(subjects))
    assert len(table.rates) == len(paybacks) == len(subjects)
    for i, subject in enumerate(subjects):
        assert table.irr(i) == annual_irr(cash_flows(subject))
        alone = payback_on(cash_flows(subject))
        assert paybacks[i] == (NO_DAY if alone is None else alone.toordinal())


def test_a_whole_portfolio_has_the_results_that_each_venture_has_alone() -> None:
    random = np.random.default_rng(20261121)
    pence = random.integers(-5_000_00, 10_000_00, (4000, 40))
    pence[:, 0] = -50_000_00
    days = FIRST_DAY + random.integers(0, 3650, pence.shape)
    starts = np.arange(0, pence.size + 1, pence.shape[1])
    table = annual_irrs(starts, days.ravel(), pence.ravel())
    for i in range(0, 4000, 97):
        alone = list(zip(days[i].tolist(), pence[i].tolist(), strict=True))
        assert table.irr(i) == annual_irr(cash_flows(alone))


def test_the_table_says_by_code_why_there_is_no_rate() -> None:
    subjects = [
        [(FIRST_DAY, -100), (FIRST_DAY + 365, 110)],
        [],
        [(FIRST_DAY, -100)],
        [(FIRST_DAY, 100), (FIRST_DAY + 365, -230), (FIRST_DAY + 730, 132)],
        [(FIRST_DAY, -1), (FIRST_DAY + 1, 100)],
    ]
    table = annual_irrs(*arrays(subjects))
    assert table.reasons.tolist() == [
        IrrReason.A_RATE,
        IrrReason.NO_FLOWS,
        IrrReason.ONLY_OUT,
        IrrReason.SEVERAL_FIT,
        IrrReason.TOO_LARGE,
    ]
    assert np.isnan(table.rates).tolist() == [False, True, True, True, True]
    assert table.fits.tolist() == [1, 0, 0, 2, 1]


def test_multiples_of_many_are_those_of_each() -> None:
    totals = [(800, 720, 540, 480), (0, 0, 5, 5), (100, 50, 0, 0)]
    table = multiples_of_each(*zip(*totals, strict=True))
    for i, each in enumerate(totals):
        columns = [float(column[i]) for column in vars(table).values()]
        assert [None if np.isnan(ratio) else ratio for ratio in columns] == list(
            vars(multiples(*each)).values()
        )


def test_starts_follow_from_the_number_of_each_flows_subject() -> None:
    assert starts_of([0, 0, 2, 2, 2], 4).tolist() == [0, 2, 2, 5, 5]
    assert starts_of([], 2).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("starts", "days", "pence"),
    [([], [], []), ([0], [1], [1]), ([0, 1], [1, 2], [1]), ([0, 2, 1, 2], [1, 2], [1, 2])],
)
def test_arrays_that_do_not_fit_each_other_are_refused(
    starts: list[int], days: list[int], pence: list[int]
) -> None:
    with pytest.raises(ValueError, match="starts must rise"):
        annual_irrs(starts, days, pence)
    with pytest.raises(ValueError, match="starts must rise"):
        payback_days(starts, days, pence)
