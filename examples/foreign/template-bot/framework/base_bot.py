"""What bots have in common."""

import configparser
import logging
import sys
from pathlib import Path

from agent_client import AgentClient


class BaseBot:
    """A bot with settings, a log, and the agent if there is one."""

    def __init__(self) -> None:
        self.root = Path(__file__).resolve().parent.parent
        self.config = configparser.ConfigParser()
        self.config.read(self.root / "config" / "config.ini")
        logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
        self.log = logging.getLogger(self.config["bot"]["name"])
        agent = self.config["agent"]
        self.agent = AgentClient(agent["host"], agent.getint("port"))

    def execute(self) -> dict:
        """What the bot does."""
        raise NotImplementedError

    def run(self) -> int:
        """Runs the bot; returns the exit code."""
        try:
            results = self.execute()
        except Exception:
            self.log.exception("the bot failed")
            return 1
        print(f"SUCCESS: {results['message']}")
        return 0
