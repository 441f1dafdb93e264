"""Everything a person can do with Headcount: the only door for the command line, the API and the pages."""

from headcount.control.setup import configure

configure()  # the modules of this package import Django's models
