from __future__ import annotations

import csv
import re
import sqlite3
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.test import Client

from headcount.control.models import Audit, MaskedColumn, Model, Role
from headcount.service.applying import apply, look
from headcount.service.masking import VEIL
from tests.engines.conftest import mysql_address as mysql_address
from tests.engines.conftest import postgresql_address as postgresql_address
from tests.web.conftest import Visit
from tests.web.test_connections import fields_of, words

NEW = "/models/new/?connection=company"
PEOPLE = [(1, "ada@example.com", "1815"), (2, "grace@example.com", None)]


@pytest.fixture
def owner(visit: Visit, tmp_path: Path) -> Client:
    """An Owner with a SQLite source called company, a DuckDB file and a folder of files."""
    folder = tmp_path / "data"
    folder.mkdir()
    with sqlite3.connect(folder / "company.sqlite") as database:
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, born TEXT)")
        database.executemany("INSERT INTO users VALUES (?, ?, ?)", PEOPLE)
    database.close()
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("CREATE TABLE users AS SELECT 1 AS id, 'ada' AS name")
    (folder / "people.csv").write_text("id,since\n1,2026-01-02\n")
    client = visit()
    for kind, name, given in (
        ("sqlite", "Company", {"path": str(folder / "company.sqlite")}),
        ("duckdb", "Warehouse", {"path": str(folder / "warehouse.duckdb")}),
        ("files", "Drop", {"folders": str(folder)}),
    ):
        answer = client.post(f"/connections/add/{kind}/", {"name": name, "action": "connect", **given})
        assert answer.status_code == 302
    return client


def table(**more: str) -> dict[str, str]:
    return {"name": "Users", "way": "table", "table": "users", **more}


def query(sql: str, **more: str) -> dict[str, str]:
    return {"name": "Users", "way": "query", "query": sql, **more}


def used(tmp_path: Path) -> None:
    """Apply a sync that reads the model users."""
    file = tmp_path / "headcount.yml"
    file.write_text(
        "version: 1\nconnections:\n  live: {type: customerio, site_id: a, api_key: env:NOWHERE}\n"
        f"  company: {{name: Company, type: sqlite, path: {tmp_path / 'data' / 'company.sqlite'}}}\n"
        "models:\n  users: {name: Users, connection: company, table: users}\n"
        "syncs:\n  people:\n    name: Users to People\n    source: {model: users}\n"
        "    destination: {connection: live, object: person}\n    behavior: update_or_create\n"
        "    identifier: {from: id, to: id}\n    mappings: [{from: email, to: email}]\n"
    )
    apply(look(file))


def test_a_table_is_picked_previewed_and_saved(owner: Client) -> None:
    assert b"/models/new/" in owner.get("/models/").content
    assert b"?connection=company" in owner.get("/models/new/").content
    begun = owner.get(f"{NEW}&table=users")
    assert b'<option value="users">table</option>' in begun.content
    assert b'value="users"' in begun.content
    shown = owner.post(NEW, table(action="preview"))
    assert "ada@example.com" in words(shown.content)
    assert "NULL" in words(shown.content)
    assert "2 rows; there are no more." in words(shown.content)
    assert not Model.objects.exists()
    assert owner.post(NEW, table(action="save")).headers["Location"] == "/models/users/"
    assert owner.get("/models.json").json()["models"][0]["rows"] == "users"
    preview = owner.get("/models/users/rows.json").json()["preview"]
    assert preview["rows"] == [["1", "ada@example.com", "1815"], ["2", "grace@example.com", None]]


def test_a_mistake_in_sql_is_told_beside_it_and_what_was_typed_is_kept(owner: Client) -> None:
    for sql, said in (
        ("SELECT nope FROM users", "no such column: nope"),
        ("SELECT id FROM nowhere", "no such table: nowhere"),
        ("DELETE FROM users", "SELECT"),
        (" ", "Write the SQL: one SELECT."),
        ("SELECT 1; SELECT 2", "more than one statement"),
    ):
        answer = owner.post(NEW, query(sql, action="save"))
        assert b'id="query_error"' in answer.content
        assert said in words(answer.content).replace("&#x27;", "'")
        assert sql in words(answer.content)
    assert not Model.objects.exists()


def test_a_model_of_a_source_that_is_away_may_be_saved_on_purpose(owner: Client, tmp_path: Path) -> None:
    (tmp_path / "data" / "company.sqlite").rename(tmp_path / "data" / "away.sqlite")
    answer = owner.post(NEW, table(action="save"))
    assert "There is no SQLite file" in words(answer.content)
    assert b"Save without reading" in answer.content
    assert owner.post(NEW, query("DROP TABLE users", action="anyway")).status_code == 200
    assert owner.post(NEW, table(action="anyway")).status_code == 302
    assert "There is no SQLite file" in words(owner.get("/models/users/rows/").content)


def test_types_are_declared_where_the_source_has_none(owner: Client) -> None:
    files = "/models/new/?connection=drop"
    given = {"name": "People", "way": "path", "path": "people.csv"}
    assert b'name="type.since"' in owner.post(files, {**given, "action": "preview"}).content
    declared = {**given, "type.since": "date", "type.id": "", "action": "preview"}
    shown = owner.post(files, declared).content.decode()
    assert re.search(r'name="type\.since".*?<option selected>date', shown, re.DOTALL)
    owner.post(files, {**declared, "action": "save"})
    assert Model.objects.get().definition["types"] == {"since": "date"}


MISFITS = [
    ("integer", "12", "twelve", "the value is not a number"),
    ("decimal", "1.5", "1,5", "the value is not a number"),
    ("boolean", "yes", "perhaps", "the value is not a boolean"),
    ("date", "2026-01-02", "soon", "the value is not a date or time"),
    ("timestamp", "2026-01-02 03:04", "04:05", "the value is not a date or time"),
    ("json", '{"a": 1}', "{a: 1}", "the text is not valid JSON"),
]


@pytest.mark.parametrize(("kind", "fits", "misfit", "why"), MISFITS)
def test_a_declared_type_that_does_not_fit_is_told_by_the_preview(
    owner: Client, tmp_path: Path, kind: str, fits: str, misfit: str, why: str
) -> None:
    with (tmp_path / "data" / "people.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "since"], ["1", fits], ["2", misfit], ["3", misfit], ["4", ""]])
    files = "/models/new/?connection=drop"
    given = {"name": "People", "way": "path", "path": "people.csv", "type.id": "integer", "action": "preview"}
    shown = words(owner.post(files, {**given, "type.since": kind}).content)
    assert f"since is declared as {kind}, and {why}" in shown
    assert "in 2 rows of these" in shown
    assert "id is declared" not in shown
    assert "is declared as" not in words(owner.post(files, given).content)


def test_a_saved_model_tells_it_too(owner: Client, tmp_path: Path) -> None:
    used(tmp_path)
    Model.objects.update(definition={"connection": "company", "table": "users", "types": {"email": "float"}})
    assert "email is declared as float" in words(owner.get("/models/users/rows/").content)
    told = owner.get("/models/users/rows.json").json()["preview"]["misfits"]
    assert told == [{"column": "email", "kind": "float", "reason": "the value is not a number", "rows": 2}]


def test_types_of_the_source_have_a_column_where_the_source_tells_some(owner: Client) -> None:
    assert b"In the source" in owner.post(NEW, table(action="preview")).content
    untold = owner.post(NEW, query("SELECT id, email || '' AS email FROM users", action="preview")).content
    assert b"Types of columns" in untold
    assert b"In the source" not in untold


def test_an_edit_keeps_its_syncs_and_warns_when_one_loses_a_column(owner: Client, tmp_path: Path) -> None:
    used(tmp_path)
    edit = owner.get("/models/users/edit/")
    assert "Used by Users to People" in words(edit.content)
    given = query("SELECT id, born FROM users", action="save", **fields_of(edit.content))
    assert owner.post("/models/users/edit/", given).status_code == 302
    page = words(owner.get("/models/users/").content)
    assert "Users to People needs email, which the model does not have any more" in page
    assert Model.objects.get(key="users").definition["query"] == "SELECT id, born FROM users"
    detail = Audit.objects.filter(what="model users").latest("id").detail
    assert detail["query"]["new"] == "SELECT id, born FROM users"
    stale = owner.post("/models/users/edit/", given)
    assert "changed meanwhile, last by you; nothing was saved" in words(stale.content)


def test_a_model_in_use_is_not_deleted(owner: Client, tmp_path: Path) -> None:
    used(tmp_path)
    owner.post("/models/users/delete/")
    assert "Users is in use by Users to People" in words(owner.get("/models/users/").content)
    owner.post("/models/new/?connection=company", table(name="Second", action="save"))
    owner.post("/models/second/delete/")
    assert list(Model.objects.values_list("key", flat=True)) == ["users"]


def test_masked_columns_are_veiled_on_every_page_and_in_every_twin(owner: Client, visit: Visit) -> None:
    owner.post(NEW, table(action="save"))
    owner.post("/models/users/masks/", {"masked": "email", "shown": ["id", "email", "born"]})
    viewer = visit(Role.VIEWER)
    for address in ("/models/users/rows/", "/models/users/rows.json", "/models/users/", "/models/users.json"):
        assert b"ada@example.com" not in viewer.get(address).content
        assert b"ada@example.com" not in owner.get(address).content
    assert VEIL in words(viewer.get("/models/users/rows/").content)
    other = owner.post(NEW, query("SELECT email, id FROM users", name="Other", action="preview"))
    assert b"ada@example.com" not in other.content
    assert visit(Role.EDITOR).post("/models/users/masks/", {}).status_code == 403
    assert MaskedColumn.objects.count() == 1
    owner.post("/models/users/masks/", {"shown": ["id", "EMAIL"]})
    assert "ada@example.com" in words(owner.get("/models/users/rows/").content)


def test_a_mask_outlives_the_model_it_was_made_at(owner: Client, visit: Visit) -> None:
    """Else an Editor could lift it: by deleting the model and making it again, or by reading its table elsewhere."""
    owner.post(NEW, table(action="save"))
    owner.post("/models/users/masks/", {"masked": "EMAIL", "shown": ["id", "email", "born"]})
    editor = visit(Role.EDITOR)
    assert editor.post("/models/users/delete/").status_code == 302
    assert not Model.objects.exists()
    shown = editor.post(NEW, table(action="preview")).content
    assert b"ada@example.com" not in shown
    assert b"1815" in shown
    assert "EMAIL" in words(owner.get("/connections/company/").content)
    editor.post(NEW, table(action="save"))
    form = owner.get("/models/users/rows/").content.decode()
    assert 'name="masked" value="email" checked' in form
    assert 'name="masked" value="born">' in form


def test_columns_that_a_form_did_not_show_keep_their_masks(owner: Client) -> None:
    owner.post(NEW, table(action="save"))
    owner.post("/models/users/masks/", {"masked": "email", "shown": "email"})
    owner.post("/models/users/masks/", {"masked": "born", "shown": ["id", "born"]})
    assert sorted(MaskedColumn.objects.values_list("column", flat=True)) == ["born", "email"]
    owner.post("/models/users/masks/", {"masked": ["Born", "other"], "shown": ["id", "email", "born"]})
    assert sorted(MaskedColumn.objects.values_list("column", flat=True)) == ["born", "other"]
    told = [(a.action, a.detail) for a in Audit.objects.filter(what="connection company").order_by("pk")]
    assert told[-1][1] == {"masked columns": {"old": ["born", "email"], "new": ["born", "other"]}}


ROUND_MASKS = [
    "SELECT (SELECT group_concat(substr(email, 1, 2) || '@' || substr(email, 5)) FROM users) AS x",
    "SELECT upper(email) AS e FROM users",
    "SELECT email AS e FROM users",
    "SELECT id FROM users WHERE Email LIKE 'a%'",
    "WITH t(a, b, c) AS (SELECT * FROM users) SELECT b FROM t",
    "SELECT born FROM users UNION SELECT email FROM users",
    "SELECT id FROM users ORDER BY email",
    "SELECT EMAIL FROM users",
    "SELECT b FROM (SELECT email AS b FROM users)",
]


def test_sql_does_not_get_round_a_mask(owner: Client) -> None:
    owner.post(NEW, table(action="save"))
    owner.post("/models/users/masks/", {"masked": "email"})
    for sql in ROUND_MASKS:
        shown = (
            owner.post(NEW, query(sql, name="Other", action="preview"))
            .content.decode()
            .partition("Preview</h2>")[2]
        )
        assert not re.search(r"<td>(?!•)", shown), sql
        assert "not even counted" in shown or sql == ROUND_MASKS[-2], sql  # for their number would tell
    for sql in ("SELECT id, born FROM users", "SELECT u.id, email FROM users AS u", "SELECT * FROM users"):
        shown = (
            owner.post(NEW, query(sql, name="Other", action="preview"))
            .content.decode()
            .partition("Preview</h2>")[2]
        )
        assert "<td>1</td>" in shown, sql
        assert "ada@" not in shown, sql


ESCAPES: dict[str, list[str]] = {
    "company": [
        "SELECT readfile('{secret}') AS x",
        "SELECT load_extension('{secret}') AS x",
        "SELECT * FROM pragma_database_list",
        "ATTACH '{control}' AS c",
        "SELECT 1 AS x; ATTACH '{control}' AS c",
        "PRAGMA query_only = OFF",
        "VACUUM INTO '{out}'",
    ],
    "warehouse": [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM '{secret}'",
        "FROM read_text('{secret}')",
        "SELECT * FROM glob('{home}/*')",
        "SELECT * FROM sqlite_scan('{control}', 'control_secret')",
        "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
        "SELECT getenv('HOME') AS x",
        "ATTACH '{control}' AS c",
        "COPY (SELECT 1) TO '{out}'",
        "EXPORT DATABASE '{out}'",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "INSTALL httpfs",
        "LOAD sqlite",
        "SELECT 1 AS x) AS q; COPY (SELECT 1) TO '{out}'; SELECT * FROM (SELECT 1",
    ],
    "drop": [
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{folder}/../home/secret.key')",
        "SELECT * FROM read_text('{folder}/link')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
    ],
}


@pytest.mark.parametrize("connection", list(ESCAPES))
def test_a_models_sql_reaches_neither_keys_nor_state_nor_files(
    owner: Client, site: Path, tmp_path: Path, connection: str
) -> None:
    home, folder, out = site, tmp_path / "data", tmp_path / "out"
    secret = home / "secret.key"
    secret.exists() or secret.write_text("the-key-of-all-keys")
    text = secret.read_text().strip()
    (folder / "link").symlink_to(secret)
    places: dict[str, Any] = {
        "secret": secret,
        "control": home / "control.sqlite3",
        "home": home,
        "folder": folder,
        "out": out,
    }
    before = sorted(path.name for path in folder.iterdir())
    for sql, action in product(ESCAPES[connection], ("preview", "save")):
        given = query(sql.format(**places), name="Escape")
        answer = owner.post(f"/models/new/?connection={connection}", {**given, "action": action})
        assert b'id="query_error"' in answer.content, sql
        assert text not in answer.content.decode()
        assert "root:" not in answer.content.decode()
    assert not Model.objects.exists()
    assert not out.exists()
    assert sorted(path.name for path in folder.iterdir()) == before


POWERFUL: dict[str, list[str]] = {  # what a superuser may do, and a model may not
    "postgresql": [
        "SELECT pg_read_file('/etc/passwd') AS x",
        "SELECT pg_catalog.pg_read_file ('/etc/passwd') AS x",
        """SELECT "pg_read_file"/**/('/etc/passwd') AS x""",
        """SELECT U&"pg\\005fread\\005ffile"('/etc/passwd') AS x""",
        "SELECT pg_read_binary_file('/etc/passwd') AS x",
        "SELECT * FROM pg_ls_dir('/etc')",
        "SELECT lo_import('/etc/passwd') AS x",
        "SELECT query_to_xml('SELECT pg_read_file(''/etc/passwd'')', true, false, '') AS x",
        "COPY (SELECT 1) TO '{out}'",
        "COPY (SELECT 1) TO PROGRAM 'touch {out}'",
        "SELECT 1 AS x INTO TEMP t",
        "SELECT 1 AS x; COPY (SELECT 1) TO '{out}'",
        "DO $$ BEGIN PERFORM pg_read_file('/etc/passwd'); END $$",
        "SELECT set_config('transaction_read_only', 'off', true), nextval('nowhere')",
    ],
    "mysql": [
        "SELECT LOAD_FILE('/etc/passwd') AS x",
        "SELECT load_file ('/etc/passwd') AS x",
        "SELECT 1 AS x INTO OUTFILE '{out}'",
        "SELECT 1 AS x INTO DUMPFILE '{out}'",
        "SELECT 1 AS x /*!50000 INTO OUTFILE '{out}' */",
        "SELECT 1 AS x INTO @y",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
    ],
}


@pytest.mark.parametrize("kind", list(POWERFUL))
def test_not_even_a_superusers_connection_lets_sql_out(
    visit: Visit, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(f"{kind}_address")
    settings = {name: str(value) for name, value in address.items() if name != "ca"}
    owner, out = visit(), tmp_path / "out"
    given = {"database": "mysql", **settings, "name": "Power", "action": "connect"}
    assert owner.post(f"/connections/add/{kind}/", given).status_code == 302
    for sql in POWERFUL[kind]:
        answer = owner.post("/models/new/?connection=power", query(sql.format(out=out), action="preview"))
        assert b'id="query_error"' in answer.content, sql
        assert "root:" not in answer.content.decode(), sql
    assert not out.exists()


def test_a_query_that_takes_too_long_is_stopped(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADCOUNT_PREVIEW_SECONDS", "1")
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c"
    answer = owner.post(NEW, query(endless, action="preview"))
    assert "Company did not answer within 1 seconds, and was told to stop." in words(answer.content)


def test_a_saved_model_leads_to_a_sync_of_its_rows(owner: Client, visit: Visit) -> None:
    owner.post(NEW, table(action="save"))
    way_on = "/syncs/new/?model=users"
    assert f'href="{way_on}"' in visit(Role.EDITOR).get("/models/users/").content.decode()
    assert '<option value="users" selected>' in owner.get(way_on).content.decode()
    assert way_on not in visit(Role.OPERATOR).get("/models/users/").content.decode()


def test_viewers_look_and_editors_write(owner: Client, visit: Visit) -> None:
    owner.post(NEW, table(action="save"))
    viewer, editor = visit(Role.VIEWER), visit(Role.EDITOR)
    assert viewer.get("/models/users/").status_code == 200
    assert viewer.get("/models/new/").status_code == 403
    assert viewer.post("/models/users/delete/").status_code == 403
    assert editor.get("/models/users/edit/").status_code == 200
    assert owner.get("/models/nope/").status_code == 404
