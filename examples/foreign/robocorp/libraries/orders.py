"""What an order is."""

from dataclasses import dataclass


class OrderError(Exception):
    """An order that can't be fulfilled."""


@dataclass
class Order:
    """An article, and how many of it."""

    article: str
    count: int

    def check(self) -> None:
        """Refuses what nobody can deliver."""
        if self.count < 1:
            raise OrderError(f"{self.count} pieces of {self.article} can't be delivered")
