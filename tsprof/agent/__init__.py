"""The agent: the part of tsprof that runs inside the target.

It is loaded from its files by ``inject/sitecustomize.py`` under the name ``_tsprof_agent``, because
the target's environment need not have tsprof. It uses the standard library only, and imports
nothing that gevent patches.
"""

OLDEST, NEWEST = (3, 9), (3, 14)
"""The versions of CPython that it runs on. It reads bytecode, the collector's lists and the
allocator's table, which any version may change: a newer one is left alone, not misread."""
KNOWN = "CPython %d.%d to %d.%d" % (OLDEST + NEWEST)
