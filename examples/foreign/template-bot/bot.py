"""Greets the people in a list: a bot in the style of the original template, nothing in it is new."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "framework"))

from agent_client import AssetNotFound
from base_bot import BaseBot


class Bot(BaseBot):
    """Greets everybody in input/people.txt with the asset `greeting`."""

    def execute(self) -> dict:
        """Reads names, asks the agent for the words, writes greetings."""
        self.agent.status("reading names")
        people = (self.root / self.config["folders"]["input"] / "people.txt").read_text().split()
        self.log.info("assets: %s", ", ".join(self.agent.asset_keys()))
        greeting = self.agent.asset("greeting")
        try:
            self.agent.asset("signature")
        except AssetNotFound as error:
            self.agent.log(f"no signature: {error}", "warning")
        output = self.root / self.config["folders"]["output"]
        output.mkdir(exist_ok=True)
        for number, person in enumerate(people, 1):
            self.agent.status(f"greeting {person} ({number} of {len(people)})")
            (output / f"{person}.txt").write_text(f"{greeting}, {person}!\n")
            self.agent.log(f"greeted {person} with {greeting}")
        return {"message": f"{len(people)} people greeted"}


if __name__ == "__main__":
    sys.exit(Bot().run())
