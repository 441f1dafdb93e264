"""PostgreSQL, through the ADBC driver: Arrow batches straight from the server's binary COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headcount.engines.base import Relation, seen
from headcount.engines.fields import EngineType, Field
from headcount.engines.postgres_errors import connect_failure, failure
from headcount.engines.postgres_types import declared_type, reading
from headcount.engines.stream import BATCH_ROWS, stopped, stream
from headcount.engines.tunnel import FIELDS, LOCAL, Tunnel
from headcount.engines.wanted import (
    at_most,
    declare,
    from_clause,
    quoted,
    refuse_duplicates,
    refuse_unknown,
    spelled,
)
from headcount.errors import ConfigurationError, SourceError
from headcount.model import Column, Model

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = "2000000"
# Every read begins so: one state of the data, nothing written, and text that no server setting changes.
BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL IntervalStyle = 'postgres'",
)
RELATIONS = """
    SELECT CASE WHEN NOT pg_catalog.pg_table_is_visible(c.oid) THEN n.nspname END, c.relname,
           CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
      AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
"""
ALWAYS = {
    "application_name": "headcount",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "60000",  # milliseconds
}


class PostgreSQLSource:
    """One connection. Each call of a method is one read-only transaction."""

    def __init__(self, address: str, secret: str, tunnel: Tunnel | None = None) -> None:
        import adbc_driver_manager
        import adbc_driver_postgresql.dbapi as driver

        self._errors: tuple[type[Exception], ...] = (adbc_driver_manager.Error, OSError)
        self._stopped = False
        self._tunnel = tunnel
        try:
            self._connection = driver.connect(address)
        except self._errors as error:
            if tunnel is not None:
                tunnel.close()
            raise connect_failure(error, secret) from None

    def check(self) -> str:
        ((version, database),) = self._rows("SELECT current_setting('server_version'), current_database()")
        return f"PostgreSQL {version}, database {database}: {seen(self.relations())}."

    def relations(self) -> tuple[Relation, ...]:
        rows = self._rows(RELATIONS)
        found = (Relation(name=spelled(*filter(None, names)), kind=kind) for *names, kind in rows)
        return tuple(sorted(found, key=lambda relation: relation.name))

    def columns(self, model: Model) -> tuple[Column, ...]:
        source = from_clause(model, "postgres", '"')
        self._begin()
        return tuple(column for column, _ in self._readings(model, source))

    def read(
        self, model: Model, columns: Sequence[str], limit: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        source = from_clause(model, "postgres", '"')
        self._begin()
        readings = {column.name: expression for column, expression in self._readings(model, source)}
        refuse_unknown(model, readings, columns)
        chosen = ", ".join(f"{readings[name]} AS {quoted(name, chr(34))}" for name in columns)
        cursor = self._connection.cursor()
        try:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": BATCH_BYTES})
            cursor.execute(f"SELECT {chosen} FROM {source}{at_most(limit)}")
            reader = cursor.fetch_record_batch()
        except self._errors as error:
            cursor.close()
            raise self._failure(error) from None
        import pyarrow as pa

        def release(finished: bool) -> None:
            if not finished:
                cursor.adbc_cancel()  # else closing would wait for the rest of the rows
            reader.close()
            cursor.close()

        plain = pa.schema([pa.field(field.name, field.type) for field in reader.schema])
        failures = (*self._errors, pa.ArrowException)
        return stream(plain, _batches(reader, plain), failures, self._failure, release)

    def _begin(self) -> None:
        """A new transaction. The driver starts one by itself with the first statement after a rollback."""
        if self._stopped:
            raise stopped()
        try:
            self._connection.rollback()
            with self._connection.cursor() as cursor:
                for statement in BEGIN:
                    cursor.execute(statement)
        except self._errors as error:
            raise self._failure(error) from None

    def _readings(self, model: Model, source: str) -> list[tuple[Column, str]]:
        """Described by preparing the statement, which reads nothing."""
        try:
            with self._connection.cursor() as cursor:
                schema = cursor.adbc_execute_schema(f"SELECT * FROM {source}")
        except self._errors as error:
            raise self._failure(error) from None
        refuse_duplicates(schema.names, ignore_case=False)
        return [_column(model, field, self._type_name(field)) for field in schema]

    def _type_name(self, field: pa.Field) -> str:
        """The driver knows some types by their number alone."""
        name = declared_type(field)
        if not name.startswith("unnamed<oid:"):
            return name
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT format_type({int(name[12:-1])}, NULL)")
            ((known,),) = cursor.fetchall()
        return str(known)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        self._begin()
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
        except self._errors as error:
            raise self._failure(error) from None
        return rows

    def _failure(self, error: Exception) -> SourceError:
        return stopped() if self._stopped else failure(error)

    def stop(self) -> None:
        self._stopped = True
        with suppress(*self._errors):  # nothing may be running, or it may be closed by now
            self._connection.adbc_cancel()

    def close(self) -> None:
        self._connection.close()
        if self._tunnel is not None:
            self._tunnel.close()


def _column(model: Model, field: pa.Field, declared: str) -> tuple[Column, str]:
    kind, expression = reading(field, quoted(field.name, '"'))
    return declare(model, Column(name=field.name, kind=kind, declared=declared)), expression


def _batches(reader: pa.RecordBatchReader, plain: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The driver's batches in slices, as narrow rows make long ones, without its notes on the fields."""
    import pyarrow as pa

    for batch in reader:
        whole = pa.RecordBatch.from_arrays(batch.columns, schema=plain)
        yield from (whole.slice(start, BATCH_ROWS) for start in range(0, whole.num_rows, BATCH_ROWS))


def _open(settings: dict[str, Any]) -> PostgreSQLSource:
    if not settings["url"] and not settings["database"]:
        raise ConfigurationError("A postgresql connection needs 'database', or 'url'.")
    if settings["url"].count("@") > 1:
        raise ConfigurationError(
            "The URL has more than one @.", hint="Write an @ in user or password as %40."
        )
    secret = settings["password"] or urlsplit(settings["url"]).password or ""
    if not settings["ssh_host"]:
        return PostgreSQLSource(_address(settings), secret)
    if settings["url"]:
        raise ConfigurationError(
            "A connection through SSH is given by its fields, not by a URL.", hint="Use host, port and so on."
        )
    tunnel = Tunnel(settings, settings["host"], settings["port"])
    # The name stays the one that a certificate must have; only the way leads through the tunnel.
    here = {**settings, "port": tunnel.port, "hostaddr": LOCAL}
    return PostgreSQLSource(_address(here), secret, tunnel)


def _address(settings: dict[str, Any]) -> str:
    """What libpq connects to: the URL as it is, with what it leaves open, or ``name='value'`` pairs."""
    if url := settings["url"]:
        open_ones = [f"{name}={value}" for name, value in ALWAYS.items() if f"{name}=" not in url]
        return f"{url}{'&' if '?' in url else '?'}{'&'.join(open_ones)}"
    names = ("host", "hostaddr", "port", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey")
    pairs = {"dbname": settings["database"], **{name: settings.get(name, "") for name in names}, **ALWAYS}
    return " ".join(f"{name}='{_escaped(str(value))}'" for name, value in pairs.items() if value != "")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


ENGINE = EngineType(
    name="postgresql",
    label="PostgreSQL",
    dialect="postgres",
    fields=(
        Field(
            name="host",
            label="Host",
            default="localhost",
            help="A name, an address or a socket's folder.",
            guards=True,
        ),
        Field(name="port", label="Port", default=5432, guards=True),
        Field(name="database", label="Database", help="Required unless a URL is given."),
        Field(name="user", label="User"),
        Field(name="password", label="Password", secret=True),
        Field(
            name="sslmode",
            label="TLS",
            default="prefer",
            choices=("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
            guards=True,
            help="verify-full is the only mode that proves which server answers.",
        ),
        Field(
            name="sslrootcert",
            label="CA certificate",
            help="PEM file, for verify-ca and verify-full.",
            advanced=True,
            guards=True,
        ),
        Field(name="sslcert", label="Client certificate", help="PEM file.", advanced=True),
        Field(
            name="sslkey", label="Client key", help="PEM file that only its owner may read.", advanced=True
        ),
        Field(
            name="url",
            label="URL",
            secret=True,
            help="postgresql://… in place of all other fields.",
            advanced=True,
        ),
        *FIELDS,
    ),
    models=("table", "query"),
    open=_open,
    guide="Give Headcount a user of its own that may only read: GRANT USAGE on the schemas and GRANT SELECT on "
    "the tables and views it should see. The manual has the script, and what to write into pg_hba.conf.",
)
