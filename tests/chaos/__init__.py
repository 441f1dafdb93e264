"""Workers on several machines, and everything that may happen to them.

python -m tests.chaos --rounds N --seed S     kill, freeze, restart and spoil at random; then compare
python -m tests.chaos --figures               takeover, overhead of the queue, what an idle worker costs
"""
