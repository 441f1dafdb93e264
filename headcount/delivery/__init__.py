"""Getting the batches of a plan to the destination, with exactly one outcome for every change.

    batches --Feed (calling thread): intents--> queue --Sender threads: requests--> Clerk thread: receipts

Read ``line.py`` for the order of things, ``parcels.py`` for how one batch comes by its outcomes, ``post.py``
for one request and its retries, ``greeting.py`` for what is asked before the first one.
"""

from headcount.delivery.greeting import greet
from headcount.delivery.line import Delivery, deliver

__all__ = ["Delivery", "deliver", "greet"]
