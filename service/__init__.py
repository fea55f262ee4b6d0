"""Questions to cited answers, over HTTP and on the command line."""
