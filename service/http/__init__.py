"""The HTTP API: routes, wire models, limits, uploads and jobs."""
