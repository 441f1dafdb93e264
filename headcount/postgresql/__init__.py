"""What Headcount keeps in the control store's PostgreSQL for many machines: states, plans, budgets.

Everything stands in one schema, ``headcount_state``. Nothing in here needs Django.
"""
