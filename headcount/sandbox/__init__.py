"""A local Customer.io: Track v1 and v2, the App API, and pages of its own.

Read it in the order of a request: `server` listens, `gateway` takes the request in and records it, `faults`
may spoil it, `track_v1`, `track_v2` and `app_api` answer it, `operations` changes a `workspace`. `sink`
replaces the last two where a benchmark needs a fast far end. Nothing here knows the rest of Headcount.
"""
