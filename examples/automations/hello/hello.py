"""The smallest automation with inputs, log, progress and outputs."""

import time

import openautomate


def run(name: str = "world", repeat: int = 3, delay: float = 0.2) -> dict[str, str]:
    """Greets somebody a few times.

    Args:
        name: Who is greeted.
        repeat: How many times, at least once.
        delay: The pause after each greeting, in seconds.

    Returns:
        The output ``greeting``.

    Raises:
        ValueError: ``repeat`` is below 1 or ``delay`` is below 0.
    """
    if repeat < 1 or delay < 0:
        raise ValueError("repeat is below 1 or delay is below 0: give at least 1 and 0")
    greeting = f"Hello, {name}!"
    openautomate.log.info("greeting %d times", repeat)
    for done in range(1, repeat + 1):
        if openautomate.cancelled():
            openautomate.log.warning("cancelled after %d greetings", done - 1)
            break
        print(greeting)
        openautomate.progress(done / repeat, f"{done} of {repeat}")
        time.sleep(delay)
    return {"greeting": greeting}
