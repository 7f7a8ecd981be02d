"""A component of `wasi:http/proxy` that keeps orders in a database, and work in a queue."""

from componentize_py_types import Err, Ok
from wit_world.exports import IncomingHandler as Handler
from wit_world.imports import queue, sql
from wit_world.imports.sql import (
    Field,
    Isolation,
    Value_Blob,
    Value_Boolean,
    Value_Integer,
    Value_Null,
    Value_Real,
    Value_Text,
)
from wit_world.imports.wasi_http_types import (
    Fields,
    IncomingRequest,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)

DATABASE = "shop"
INSERT = "INSERT INTO orders (item, note, picture, price, paid) VALUES (?, ?, ?, ?, ?)"


class IncomingHandler(Handler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        path = request.path_with_query()
        try:
            text = {"/order": order, "/undone": undone, "/work": work}[path]()
        except Err as failed:
            error = failed.value
            text = f"{error.kind}: {error.message}"
        response = OutgoingResponse(Fields.from_list([("content-type", b"text/plain")]))
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            stream.blocking_write_and_flush(text.encode())
        OutgoingBody.finish(body, None)


def insert(transaction: int, item: str) -> sql.Done:
    values = [
        Value_Text(item),
        Value_Null(),
        Value_Blob(b"\xff\x00"),
        Value_Real(2.5),
        Value_Boolean(True),
    ]
    return sql.execute(DATABASE, transaction, INSERT, values)


def order() -> str:
    transaction = sql.begin(DATABASE, Isolation.DEFAULT, False)
    done = insert(transaction, "tea")
    sql.savepoint(DATABASE, transaction, "one")
    insert(transaction, "coffee")
    sql.rollback_to(DATABASE, transaction, "one")
    sql.release(DATABASE, transaction, "one")
    sql.commit(DATABASE, transaction)
    sql.prepare(DATABASE, None, "SELECT 1")
    rows = sql.query(DATABASE, None, "SELECT * FROM orders WHERE id > ?", [Value_Integer(0)])
    shown = "; ".join(", ".join(map(show, row)) for row in rows)
    dialect = sql.dialect_of(DATABASE).name.lower()
    return f"{dialect}: {done.rows_affected} row, id {done.last_insert_id}: {shown}"


def show(field: Field) -> str:
    kind = type(field.value).__name__.removeprefix("Value_").lower()
    return f"{field.column} {kind} {field.value.value!r}"


def undone() -> str:
    transaction = sql.begin(DATABASE, Isolation.SERIALIZABLE, False)
    insert(transaction, "milk")
    sql.rollback(DATABASE, transaction)
    insert(transaction, "milk")
    return "inserted by a transaction that has ended"


def work() -> str:
    # MessagePack: the text `tea`, and the number 7.
    queue.publish("tasks", b"\xa3tea", [queue.Header("priority", b"\x07")], 0)
    numbers = queue.numbers_of("tasks")
    text = f"{numbers.messages} message, {numbers.ready} ready, {numbers.consumers} consumers"
    # A value that ends early, and a process that no consumer has started.
    for call in [lambda: queue.publish("tasks", b"\xa3te", [], 0), queue.message, queue.ack]:
        try:
            call()
        except Err as failed:
            text += f"; {failed.value.message}"
    return text
