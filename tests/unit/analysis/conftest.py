"""Lets the tests in the folders below import the helper modules that lie here."""
