#!/usr/bin/python3
"""Development mail server and web inbox: what PhotoPlatform sends by SMTP becomes a file in a Maildir and a page to read.

Both ports listen on 127.0.0.1 only. Mail is hostile input: everything is escaped, and HTML parts run in a sandbox.
"""

import argparse
import asyncio
import bisect
import email
import email.parser
import email.policy
import email.utils
import html
import http.server
import itertools
import json
import os
import re
import signal
import sys
import threading
import time
import urllib.parse
from datetime import datetime, timezone
from pathlib import Path

from aiosmtpd.smtp import SMTP

SIZE_LIMIT = 10 * 1024 * 1024  # bytes of one message; larger ones are refused with 552
PAGE = 50  # messages on one page
API_LIMIT = 200
TEXT_LIMIT = 20_000  # characters of text in an API answer
HEAD = 64 * 1024  # the headers of a message lie within its first bytes


class Maildir:
    """Messages as files under DIR/new, named by their time of arrival: the order of the names is the order in time."""

    def __init__(self, root: Path):
        self.new, self.tmp = root / "new", root / "tmp"
        for folder in (self.new, self.tmp, root / "cur"):
            folder.mkdir(parents=True, exist_ok=True)
        self._counter = itertools.count()

    def add(self, content: bytes) -> None:
        """Writes a whole message or nothing."""
        name = f"{time.time_ns():020d}_{next(self._counter) % 1_000_000:06d}.{os.getpid()}"
        try:
            (self.tmp / name).write_bytes(content)
            os.rename(self.tmp / name, self.new / name)
        finally:
            (self.tmp / name).unlink(missing_ok=True)

    def ids(self) -> list[str]:
        return sorted(os.listdir(self.new))

    def read(self, message_id: str, limit: int = -1) -> bytes | None:
        """The bytes of a message, or None when there is no such message."""
        if not re.fullmatch(r"[0-9A-Za-z_][0-9A-Za-z_.=,:+-]*", message_id):
            return None
        try:
            with open(self.new / message_id, "rb") as file:
                return file.read(limit)
        except OSError:
            return None

    def arrived(self, message_id: str) -> datetime:
        nanoseconds = re.match(r"\d{20}(?=_)", message_id)
        try:
            seconds = int(nanoseconds[0]) / 1e9 if nanoseconds else (self.new / message_id).stat().st_mtime
        except OSError:
            seconds = 0
        return datetime.fromtimestamp(seconds, timezone.utc)


class Receiver:
    """Takes messages from the SMTP server. The envelope is kept in two headers, because Bcc recipients stand nowhere else."""

    def __init__(self, maildir: Maildir):
        self._maildir = maildir

    async def handle_DATA(self, server, session, envelope):
        head = f"X-MailFrom: {envelope.mail_from}\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\n"
        content = head.encode("utf-8", "surrogateescape") + envelope.content.replace(b"\r\n", b"\n")
        try:
            self._maildir.add(content)
        except OSError as error:
            print(f"mail refused: {error}", file=sys.stderr, flush=True)
            return "452 4.3.1 The message cannot be stored"
        return "250 2.0.0 Stored"


def parse_headers(content: bytes):
    return email.parser.BytesHeaderParser(policy=email.policy.default).parsebytes(content)


def parse(content: bytes):
    try:
        return email.message_from_bytes(content, policy=email.policy.default)
    except RecursionError:  # thousands of nested parts
        return parse_headers(content)


def header(message, name: str) -> str:
    """A header as text, whatever its sender wrote: the parser raises on some malformed ones."""
    try:
        return " ".join(str(value) for value in message.get_all(name, []))
    except Exception:
        raw = [value for key, value in message.raw_items() if key.lower() == name.lower()]
        return " ".join(str(value).encode("utf-8", "replace").decode() for value in raw)


def part(message, kind: str) -> str | None:
    """The text of the first text/KIND part that is not an attachment."""
    for candidate in message.walk():
        if candidate.get_content_type() == f"text/{kind}" and candidate.get_content_disposition() != "attachment":
            payload = candidate.get_payload(decode=True) or b""
            try:
                return payload.decode(candidate.get_content_charset("utf-8"), "replace")
            except LookupError:
                return payload.decode("utf-8", "replace")
    return None


def clean(text: str) -> str:
    """Text that UTF-8 can carry (malformed headers leave lone surrogates)."""
    return text.encode("utf-8", "replace").decode()


def addresses(message) -> list[str]:
    # One field at a time: getaddresses gives up on all of them when one is malformed.
    fields = (header(message, name) for name in ("X-RcptTo", "To", "Cc"))
    return [address.lower() for field in fields for _, address in email.utils.getaddresses([field])]


def summary(maildir: Maildir, message_id: str, message) -> dict:
    return {
        "id": message_id,
        "messageId": clean(header(message, "Message-ID")),
        "from": clean(header(message, "From")),
        "to": clean(header(message, "To") or header(message, "X-RcptTo")),
        "subject": clean(header(message, "Subject")),
        "date": maildir.arrived(message_id).isoformat(timespec="seconds"),
    }


def newest(maildir: Maildir, before: str | None, limit: int) -> tuple[list[dict], bool]:
    """The newest summaries older than the message BEFORE, and whether there are older ones still."""
    ids = maildir.ids()
    end = bisect.bisect_left(ids, before) if before else len(ids)
    start = max(0, end - limit)
    page = ((message_id, maildir.read(message_id, HEAD)) for message_id in reversed(ids[start:end]))
    return [summary(maildir, message_id, parse_headers(content)) for message_id, content in page if content is not None], start > 0


def find(maildir: Maildir, to: str | None) -> list[dict]:
    """The newest messages with their text, all of them or those to one address."""
    found = []
    for message_id in reversed(maildir.ids()):
        # Looking for the address in the bytes first is cheaper than parsing every message.
        if to and (head := maildir.read(message_id, HEAD)) is not None and to.encode().lower() not in head.lower():
            continue
        if (content := maildir.read(message_id)) is None:
            continue
        message = parse(content)
        if to and to.lower() not in addresses(message):
            continue
        found.append(summary(maildir, message_id, message) | {"text": clean(part(message, "plain") or "")[:TEXT_LIMIT]})
        if len(found) == API_LIMIT:
            break
    return found


CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
CSP_LIST = CSP + "script-src 'self'; style-src 'self'; connect-src 'self'"
# The frame of an HTML part inherits this policy: inline styles and inline images, no script, nothing from the network.
CSP_MESSAGE = CSP + "style-src 'self' 'unsafe-inline'; img-src data:"

STYLE = """
:root { color-scheme: light dark; --line: #8884; --quiet: #767676; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --quiet: #9a9a9a; --link: #8ab4f8; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
a { color: var(--link); }
ul { list-style: none; padding: 0; }
li { border-top: 1px solid var(--line); }
li a { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr) max-content; gap: 1rem; padding: .6rem .25rem; color: inherit; text-decoration: none; }
li a:hover { background: #8882; }
li span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
li span + span, dt { color: var(--quiet); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; }
iframe { box-sizing: border-box; width: 100%; height: 60vh; resize: vertical; background: #fff; border: 1px solid var(--line); border-radius: .5rem; }
@media (max-width: 40rem) { li a { grid-template-columns: 1fr; gap: 0; } }
"""

SCRIPT = """
const list = document.querySelector('ul'), empty = document.getElementById('empty');
const cell = text => Object.assign(document.createElement('span'), { textContent: text });
const row = message => {
  const link = document.createElement('a');
  link.href = '/messages/' + encodeURIComponent(message.id);
  link.append(cell(message.subject || '(no subject)'), cell(message.to), cell(message.date.replace('T', ' ').slice(0, 19) + ' UTC'));
  const item = document.createElement('li');
  item.dataset.id = message.id;
  item.append(link);
  return item;
};
const poll = async () => {
  try {
    if (!document.hidden) {
      const known = list.firstElementChild?.dataset.id ?? '';
      const page = await (await fetch('/api/newest')).json();
      const fresh = page.filter(message => message.id > known).map(row);
      list.prepend(...fresh);
      empty.hidden = list.childElementCount > 0;
    }
  } catch { /* the server is restarting; the next poll finds it */ }
  setTimeout(poll, 2000);
};
if (!location.search) poll();
"""


def page(title: str, body: str, script: bool = False) -> bytes:
    tag = '<script src="/inbox.js" defer></script>' if script else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)}</title><link rel="stylesheet" href="/inbox.css">{tag}{body}</html>'
    ).encode("utf-8", "replace")


def list_page(messages: list[dict], older: bool) -> bytes:
    rows = "".join(
        f'<li data-id="{html.escape(m["id"])}"><a href="/messages/{urllib.parse.quote(m["id"])}">'
        f'<span>{html.escape(m["subject"] or "(no subject)")}</span><span>{html.escape(m["to"])}</span>'
        f'<span>{m["date"].replace("T", " ")[:19]} UTC</span></a></li>'
        for m in messages
    )
    more = f'<p><a href="/?before={urllib.parse.quote(messages[-1]["id"])}">Older</a></p>' if older else ""
    empty = f'<p id="empty"{" hidden" if messages else ""}>No mail yet. What PhotoPlatform sends appears here.</p>'
    return page("Inbox", f'<h1>Inbox</h1>{empty}<ul aria-live="polite">{rows}</ul>{more}', script=True)


def message_page(message_id: str, message) -> bytes:
    subject = clean(header(message, "Subject")) or "(no subject)"
    fields = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(clean(header(message, name)))}</dd>"
        for name in dict.fromkeys(key for key in message.keys())
    )
    text, rich = part(message, "plain"), part(message, "html")
    linked = re.sub(
        r"https?://[^\s<>&\"']+(?:&amp;[^\s<>&\"']+)*",
        lambda url: f'<a href="{url[0]}" target="_blank" rel="noopener noreferrer">{url[0]}</a>',
        html.escape(clean(text or "")),
    )
    body = (
        f'<p><a href="/">Inbox</a></p><h1>{html.escape(subject)}</h1><dl>{fields}</dl>'
        f'<p><a href="/messages/{urllib.parse.quote(message_id)}/raw">Raw message</a></p>'
    )
    if text is not None:
        body += f"<pre>{linked}</pre>"
    if rich is not None:
        body += f'<iframe sandbox="" title="HTML part" srcdoc="{html.escape(clean(rich))}"></iframe>'
    return page(subject, body)


class Inbox(http.server.BaseHTTPRequestHandler):
    """The web page and its JSON."""

    protocol_version = "HTTP/1.1"
    server_version = "inbox"
    sys_version = ""
    timeout = 30
    maildir: Maildir

    def do_GET(self):
        # Only these names: a web site whose own name is made to point at 127.0.0.1 must not read the mail.
        if not re.fullmatch(r"(localhost|127\.0\.0\.1)(:\d+)?", self.headers.get("Host", "")):
            return self.answer(403, b"This inbox answers at http://localhost only.\n")
        url = urllib.parse.urlsplit(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        match url.path.removeprefix("/").split("/"):
            case [""]:
                self.answer(200, list_page(*newest(self.maildir, query.get("before"), PAGE)), "text/html", CSP_LIST)
            case ["health"]:
                self.answer(200, b"healthy\n")
            case ["inbox.css"]:
                self.answer(200, STYLE.encode(), "text/css")
            case ["inbox.js"]:
                self.answer(200, SCRIPT.encode(), "text/javascript")
            case ["api", "newest"]:
                self.answer(200, json.dumps(newest(self.maildir, None, PAGE)[0]).encode(), "application/json")
            case ["api", "messages"]:
                self.answer(200, json.dumps(find(self.maildir, query.get("to"))).encode(), "application/json")
            case ["messages", quoted, *rest] if rest in ([], ["raw"]):
                message_id = urllib.parse.unquote(quoted)
                content = self.maildir.read(message_id)
                if content is None:
                    self.answer(404, b"There is no such message.\n")
                elif rest:
                    self.answer(200, content)
                else:
                    self.answer(200, message_page(message_id, parse(content)), "text/html", CSP_MESSAGE)
            case _:
                self.answer(404, b"There is nothing here.\n")

    do_HEAD = do_GET

    def answer(self, status: int, body: bytes, kind: str = "text/plain", policy: str = CSP):
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class InboxServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"inbox: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


async def serve(options):
    maildir = Maildir(options.dir)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)

    receiver = Receiver(maildir)
    smtp = await loop.create_server(
        lambda: SMTP(receiver, data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, hostname="localhost", ident="PhotoPlatform inbox"),
        "127.0.0.1", options.smtp_port, backlog=256,
    )
    web = InboxServer(("127.0.0.1", options.http_port), type("Handler", (Inbox,), {"maildir": maildir}))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print(f"inbox: smtp 127.0.0.1:{options.smtp_port}, http://localhost:{options.http_port}, files in {maildir.new}", flush=True)

    await stopped.wait()
    smtp.close()
    web.shutdown()
    web.server_close()


def main():
    parser = argparse.ArgumentParser(description="Development mail server and web inbox.")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True, help="Maildir; messages become files under DIR/new")
    options = parser.parse_args()
    try:
        asyncio.run(serve(options))
    except OSError as error:
        sys.exit(f"inbox: cannot start on ports {options.smtp_port} and {options.http_port} with {options.dir}: {error.strerror}.")


if __name__ == "__main__":
    main()
