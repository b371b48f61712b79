"""Mail over SMTP.

Invariant: a password is sent over a checked TLS connection only, and what a submitter wrote cannot
add a header.
"""

from __future__ import annotations

import contextlib
import json
import re
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from farm.config import EmailChannel
from farm.domain.errors import ConfigError

_TIMEOUT_S = 20.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def send(channel: EmailChannel, body: Mapping[str, Any]) -> None:
    """Send one notice.

    Raises
    ------
    OSError (with ``smtplib.SMTPException``) : it was not taken. ConfigError : a password without TLS.
    """
    if channel.user and channel.security == "none":
        raise ConfigError(
            "a password is not sent in the clear",
            where="notify",
            expected='security = "starttls" or "tls"',
            got='"none" with a user',
        )
    message = compose(channel, body)
    context = ssl.create_default_context()
    if channel.ca_file is not None:
        context.load_verify_locations(channel.ca_file)
    if channel.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            channel.host, channel.port, timeout=_TIMEOUT_S, context=context
        )
    else:
        server = smtplib.SMTP(channel.host, channel.port, timeout=_TIMEOUT_S)
    # Not its own `with`: that says goodbye to a server even when the connection is broken.
    with contextlib.closing(server):
        if channel.security == "starttls":
            server.starttls(context=context)
        if channel.user:
            server.login(channel.user, channel.password.get_secret_value())
        refused = server.send_message(message)
        server.quit()
    if refused:
        raise OSError(f"not taken for {', '.join(sorted(refused))}")


def compose(channel: EmailChannel, body: Mapping[str, Any]) -> EmailMessage:
    """The mail of a notice."""
    message = EmailMessage()
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Subject"] = _line(f"[{body['farm']}] {body['title']}")[:200]
    message["Date"] = formatdate(usegmt=True)
    # The same for every try: a mail program shows a repeated one once.
    digest = re.sub(r"[^\w.-]", ".", str(body["id"]))
    message["Message-ID"] = f"<{digest}@{body['farm']}.farm>"
    message["Auto-Submitted"] = "auto-generated"
    job = body.get("job") or {}
    lines = [
        _line(str(body["title"])),
        "",
        f"Why:     {_line(str(body['reason']))}",
        *([f"Mend:    {_line(str(body['mend']))}"] if body.get("mend") else []),
        *([f"Outputs: {_line(str(job['outputs']))}"] if job.get("outputs") else []),
        f"When:    {body['at']}",
        f"Id:      {body['correlation']}",
    ]
    message.set_content("\n".join(lines) + "\n")
    message.add_attachment(
        json.dumps(body, ensure_ascii=False, indent=2).encode(),
        maintype="application",
        subtype="json",
        filename="event.json",
    )
    return message


def _line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
