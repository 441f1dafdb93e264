"""The project file, headcount.yml: read, checked, turned into the nouns of ``headcount.model``, written
again.
"""
