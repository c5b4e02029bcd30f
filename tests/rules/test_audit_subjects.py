"""In whose histories a transfer stands."""

import pytest

from chec.models import BANK, AccountKey, AccountKind, Cause
from chec.rules.audit_subjects import about_transfer

RECEIVABLE = AccountKey(AccountKind.OUTCOME_RECEIVABLE, venture_id=1, payer_id=4)
OWNERS = ["O-0004", "V-0001"]


@pytest.mark.parametrize("cause", [Cause.APPROVAL, Cause.PAYMENT, Cause.CLAWBACK, Cause.REFUND])
def test_an_act_on_a_claim_stands_in_its_history(cause: Cause) -> None:
    assert about_transfer([BANK, RECEIVABLE], cause, "CL-0007") == [*OWNERS, "CL-0007"]
    assert about_transfer([BANK, RECEIVABLE], cause, "BACS 7") == OWNERS


@pytest.mark.parametrize("cause", [Cause.RUNNING_COST, Cause.TRANCHE, Cause.GRANT, Cause.DRAWDOWN])
def test_what_somebody_typed_leads_into_no_history(cause: Cause) -> None:
    assert about_transfer([BANK, RECEIVABLE], cause, "CL-0007") == OWNERS
