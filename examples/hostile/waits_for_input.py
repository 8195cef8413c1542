"""Reads from its standard input.

Ends as: Failed, EOFError
"""


def run() -> str:
    return input()
