"""Speaks to the agent on this machine, as bots of the original template do."""

import requests


class AssetNotFound(Exception):
    """The agent knows no such asset."""


class NotAllowed(Exception):
    """The agent answers nobody but running bots."""


class AgentClient:
    """The agent's API on the loopback."""

    def __init__(self, host: str = "localhost", port: int = 8080) -> None:
        self.base = f"http://{host}:{port}/api"

    def asset(self, key: str) -> str:
        """The value of an asset."""
        answer = requests.get(f"{self.base}/assets/{key}", timeout=30)
        if answer.status_code == 404:
            raise AssetNotFound(answer.json()["error"])
        if answer.status_code == 403:
            raise NotAllowed(key)
        answer.raise_for_status()
        return answer.text

    def asset_keys(self) -> list:
        """The names of all assets that the bot may read."""
        answer = requests.get(f"{self.base}/assets", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def status(self, status: str) -> bool:
        """Tells what the bot does."""
        return requests.post(f"{self.base}/status", json={"status": status}, timeout=30).status_code == 200

    def log(self, message: str, level: str = "info") -> bool:
        """Logs through the agent."""
        answer = requests.post(f"{self.base}/log", json={"message": message, "level": level}, timeout=30)
        return answer.status_code == 200
