"""All that must not be lost, in one file, and back: control store, key, states, plans of unfinished runs.

The file is a tar archive that does not depend on the database it was made from: what was saved from SQLite can be
restored into PostgreSQL, and the other way round.

    manifest.json           what is in it, and which schema the tables have
    tables/<name>.jsonl     one row a line, a list of values in the order of the manifest's columns
    secret.key              unless the key is in the environment
    state/<id>.duckdb       what each sync has sent
    plans/<run>/…           of runs that have not ended, so that they can be resumed
"""

from headcount.service.backups.restoring import Restored, restore
from headcount.service.backups.saving import Saved, save

__all__ = ["Restored", "Saved", "restore", "save"]
