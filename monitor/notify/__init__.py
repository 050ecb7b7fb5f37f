"""Tell people: render alerts and digests, and send them over mail, chat, push and webhooks."""

from monitor.notify.addresses import AddressCheck
from monitor.notify.apprise_notifier import AppriseNotifier
from monitor.notify.files import render_file
from monitor.notify.mail import MailSettings
from monitor.notify.render import WordRenderer

__all__ = ["AddressCheck", "AppriseNotifier", "MailSettings", "WordRenderer", "render_file"]
