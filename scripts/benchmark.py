"""How fast a real server answers: one question at a time, and 32 at once with health meanwhile.

Machines differ and are shared, so idle and busy are measured side by side in one run.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import httpx2
import numpy as np

_SEEDS = Path(__file__).parents[1] / "seeds"
_PINCITE = Path(sys.executable).with_name("pincite")


async def _timed(client: httpx2.AsyncClient, method: str, address: str, **more: object) -> float:
    start = time.perf_counter()
    response = await client.request(method, address, **more)  # type: ignore[arg-type]
    response.raise_for_status()
    return 1000 * (time.perf_counter() - start)


def _line(name: str, milliseconds: list[float]) -> str:
    p50, p95, p99, most = np.percentile(milliseconds, [50, 95, 99, 100])
    return (
        f"{name:<34} n={len(milliseconds):<5} p50 {p50:8.1f} ms   p95 {p95:8.1f} ms   "
        f"p99 {p99:8.1f} ms   max {most:8.1f} ms"
    )


async def _measure(url: str, questions: list[str], at_once: int) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=600) as client:
        ask = [
            _timed(client, "POST", "/v1/ask", json={"question": question})
            for question in questions[: at_once + 20]
        ]
        for warm_up in ask[:2]:
            await warm_up
        alone = [await one for one in ask[2:20]]
        idle = [await _timed(client, "GET", "/healthz") for _ in range(100)]
        start = time.perf_counter()
        together = [asyncio.ensure_future(one) for one in ask[20:]]
        busy = []
        while not all(one.done() for one in together):
            busy.append(await _timed(client, "GET", "/healthz"))
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - start
        print(_line("question, one at a time", alone))
        print(_line(f"question, {at_once} at once", [one.result() for one in together]))
        print(f"{at_once} questions answered in {seconds:.1f} s")
        print(_line("/healthz, idle", idle))
        print(_line(f"/healthz, {at_once} questions in flight", busy))


@click.command()
@click.option("--at-once", default=32, show_default=True, help="Questions sent together.")
def main(at_once: int) -> None:
    """Serve seeds/ and measure latencies over TCP."""
    lines = (_SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PINCITE_DATA_DIR": folder, "PINCITE_PORT": "0"}
        subprocess.run([_PINCITE, "index", _SEEDS], env=environment, check=True)
        with subprocess.Popen(
            [_PINCITE, "serve", "--json"], env=environment, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            try:
                url = json.loads(server.stdout.readline())["url"]
                asyncio.run(_measure(url, questions, at_once))
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
