"""The pages. Thin: a view asks ``headcount.service``, and a template shows the answer."""
