"""Never ends.

Ends as: TimedOut
"""


def run() -> None:
    while True:
        pass
