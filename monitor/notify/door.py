"""Import Apprise, in one place: a module of Python's that it still asks for warns of its own end."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="'imghdr' is deprecated", category=DeprecationWarning)
    from apprise import Apprise
    from apprise.asset import AppriseAsset
    from apprise.common import NotifyFormat, PersistentStoreMode
    from apprise.exception import AppriseImproperlyConfigured
    from apprise.manager_plugins import NotificationManager
    from apprise.plugins.base import NotifyBase
    from apprise.plugins.custom_form import NotifyForm
    from apprise.plugins.custom_json import NotifyJSON
    from apprise.plugins.custom_xml import NotifyXML
    from apprise.plugins.email import NotifyEmail
    from apprise.result import AppriseResult, AppriseResultStatus

__all__ = [
    "Apprise",
    "AppriseAsset",
    "AppriseImproperlyConfigured",
    "AppriseResult",
    "AppriseResultStatus",
    "NotificationManager",
    "NotifyBase",
    "NotifyEmail",
    "NotifyForm",
    "NotifyFormat",
    "NotifyJSON",
    "NotifyXML",
    "PersistentStoreMode",
]
