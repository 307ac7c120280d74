"""The agent: the part of tsprof that runs inside the target.

It is loaded from its files by ``inject/sitecustomize.py`` under the name ``_tsprof_agent``, because
the target's environment need not have tsprof. It uses the standard library only, runs on CPython
3.9 and later, and imports nothing that gevent patches.
"""
