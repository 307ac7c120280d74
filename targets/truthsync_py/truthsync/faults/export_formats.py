"""lazy, a look-alike: modules imported when they are needed first, late in the service's life."""

import importlib

from truthsync.faults.base import Fault

MODULES = (
    "decimal",
    "difflib",
    "doctest",
    "imaplib",
    "mailbox",
    "optparse",
    "pydoc",
    "tarfile",
    "unittest.mock",
    "wsgiref.simple_server",
    "xml.dom.minidom",
    "xml.etree.ElementTree",
    "xmlrpc.client",
    "zipfile",
)
"""Standard modules that neither the service nor its server needs."""


class ExportFormats(Fault):
    """Offers exports, in formats whose modules are imported by the first one."""

    def plant(self, number: int) -> None:
        """Import what the export needs."""
        del number
        load_formats()


def load_formats() -> None:
    """Import every module of the export formats."""
    for name in MODULES:
        importlib.import_module(name)
