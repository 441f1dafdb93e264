"""MySQL and MariaDB, through PyMySQL's unbuffered cursor."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any

from headcount.engines.base import Relation, seen
from headcount.engines.cutting import cut_after
from headcount.engines.fields import EngineType, Field
from headcount.engines.masking import first_line, masked
from headcount.engines.mysql_types import Reading, reading
from headcount.engines.stream import BATCH_ROWS, stopped, stream
from headcount.engines.tunnel import FIELDS, LOCAL, Tunnel
from headcount.engines.wanted import at_most, declare, from_clause, quoted, refuse_unknown, spelled
from headcount.errors import ConfigurationError, SourceError, SourceUnavailable
from headcount.model import Column, Model

if TYPE_CHECKING:
    import pyarrow as pa
    from pymysql.connections import Connection
    from pymysql.cursors import SSCursor

PATIENCE = 10.0  # seconds for a server to be reached, and for one that accepts to let us in
# Every connection begins so: one state of the data, nothing written, timestamps in UTC, and a patient server.
BEGIN = (
    "SET time_zone = '+00:00', SESSION net_write_timeout = 3600",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
RELATIONS = """
    SELECT CASE WHEN table_schema <> COALESCE(DATABASE(), '') THEN table_schema END, table_name,
           CASE WHEN table_type LIKE '%VIEW' THEN 'view' ELSE 'table' END
    FROM information_schema.tables
    WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
"""
HINTS = {
    1044: "Grant the connection's user SELECT on it, as the manual shows.",
    1045: "Check user and password, from which hosts the user may come, and whether it must use TLS (REQUIRE SSL).",
    1049: "Check the connection's database.",
    1054: "Look at the columns of the table.",
    1060: "Name one of the two columns differently with AS.",
    1142: "Grant the connection's user SELECT on it, as the manual shows.",
    1143: "Grant the connection's user SELECT on it, as the manual shows.",
    1146: "Look at the tables and views the connection has.",
    1792: "A model's SQL is one SELECT that changes nothing.",
    2003: "Check host and port, and that the server admits this machine.",
    2013: "The server closed the connection: look at its log, and run again.",
    2026: "Check the TLS mode, the CA certificate and the host's name in the server's certificate.",
}
# No connection, too many of them, a server that comes or goes.
PASSING = {1040, 1053, 1158, 1159, 1160, 1161, 1203, 1226, 1927, 2002, 2003, 2006, 2013, 2055}
SPOKEN_OF_SQL = {*HINTS, 1064, 1227, 1305, 1356, 3024, 3159}  # codes whose messages quote names, never values


class MySQLSource:
    """One connection for questions, and one for each read, so that a read can be dropped half-way."""

    def __init__(self, settings: dict[str, Any]) -> None:
        import pymysql

        self._errors: tuple[type[Exception], ...] = (pymysql.err.Error, OSError, EOFError)
        self._settings = settings
        self._open: list[Connection[SSCursor]] = []
        self._stopped = False
        self._tls = _tls(settings)
        self._tunnel = Tunnel(settings, settings["host"], settings["port"]) if settings["ssh_host"] else None
        try:
            self._connection = self._connect()
        except BaseException:
            self._close_tunnel()
            raise

    def check(self) -> str:
        ((version,),) = self._rows("SELECT VERSION()")
        name = "MariaDB" if "mariadb" in version.lower() else "MySQL"
        database = self._settings["database"]
        return f"{name} {version}, database {database}: {seen(self.relations())}."

    def relations(self) -> tuple[Relation, ...]:
        rows = self._rows(RELATIONS)
        found = (Relation(name=spelled(*filter(None, names)), kind=kind) for *names, kind in rows)
        return tuple(sorted(found, key=lambda relation: relation.name))

    def columns(self, model: Model) -> tuple[Column, ...]:
        return tuple(column for column, _ in self._readings(model))

    def read(
        self, model: Model, columns: Sequence[str], limit: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        import pyarrow as pa

        readings = {column.name: found for column, found in self._readings(model)}
        refuse_unknown(model, readings, columns)
        chosen = ", ".join(quoted(name, "`") for name in columns)
        connection = self._connect()
        cursor = self._run(
            connection, f"SELECT {chosen} FROM {from_clause(model, 'mysql', '`')}{at_most(limit)}"
        )
        found = [readings[name] for name in columns]
        schema = pa.schema([(name, readings[name].convert([]).type) for name in columns])
        failures = (*self._errors, pa.ArrowException)

        def release(_finished: bool) -> None:
            # Closing the cursor would read all that is left; closing the connection tells the server to stop.
            cursor._result.unbuffered_active = False  # type: ignore[attr-defined]
            self._open.remove(connection)
            if connection.open:
                connection.close()

        return stream(schema, _batches(cursor, schema, found), failures, self._failure, release)

    def _connect(self) -> Connection[SSCursor]:
        connection = self._dialled(BEGIN)
        self._open.append(connection)
        return connection

    def _dialled(self, statements: Sequence[str]) -> Connection[SSCursor]:
        """A connection on which the ``statements``, which take no time, were executed."""
        import pymysql
        from pymysql.cursors import SSCursor

        settings = self._settings
        try:
            connection = pymysql.connect(
                host=settings["host"],
                port=settings["port"],
                user=settings["user"] or None,
                password=settings["password"],
                database=settings["database"],
                charset="utf8mb4",
                use_unicode=False,  # Arrow decodes whole columns faster than Python single values
                conv={},
                cursorclass=SSCursor,
                autocommit=True,
                ssl_disabled=settings["ssl_mode"] == "disabled",
                ssl=self._tls,
                defer_connect=True,
            )
            way = self._way()
            with cut_after(PATIENCE, way):
                connection.connect(way)
                for statement in statements:
                    with connection.cursor() as cursor:
                        cursor.execute(statement)
        except self._errors as error:
            raise self._failure(error) from None
        return connection

    def _way(self) -> socket.socket:
        """Direct, or through the tunnel; the name stays the one that a certificate must have."""
        from pymysql.err import OperationalError

        host, port = self._settings["host"], self._settings["port"]
        there = (host, port) if self._tunnel is None else (LOCAL, self._tunnel.port)
        try:
            way = socket.create_connection(there, timeout=PATIENCE)
        except OSError as error:
            raise OperationalError(2003, f"Can't connect to MySQL server on {host!r} ({error})") from error
        way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        way.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        way.settimeout(None)
        return way

    def _run(self, connection: Connection[SSCursor], sql: str) -> SSCursor:
        if self._stopped:
            raise stopped()
        cursor = connection.cursor()
        try:
            cursor.execute(sql)
        except self._errors as error:
            raise self._failure(error) from None
        return cursor

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._run(self._connection, sql) as cursor:
            rows = cursor.fetchall()
        return [tuple(value.decode() if isinstance(value, bytes) else value for value in row) for row in rows]

    def _readings(self, model: Model) -> list[tuple[Column, Reading]]:
        source = from_clause(model, "mysql", "`")
        with self._run(self._connection, f"SELECT * FROM {source} LIMIT 0") as cursor:
            fields = cursor._result.fields  # type: ignore[attr-defined]  # the description lacks the flags
        found = [(field.name, reading(field)) for field in fields]
        return [
            (declare(model, Column(name=_word(n), kind=r.kind, declared=r.declared)), r) for n, r in found
        ]

    def _failure(self, error: Exception) -> SourceError:
        if self._stopped:
            return stopped()
        code, words = _code_and_words(error)
        words = first_line(words) if code in SPOKEN_OF_SQL else masked(words)
        if password := self._settings["password"]:
            words = words.replace(password, "…")
        passing = (code in PASSING or _broke_off(error)) and not _unknown_host(error)
        kind = SourceUnavailable if passing else SourceError
        return kind(f"MySQL says: {words.rstrip('.')}.", hint=HINTS.get(code, ""))

    def stop(self) -> None:
        """The server is asked on a connection of its own: the others are waiting for answers. From a server that does
        not hear it nothing is awaited any more.
        """
        self._stopped = True
        connections = list(self._open)
        refused: tuple[type[Exception], ...] = (SourceError, *self._errors)
        try:
            self._dialled([f"KILL QUERY {each.thread_id()}" for each in connections]).close()  # type: ignore[no-untyped-call]
        except refused:  # a query may have ended by now
            for each in connections:
                _hang_up(each)

    def close(self) -> None:
        if self._connection.open:
            self._connection.close()
        self._close_tunnel()

    def _close_tunnel(self) -> None:
        if self._tunnel is not None:
            self._tunnel.close()


def _hang_up(connection: Connection[SSCursor]) -> None:
    """Wake whoever reads from it. Closing it would not, and is not for this thread to do."""
    way = connection._sock  # type: ignore[attr-defined]
    with suppress(OSError):
        if way is not None:
            way.shutdown(socket.SHUT_RDWR)


def _word(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _broke_off(error: Exception) -> bool:
    """The socket itself failed."""
    return isinstance(error, OSError | EOFError) and not isinstance(error, ssl.SSLError)


def _unknown_host(error: Exception) -> bool:
    """A name that nobody knows, unlike a name server that does not answer at the moment."""
    cause = getattr(error, "original_exception", error.__cause__ or error)
    return isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN


def _code_and_words(error: Exception) -> tuple[int, str]:
    if len(error.args) > 1 and isinstance(error.args[0], int):
        return error.args[0], str(error.args[1])
    return (2026, str(error)) if isinstance(error, ssl.SSLError) else (0, str(error) or type(error).__name__)


def _batches(cursor: SSCursor, schema: pa.Schema, readings: Sequence[Reading]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    while rows := cursor.fetchmany(BATCH_ROWS):
        pairs = zip(zip(*rows, strict=True), readings, strict=True)
        yield pa.record_batch([found.convert(values) for values, found in pairs], schema=schema)


def _tls(settings: dict[str, Any]) -> ssl.SSLContext | None:
    """None lets the driver choose: TLS where the server has it, without looking at the certificate."""
    mode = settings["ssl_mode"]
    if mode in ("disabled", "preferred"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings["ssl_ca"] or None)
        if settings["ssl_cert"]:
            context.load_cert_chain(settings["ssl_cert"], settings["ssl_key"] or None)
    except OSError as error:
        raise ConfigurationError(
            f"The TLS files of the mysql connection cannot be read: {error.strerror}."
        ) from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # certificates that MySQL makes for itself do not pass it
    context.check_hostname = mode == "verify_identity"
    context.verify_mode = ssl.CERT_NONE if mode == "required" else ssl.CERT_REQUIRED
    return context


ENGINE = EngineType(
    name="mysql",
    label="MySQL or MariaDB",
    dialect="mysql",
    fields=(
        Field(name="host", label="Host", default="localhost", guards=True),
        Field(name="port", label="Port", default=3306, guards=True),
        Field(name="database", label="Database", required=True, help="The name of the database to read."),
        Field(name="user", label="User"),
        Field(name="password", label="Password", secret=True),
        Field(
            name="ssl_mode",
            label="TLS",
            default="preferred",
            choices=("disabled", "preferred", "required", "verify_ca", "verify_identity"),
            guards=True,
            help="verify_identity is the only mode that proves which server answers.",
        ),
        Field(
            name="ssl_ca",
            label="CA certificate",
            help="PEM file; without one the system's authorities count.",
            advanced=True,
            guards=True,
        ),
        Field(name="ssl_cert", label="Client certificate", help="PEM file.", advanced=True),
        Field(name="ssl_key", label="Client key", help="PEM file.", advanced=True),
        *FIELDS,
    ),
    models=("table", "query"),
    open=MySQLSource,
    guide="Give Headcount a user of its own that may only read: GRANT SELECT, SHOW VIEW on the database. "
    "The manual has the script.",
)
