"""Webhooks, mail and commands against receivers that really listen."""

from __future__ import annotations

import contextlib
import email
import email.policy
import ipaddress
import json
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr
from receivers import Mailbox, Receiver

from farm.config import CommandChannel, EmailChannel, Settings, WebhookChannel, load_settings
from farm.domain.errors import ConfigError
from farm.notify import command, mail, webhook
from farm.notify.signing import is_genuine, signed

SECRET = "correct horse battery"
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
BODY = {
    "id": "done/job1/7",
    "kind": "done",
    "at": "2026-11-21T08:00:00Z",
    "farm": "studio",
    "title": "job #1 dusk is done",
    "reason": "the finished folder is in place",
    "mend": "",
    "correlation": "sub1",
    "job": {"outputs": "/films/dusk"},
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "flow"))
    from loopback_web import _certificate

    return _certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


def hook(url: str, **changes: Any) -> WebhookChannel:
    values = {"kind": "webhook", "url": url, "secret": SECRET, "allow_networks": LOOPBACK}
    return WebhookChannel(**{**values, **changes})


# --- webhooks -------------------------------------------------------------------------------------


def test_a_webhook_is_signed_so_that_its_receiver_can_tell_it_is_ours(receiver: Receiver) -> None:
    webhook.post(hook(receiver.url), BODY, clock=time.time)
    [got] = receiver.got
    assert json.loads(got.body) == BODY
    assert got.headers["X-Farm-Delivery"] == BODY["id"]
    assert is_genuine(SECRET, got.headers, got.body, time.time())


def test_a_signature_does_not_fit_another_body_secret_or_time() -> None:
    headers = signed(SECRET, b"{}", 1000.0, "d")
    assert is_genuine(SECRET, headers, b"{}", 1200.0)
    assert not is_genuine(SECRET, headers, b"{ }", 1000.0)
    assert not is_genuine("another secret ...", headers, b"{}", 1000.0)
    assert not is_genuine(SECRET, headers, b"{}", 1301.0)
    assert not is_genuine(SECRET, {**headers, "X-Farm-Timestamp": "1001"}, b"{}", 1000.0)
    assert not is_genuine(SECRET, {}, b"{}", 1000.0)


def test_a_private_address_is_refused_unless_its_network_is_allowed(receiver: Receiver) -> None:
    with pytest.raises(webhook.Refused, match=r"private address.*allow_networks"):
        webhook.post(hook(receiver.url, allow_networks=[]), BODY, clock=time.time)
    assert receiver.got == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.5.5",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2130706433",
        "0x7f.1",
    ],
)
def test_no_spelling_of_a_private_address_is_let_through(host: str) -> None:
    with pytest.raises(webhook.Refused, match="private address"):
        webhook.resolve(host, 443, [], secure=True)


def test_a_public_address_is_reached_by_https_only() -> None:
    assert webhook.resolve("1.1.1.1", 443, [], secure=True) == "1.1.1.1"
    with pytest.raises(webhook.Refused, match="in the clear"):
        webhook.resolve("1.1.1.1", 80, [], secure=False)


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def first_allowed_then_another(host: str, *rest: Any, **more: Any) -> Any:
        if host != "receiver.test":
            return real(host, *rest, **more)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.99", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", first_allowed_then_another)
    webhook.post(hook(f"http://receiver.test:{receiver.port}/x"), BODY, clock=time.time)
    assert asked == ["receiver.test"]
    assert receiver.got[0].headers["Host"] == f"receiver.test:{receiver.port}"


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def two(*_: Any, **__: Any) -> Any:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with pytest.raises(webhook.Refused):
        webhook.resolve("both.test", 443, [], secure=True)


def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    receiver = Receiver(302)
    with pytest.raises(OSError, match="answered 302"):
        webhook.post(hook(receiver.url), BODY, clock=time.time)
    assert [got.path for got in receiver.got] == ["/"]
    receiver.close()


def test_a_receiver_that_is_gone_is_told_no_more() -> None:
    receiver = Receiver(410)
    with pytest.raises(webhook.Refused, match="410"):
        webhook.post(hook(receiver.url), BODY, clock=time.time)
    receiver.close()


def test_tls_checks_the_name_and_the_certificate(certificate: tuple[Path, Path]) -> None:
    receiver = Receiver(tls=certificate)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    with pytest.raises(ssl.SSLCertVerificationError):
        webhook.post(hook(receiver.url), BODY, clock=time.time)
    other = receiver.url.replace("localhost", "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        webhook.post(hook(other), BODY, clock=time.time, tls=trusting)
    webhook.post(hook(receiver.url), BODY, clock=time.time, tls=trusting)
    assert len(receiver.got) == 1
    receiver.close()


def test_a_receiver_that_drips_its_answer_is_given_up_in_time() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip() -> None:
        peer, _ = listener.accept()
        with peer:
            for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000:
                try:
                    peer.send(bytes([letter]))
                except OSError:
                    return
                if done.wait(0.02):
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    start_s = time.monotonic()
    with pytest.raises(OSError):
        webhook.post(hook(url), BODY, clock=time.time, total_s=0.5)
    assert time.monotonic() - start_s < 3
    done.set()
    thread.join(5)
    listener.close()


# --- mail -----------------------------------------------------------------------------------------


def box_channel(port: int, **changes: Any) -> EmailChannel:
    values = {
        "kind": "email",
        "host": "localhost",
        "port": port,
        "security": "none",
        "sender": "farm@studio.test",
        "to": ["ops@studio.test", "lead@studio.test"],
    }
    return EmailChannel(**{**values, **changes})


def test_a_mail_says_what_happened_and_where_the_film_is() -> None:
    with Mailbox() as box:
        mail.send(box_channel(box.port), BODY)
    [(name, recipients, content)] = box.mails
    assert name is None
    assert recipients == ["ops@studio.test", "lead@studio.test"]
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message["Subject"] == "[studio] job #1 dusk is done"
    text = message.get_body(("plain",))
    assert text is not None
    assert "/films/dusk" in text.get_content()
    [attached] = message.iter_attachments()
    assert json.loads(attached.get_content()) == BODY


def test_a_mail_is_sent_over_starttls_with_a_log_in(certificate: tuple[Path, Path]) -> None:
    with Mailbox(tls=certificate, users={"farm": "pass word"}) as box:
        channel = box_channel(
            box.port,
            security="starttls",
            user="farm",
            password=SecretStr("pass word"),
            ca_file=certificate[0],
        )
        mail.send(channel, BODY)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            mail.send(channel.model_copy(update={"password": SecretStr("wrong")}), BODY)
        with pytest.raises(ssl.SSLCertVerificationError):
            mail.send(channel.model_copy(update={"ca_file": None}), BODY)
    assert [name for name, *_ in box.mails] == ["farm"]


def test_a_password_is_never_sent_in_the_clear() -> None:
    with Mailbox() as box:
        with pytest.raises(ConfigError, match="in the clear"):
            mail.send(box_channel(box.port, user="farm", password=SecretStr("x")), BODY)
    assert box.mails == []


def test_a_name_with_line_ends_adds_no_header_to_a_mail() -> None:
    title = "job #1 dusk\r\nBcc: everybody@studio.test\n\nhello is done"
    message = mail.compose(box_channel(25), {**BODY, "title": title})
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


# --- commands -------------------------------------------------------------------------------------


def program(*argv: str, **changes: Any) -> CommandChannel:
    return CommandChannel(kind="command", argv=list(argv), **changes)


def test_a_command_gets_the_event_on_its_standard_input_and_no_shell(tmp_path: Path) -> None:
    copy = "import sys; open('got', 'w').write(sys.stdin.read() + sys.argv[1])"
    command.run(program(sys.executable, "-c", copy, "$(id); `id`"), BODY, folder=tmp_path)
    text = (tmp_path / "got").read_text()
    assert text.endswith("\n$(id); `id`")
    assert json.loads(text.splitlines()[0]) == BODY


def test_a_command_sees_nothing_of_the_farms_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_STORE_OPTIONS", "secret")
    show = "import os; open('got', 'w').write('\\n'.join(os.environ))"
    command.run(program(sys.executable, "-c", show), BODY, folder=tmp_path)
    names = set((tmp_path / "got").read_text().split())
    assert "FARM_EVENT" in names
    assert "FARM_STORE_OPTIONS" not in names


def test_a_command_that_fails_is_reported_with_its_last_words(tmp_path: Path) -> None:
    fail = "import sys; print('no such room', file=sys.stderr); sys.exit(3)"
    with pytest.raises(OSError, match="status 3: no such room"):
        command.run(program(sys.executable, "-c", fail), BODY, folder=tmp_path)
    with pytest.raises(OSError):
        command.run(program("/no/such/program"), BODY, folder=tmp_path)


def test_a_command_that_takes_too_long_is_killed_with_all_it_started(tmp_path: Path) -> None:
    (tmp_path / "slow.sh").write_text("#!/bin/sh\nsleep 600 & echo $! > child\nwait\n")
    (tmp_path / "slow.sh").chmod(0o755)
    with pytest.raises(OSError, match=r"longer than 0\.5 s"):
        command.run(program("./slow.sh", timeout_s=0.5), BODY, folder=tmp_path)
    child = int((tmp_path / "child").read_text())
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(child).wait(timeout=30)
    assert not psutil.pid_exists(child)


# --- settings -------------------------------------------------------------------------------------

FARM_TOML = """
[notify.chat]
kind = "webhook"
url = "https://chat.studio.test/hook"
secret = "correct horse battery"

[notify.mail]
kind = "email"
host = "mail.studio.test"
user = "farm"
password = "hunter2hunter2"
sender = "farm@studio.test"
to = ["ops@studio.test"]
on = ["trouble"]
"""


def test_channels_are_read_from_the_settings_file_and_their_secrets_are_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "farm.toml").write_text(FARM_TOML)
    settings, _ = load_settings(tmp_path, {})
    chat = settings.notify["chat"]
    assert isinstance(chat, WebhookChannel)
    assert chat.secret.get_secret_value() == "correct horse battery"
    assert settings.notify["mail"].on == ["trouble"]
    from farm.config import shown_value

    shown = shown_value("notify", settings.notify) + repr(settings) + settings.model_dump_json()
    assert "chat.studio.test" in shown
    assert "hunter2" not in shown
    assert "horse" not in shown


@pytest.mark.parametrize(
    "wrong",
    [
        'kind = "webhook"',
        'kind = "pager"',
        'kind = "webhook"\nextra = 1',
    ],
)
def test_a_channel_that_is_wrong_is_refused_without_showing_its_secret(
    tmp_path: Path, wrong: str
) -> None:
    text = f'[notify.chat]\n{wrong}\nsecret = "correct horse battery"\n'
    (tmp_path / "farm.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert "notify.chat" in str(caught.value)
    assert "horse" not in str(caught.value)


def test_a_variable_that_cannot_be_read_is_refused_without_showing_its_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(Path("/"), {"FARM_NOTIFY": '{a = {secret = "correct horse'})
    assert "horse" not in str(caught.value)


def test_nobody_is_told_and_nothing_private_is_reachable_by_default() -> None:
    settings = Settings()
    assert settings.notify == {}
    assert WebhookChannel(kind="webhook", url="https://a.test", secret=SECRET).allow_networks == []


def test_settings_of_plugins_that_are_wrong_as_a_whole_show_no_secret(tmp_path: Path) -> None:
    text = '[[plugins.farm_comfyui]]\nheaders = {Authorization = "Bearer hunter2"}\n'
    (tmp_path / "farm.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"plugins\.farm_comfyui") as caught:
        load_settings(tmp_path, {})
    assert "hunter2" not in str(caught.value)
