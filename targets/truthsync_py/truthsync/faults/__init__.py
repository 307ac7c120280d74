"""Mistakes that can be switched on, one module each, with their true size.

They are written as a team would make them, so that a profiler has a real site and a real
holder to find. ``TRUTHSYNC_FAULTS`` selects them; nothing here runs without it.
"""
