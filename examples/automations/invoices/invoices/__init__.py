"""Reads PDF invoices into one ledger.

Only :mod:`invoices.main` knows OpenAutomate; every other module is plain Python.
"""
