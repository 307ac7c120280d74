"""Profilers: costly instruments that run in short windows and explain what the ledger saw."""
