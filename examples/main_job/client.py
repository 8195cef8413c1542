"""A small client of the public API, by the standard library alone."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

TERMINAL = {"Succeeded", "Failed", "Cancelled", "TimedOut"}


class ApiError(Exception):
    """An answer that is not 2xx: its status and its problem document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', problem)}")
        self.status = status
        self.problem = problem


class Client:
    """Talks to one server, signed in as one person.

    Access tokens last minutes, so a 401 is answered by signing in again, once.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._login: tuple[str, str] | None = None
        self._token: str | None = None

    def headers(self) -> dict[str, str]:
        """What says who asks."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def open(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30,
    ) -> Any:
        """The raw answer; the caller closes it."""
        for last_try in (False, True):
            sent = dict(headers or {}) | self.headers()
            request = urllib.request.Request(self.url + path, data=body, method=method, headers=sent)
            try:
                return urllib.request.urlopen(request, timeout=timeout)
            except urllib.error.HTTPError as error:
                text = error.read()
                if error.code == 401 and self._token and self._login and not last_try:
                    self._token = None
                    self.login(*self._login)
                    continue
                try:
                    problem = json.loads(text)
                except ValueError:
                    problem = {"detail": text.decode(errors="replace")}
                raise ApiError(error.code, problem) from None
        raise AssertionError("unreachable")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Sends and receives JSON."""
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        data = None if body is None else json.dumps(body).encode()
        with self.open(method, path, data, sent if data else {}) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def login(self, username: str, password: str) -> None:
        """Signs in."""
        answer = self.call("POST", "/api/auth/login", {"username": username, "password": password})
        self._login = (username, password)
        self._token = answer["accessToken"]

    def publish(self, package_id: str, archive: bytes) -> Any:
        """Uploads a zip as a package version."""
        path = f"/api/packages/{package_id}/versions"
        with self.open("POST", path, archive, {"Content-Type": "application/zip"}) as answer:
            return json.loads(answer.read())

    def items(self, path: str) -> Iterator[Any]:
        """Every item of a list, page by page."""
        cursor = None
        while True:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            joint = "&" if "?" in path else "?"
            page = self.call("GET", f"{path}{joint}{urllib.parse.urlencode(query)}")
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    def follow(self, execution_id: str) -> Iterator[dict[str, Any]]:
        """The log lines of an execution as they come, until it ends."""
        path = f"/api/executions/{execution_id}/logs?follow=true"
        with self.open("GET", path, headers={"Accept": "application/x-ndjson"}, timeout=600) as answer:
            for line in answer:
                if line.strip():
                    yield json.loads(line)

    def wait(self, execution_id: str, seconds: float = 60, states: set[str] = TERMINAL) -> Any:
        """Waits until an execution is in one of some states."""
        end = time.monotonic() + seconds
        while True:
            execution = self.call("GET", f"/api/executions/{execution_id}")
            if execution["state"] in states:
                return execution
            if execution["state"] in TERMINAL:
                error = execution.get("error")
                raise RuntimeError(f"the execution has ended as {execution['state']}: {error}")
            if time.monotonic() > end:
                raise TimeoutError(f"the execution is still {execution['state']} after {seconds} s")
            time.sleep(0.05)
