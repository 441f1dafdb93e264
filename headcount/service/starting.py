"""A folder to begin in: a commented project file, and what must not be committed."""

from __future__ import annotations

from pathlib import Path

from headcount.errors import ConfigurationError

STARTER = Path(__file__).parent / "starter.yml"

IGNORED = """\
# Secrets and Headcount's own files do not belong into version control.
.env
*.key
.headcount/
"""


def start(folder: Path) -> list[Path]:
    """Write headcount.yml and .gitignore into ``folder`` and return what was written.

    Raises ``ConfigurationError`` when there is a project file already, or the folder cannot be written.
    """
    target = folder / "headcount.yml"
    if target.exists():
        raise ConfigurationError(f"{target} exists already.", hint="Choose another folder, or edit it.")
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in ((target, STARTER.read_text(encoding="utf-8")), (folder / ".gitignore", IGNORED)):
            if not path.exists():
                path.write_text(text, encoding="utf-8")
                written.append(path)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from error
    return written
