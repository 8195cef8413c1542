"""RQ as a peer: two workers that fork a process for each job, on a Redis of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
JOB = """
import time
def hello():
    print("hello")
    return time.time()
"""
DRIVER = """
import json, sys, time
from redis import Redis
from rq import Queue
from rq.job import Job
import rq_job
port, count = int(sys.argv[1]), int(sys.argv[2])
queue = Queue(connection=Redis(port=port))
def ended(jobs):
    while True:
        if all(job.get_status(refresh=True) in ("finished", "failed") for job in jobs):
            return
        time.sleep(0.001)
for _ in range(5):
    ended([queue.enqueue(rq_job.hello)])
took = []
for _ in range(count):
    began = time.time()
    job = queue.enqueue(rq_job.hello)
    ended([job])
    took.append((job.return_value() - began) * 1000)
def rate(enqueue):
    done = len(queue.finished_job_registry)
    began = time.time()
    jobs = enqueue()
    while len(queue.finished_job_registry) < done + 200:
        time.sleep(0.1)
    jobs = Job.fetch_many([job.id for job in jobs], queue.connection)
    return 200 / (max(job.ended_at.timestamp() for job in jobs) - began)
each = rate(lambda: [queue.enqueue(rq_job.hello) for _ in range(200)])
at_once = rate(lambda: queue.enqueue_many([Queue.prepare_data(rq_job.hello) for _ in range(200)]))
print(json.dumps({"took": took, "each": each, "at_once": at_once}))
"""


def _environment() -> Path:
    folder = ROOT / "target" / "rq-environment"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "rq"], check=True)
        (folder / "ready").touch()
    return python


def measure_rq(count: int) -> dict[str, Any]:
    """Trigger to first line, and jobs a second with two workers."""
    from main_job import spread

    python = _environment()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rq_job.py").write_text(JOB)
        (Path(folder) / "driver.py").write_text(DRIVER)
        redis = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        started = [subprocess.Popen(redis, **quiet)]
        try:
            time.sleep(0.5)
            worker = [str(python.with_name("rq")), "worker", "--url", f"redis://127.0.0.1:{port}"]
            started += [subprocess.Popen(worker, **quiet) for _ in range(2)]
            time.sleep(3)
            driver = [str(python), "driver.py", str(port), str(count)]
            told = subprocess.run(driver, cwd=folder, check=True, capture_output=True, text=True, timeout=300)
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait()
    figures = json.loads(told.stdout.splitlines()[-1])
    version = subprocess.run(
        [python, "-c", "import rq; print(rq.VERSION)"], check=True, capture_output=True, text=True
    )
    return {
        "version": version.stdout.strip(),
        "trigger to first line, ms": spread(figures["took"]),
        "jobs a second, 2 workers, each by its own call": round(figures["each"], 1),
        "jobs a second, 2 workers, triggered at once": round(figures["at_once"], 1),
    }


if __name__ == "__main__":
    sys.exit("run main_job.py --rq")
