"""The REST API under ``/api/v1/``. Thin: a route asks ``headcount.service``, and a shape says the answer in JSON."""
