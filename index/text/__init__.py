"""Files → a document's text: decoding, pages, Markdown, metadata, sentences."""
