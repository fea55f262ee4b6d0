"""Short documents in folders, of which each adds to, replaces or removes what was there before."""

from __future__ import annotations

from pathlib import Path

BANNER = "Sign up for our newsletter today"
FOOTER = "The Daily Example and its partners"


def story(town: str, ships: int, *lines: str) -> str:
    """A few passages about a harbour, and then other lines."""
    paragraphs = [
        f"The harbour of {town} \U0001f6a2 was closed on day {day} because of the storm, and "
        f"{ships + day} ships with fish, grain and timber waited outside for a calmer sea."
        for day in range(1, 6)
    ]
    return "\n\n".join([*paragraphs, *lines])


FOLDERS = {
    "early": {"a.txt": story("Accra", 1), "z.txt": story("Zadar", 90)},
    "start": {
        "a.txt": story("Accra", 10, BANNER),
        "b.txt": story("Bergen", 20, BANNER),
        "c.txt": story("Cádiz", 30),
    },
    # One document replaced, two added; the banner becomes a repeated line.
    "first": {
        "a.txt": story("Accra", 100),
        "d.txt": story("Dover", 40, BANNER, FOOTER),
        "e.txt": story("Esbjerg", 50, BANNER, FOOTER),
    },
    # Two replaced, one added; the footer becomes a repeated line, the banner is one no longer.
    "second": {
        "b.txt": story("Bergen", 200),
        "c.txt": story("Cádiz", 300, FOOTER),
        "f.txt": story("Faro", 60),
    },
    # All there is to be: two removed, one replaced, two added; the banner becomes a repeated line.
    "synced": {
        "b.txt": story("Bergen", 20, BANNER),
        "c.txt": story("Cádiz", 31, BANNER),
        "g.txt": story("Genoa", 70, BANNER),
        "h.txt": story("Haifa", 80),
    },
    "foreign": {f"{ships}.txt": story("Riga", ships) for ships in range(3)},
}
"""Name of a folder → its files' texts."""

QUERIES = ("How many ships waited at Accra?", "day 3 of the storm in Faro", BANNER)


def write_folder(folder: Path, files: dict[str, str]) -> Path:
    """Make a folder of such files."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
