"""Checks a running container from inside; `image_check.sh` feeds it to the container's Python."""

import json
import os
import shutil
import urllib.request
from pathlib import Path

GOLDEN_QUESTION = "s14"


def check(holds: bool, what: str) -> None:
    """Print what holds; exit with status 1 if it doesn't."""
    if not holds:
        raise SystemExit(f"Failed: {what}")
    print(f"  ok: {what}")


def refuses_to_write(folder: str) -> bool:
    """Whether a file can't be made in a folder."""
    try:
        Path(folder, "probe").touch()
    except OSError:
        return True
    return False


def root_is_read_only() -> bool:
    """Whether the root file system is mounted read-only."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return any(mount[1] == "/" and "ro" in mount[3].split(",") for mount in mounts)


status = Path("/proc/1/status").read_text().splitlines()
server_uids = {int(uid) for line in status if line.startswith("Uid:") for uid in line.split()[1:]}
check(server_uids == {10001}, "the server is process 1 and runs as uid 10001")
check(root_is_read_only(), "the root file system is read-only")
check(all(map(refuses_to_write, ("/", "/seeds", "/app"))), "code and corpus can't be changed")
routes = Path("/proc/net/route").read_text().splitlines()[1:]
check(not routes, "there is no route to any network")
check(os.environ.get("HF_HUB_OFFLINE") == "1", "model hubs are switched off")
check(not any(map(shutil.which, ("gcc", "cc", "make"))), "there is no compiler")

with Path("/seeds/questions.jsonl").open() as lines:
    golden = next(row for row in map(json.loads, lines) if row["id"] == GOLDEN_QUESTION)
request = urllib.request.Request(
    f"http://127.0.0.1:{os.environ['PINCITE_PORT']}/v1/ask",
    json.dumps({"question": golden["question"]}).encode(),
    {"Content-Type": "application/json"},
)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(request, timeout=60) as response:
    answers = json.load(response)["answers"]
cited = {
    (place["document_id"], place["cited_text"], place["start_char_index"], place["end_char_index"])
    for answer in answers[:1]
    for place in answer["citations"]
}
expected = {
    (gold["document"], gold["quote"], gold["start"], gold["end"]) for gold in golden["gold"]
}
check(bool(cited & expected), f"{golden['question']} {sorted(cited)}")
