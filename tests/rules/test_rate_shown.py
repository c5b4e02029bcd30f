"""Which rate of return is shown."""

from datetime import date, timedelta

from chec.rules.rate_shown import RateShown, rate_to_show

AS_OF = date(2026, 10, 31)


def shown(days: int, rate: float | None = 0.25, reason: str | None = None) -> RateShown:
    return rate_to_show(
        irr_rate=rate,
        irr_reason=reason,
        first_flow_on=AS_OF - timedelta(days=days),
        as_of=AS_OF,
        paid_in=100_000,
        distributed=50_000,
        value=60_000,
    )


def test_after_a_year_the_annual_rate_is_shown() -> None:
    assert shown(365) == RateShown(0.25, plain=False, reason=None)


def test_before_a_year_the_plain_gain_is_shown() -> None:
    rate = shown(364)
    assert rate.plain
    assert rate.rate is not None
    assert round(rate.rate, 9) == 0.1


def test_without_a_rate_the_reason_is_shown() -> None:
    why = "only money out: with no value left, everything paid in has been lost"
    rate = shown(900, rate=None, reason=why)
    assert (rate.rate, rate.reason) == (None, why)
    assert rate.short_reason == "only money out"


def test_a_reason_outlives_the_first_year() -> None:
    assert shown(10, rate=None, reason="2 rates fit").reason == "2 rates fit"


def test_a_rate_of_many_digits_is_beyond_words() -> None:
    assert shown(400, rate=1e200).is_beyond_words
    assert not shown(400, rate=999.0).is_beyond_words
