"""Mail about payment requests, without amounts and reasons: those are on the page."""

from chec.mail import Mail
from chec.models import PaymentRequest, User
from chec.models.references import reference
from chec.web.people_mail import address_of


def request_decided_mail(user: User, request: PaymentRequest, outcome: str) -> Mail:
    """That the request of `user` has had this `outcome`, such as "has been declined"."""
    which = reference("payment_request", request.id)
    text = f"""\
Dear {user.name},

Your payment request {which} {outcome}.

Look at it: {address_of("payment_requests.show", request_id=request.id)}
"""
    return Mail(user.email, f"Payment request {which}", text)
