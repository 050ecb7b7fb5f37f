"""List every command with its one-line summary and how to load it; nothing is loaded here."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.cli.group import Command, Entry, grouped, single


def _demo() -> Command:
    from monitor.cli.demo import demo

    return single("demo", demo)


def _run() -> Command:
    from monitor.cli.run import run

    return single("run", run)


def _worker() -> Command:
    from monitor.cli.worker import worker

    return single("worker", worker)


def _queue() -> Command:
    from monitor.cli.worker import group

    return grouped("queue", group)


def _once() -> Command:
    from monitor.cli.run import once

    return single("once", once)


def _ack() -> Command:
    from monitor.cli.ack import ack

    return single("ack", ack)


def _snooze() -> Command:
    from monitor.cli.snooze import snooze

    return single("snooze", snooze)


def _web() -> Command:
    from monitor.cli.web import web

    return single("web", web)


def _token() -> Command:
    from monitor.cli.token import group

    return grouped("token", group)


def _status() -> Command:
    from monitor.cli.status import status

    return single("status", status)


def _doctor() -> Command:
    from monitor.cli.doctor import doctor

    return single("doctor", doctor)


def _person() -> Command:
    from monitor.cli.person import group

    return grouped("person", group)


def _statement() -> Command:
    from monitor.cli.statement import group

    return grouped("statement", group)


def _source() -> Command:
    from monitor.cli.source import group

    return grouped("source", group)


def _try() -> Command:
    from monitor.cli.trial import try_

    return single("try", try_)


def _match() -> Command:
    from monitor.cli.match import match

    return single("match", match)


def _hits() -> Command:
    from monitor.cli.hits import group

    return grouped("hits", group)


def _explain() -> Command:
    from monitor.cli.trial import explain

    return single("explain", explain)


def _add() -> Command:
    from monitor.cli.keep import add

    return single("add", add)


def _import() -> Command:
    from monitor.cli.importing import import_

    return single("import", import_)


def _evidence() -> Command:
    from monitor.cli.evidence import group

    return grouped("evidence", group)


def _case() -> Command:
    from monitor.cli import case, case_ledger, case_papers  # noqa: F401 # each adds its commands to the group
    from monitor.cli.case_group import group

    return grouped("case", group)


def _pause() -> Command:
    from monitor.cli.mode import pause

    return single("pause", pause)


def _handover() -> Command:
    from monitor.cli.mode import handover

    return single("handover", handover)


def _storm() -> Command:
    from monitor.cli.mode import storm

    return single("storm", storm)


def _notify() -> Command:
    from monitor.cli.notify import group

    return grouped("notify", group)


def _digest() -> Command:
    from monitor.cli.digest import group

    return grouped("digest", group)


def _backup() -> Command:
    from monitor.cli.backup import backup

    return single("backup", backup)


def _restore() -> Command:
    from monitor.cli.backup import restore

    return single("restore", restore)


def _migrate() -> Command:
    from monitor.cli.migrate import migrate

    return single("migrate", migrate)


def _model() -> Command:
    from monitor.cli.model import group

    return grouped("model", group)


def _config() -> Command:
    from monitor.cli.config import group

    return grouped("config", group)


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry("Try it on a small invented world: no accounts, no internet.", _demo),
    "run": Entry("Watch, until stopped.", _run),
    "worker": Entry("Work for a service that runs elsewhere, until stopped.", _worker),
    "queue": Entry("Look at the shared queue, and at jobs that failed too often.", _queue),
    "once": Entry("Make one pass and end; for cron.", _once),
    "web": Entry("Show the page in the browser, or print a one-time link into it.", _web),
    "token": Entry("Make, list or revoke tokens for programs.", _token),
    "status": Entry("Show sources, what waits for you, and the evidence.", _status),
    "doctor": Entry("Check everything that must work, with one command to mend each fault.", _doctor),
    "person": Entry("Add, list, edit or pause who is watched.", _person),
    "statement": Entry("Add, change or list the statements that are false.", _statement),
    "source": Entry("List, add or test sources.", _source),
    "try": Entry("Show what would match and why; nothing is stored.", _try),
    "match": Entry("Judge posts from standard input, without a database.", _match),
    "hits": Entry("List, show or mark what was found.", _hits),
    "explain": Entry("Say why something was found, or was not.", _explain),
    "add": Entry("Keep one page by hand, now.", _add),
    "import": Entry("Keep every page of a list of links by hand, and watch every feed of an OPML file.", _import),
    "evidence": Entry("Check the evidence that is kept, and hand it over.", _evidence),
    "case": Entry("Take confirmed repeats through the six steps, from a plan to a packet for counsel.", _case),
    "pause": Entry("Pause all messages for 1, 7 or 30 days.", _pause),
    "ack": Entry("Say that you have seen it.", _ack),
    "snooze": Entry("Leave what repeats the same statement to the summary for a while.", _snooze),
    "handover": Entry("Hand the watch over to your helper, or take it back.", _handover),
    "storm": Entry("Turn storm mode on or off: your helper is told everything, you get one mail a day.", _storm),
    "notify": Entry("Test how you are told.", _notify),
    "digest": Entry("Preview or send the summary.", _digest),
    "backup": Entry("Write everything into one new file, also while the service runs.", _backup),
    "restore": Entry("Put a backup back into an empty place, after all of it was checked.", _restore),
    "migrate": Entry(
        "Copy this installation's rows into a PostgreSQL, its evidence elsewhere, or both, and compare everything.",
        _migrate,
    ),
    "model": Entry("Install the sentence model, or show whether it is there.", _model),
    "config": Entry("Check and show the configuration.", _config),
}
