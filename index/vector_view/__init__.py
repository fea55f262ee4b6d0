"""Parts of the vector view: base on disk, delta in memory, what is shown, filters' columns."""
