"""Parts of the lexical view: words, the tantivy index, its files, what is shown."""
