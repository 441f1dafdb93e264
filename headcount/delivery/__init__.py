"""Getting the batches of a plan to the destination, with exactly one outcome for every change.

    batches --Feed (calling thread): intents--> queue --Sender threads: requests--> Clerk thread: receipts

Read ``line.py`` for the order of things, ``parcels.py`` for how one batch comes by its outcomes, ``post.py``
for one request and its retries, ``asking.py`` for questions that change nothing.
"""

from headcount.delivery.asking import ask, greet
from headcount.delivery.halt import always
from headcount.delivery.line import Delivery, deliver

__all__ = ["Delivery", "always", "ask", "deliver", "greet"]
