"""A message as an e-mail: the same bytes whenever the same attempt is made into one."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from services.notifications.delivery.outgoing import Outgoing, Undeliverable


def compose(outgoing: Outgoing, mail_from: str) -> EmailMessage:
    """The e-mail to send; Undeliverable when the address cannot be one."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(outgoing.sender_name, mail_from)
    mail["To"] = _address(outgoing.name or "", outgoing.to)
    mail["Subject"] = outgoing.text.subject
    mail["Date"] = outgoing.attempted_at
    mail["Message-ID"] = outgoing.message_id
    # no out-of-office answers, please (RFC 3834)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(outgoing.text.body, cte="quoted-printable")
    return mail


def _address(name: str, address: str) -> Address:
    try:
        return Address(display_name=" ".join(name.split()), addr_spec=address.strip())
    except (ValueError, IndexError):
        raise Undeliverable("bad-address", final=True) from None
