"""Everything a person can do; the only door for the command line, the API and the web.

Importing it makes Django's models importable; no file is touched before the first call.
"""

from headcount.control.setup import configure

configure()
