//! `sql`.

use std::sync::Arc;

use rmpv::Value;
use warren_kernel::{Error, Kind};

use super::bindings::warren::process::sql;
use super::{integer, misread, request};
use crate::abi::component::Answer;
use crate::codec;
use crate::codec::reader::{self, field};
use crate::guest::Guest;

/// Rows and fields that a query returns to a component. Each takes some 100 bytes until the
/// component has them.
pub(crate) const MAX_FIELDS: usize = 250_000;

impl sql::Host for Guest {
    async fn dialect_of(&mut self, database: String) -> Answer<sql::Dialect> {
        let request = request(vec![database.into()]);
        self.service("sql.open", &request, dialect).await
    }

    async fn query(
        &mut self,
        database: String,
        transaction: Option<i64>,
        text: String,
        parameters: Vec<sql::Value>,
    ) -> Answer<Vec<Vec<sql::Field>>> {
        let request = statement(database, transaction, text, parameters);
        self.service("sql.query", &request, rows).await
    }

    async fn execute(
        &mut self,
        database: String,
        transaction: Option<i64>,
        text: String,
        parameters: Vec<sql::Value>,
    ) -> Answer<sql::Done> {
        let request = statement(database, transaction, text, parameters);
        self.service("sql.execute", &request, done).await
    }

    async fn prepare(
        &mut self,
        database: String,
        transaction: Option<i64>,
        text: String,
    ) -> Answer<()> {
        let request = request(vec![database.into(), number(transaction), text.into()]);
        self.service("sql.prepare", &request, |_| Ok(())).await
    }

    async fn begin(
        &mut self,
        database: String,
        isolation: sql::Isolation,
        read_only: bool,
    ) -> Answer<i64> {
        let options = vec![
            ("isolation".into(), word(isolation).into()),
            ("read_only".into(), read_only.into()),
        ];
        let request = request(vec![database.into(), Value::Map(options)]);
        let read = |answer: &[u8]| integer(answer).ok_or_else(misread);
        self.service("sql.begin", &request, read).await
    }

    async fn commit(&mut self, database: String, transaction: i64) -> Answer<()> {
        let request = request(vec![database.into(), transaction.into()]);
        self.service("sql.commit", &request, |_| Ok(())).await
    }

    async fn rollback(&mut self, database: String, transaction: i64) -> Answer<()> {
        let request = request(vec![database.into(), transaction.into()]);
        self.service("sql.rollback", &request, |_| Ok(())).await
    }

    async fn savepoint(&mut self, database: String, transaction: i64, name: String) -> Answer<()> {
        let request = request(vec![database.into(), transaction.into(), name.into()]);
        self.service("sql.savepoint", &request, |_| Ok(())).await
    }

    async fn rollback_to(
        &mut self,
        database: String,
        transaction: i64,
        name: String,
    ) -> Answer<()> {
        let request = request(vec![database.into(), transaction.into(), name.into()]);
        self.service("sql.rollback_to", &request, |_| Ok(())).await
    }

    async fn release(&mut self, database: String, transaction: i64, name: String) -> Answer<()> {
        let request = request(vec![database.into(), transaction.into(), name.into()]);
        self.service("sql.release", &request, |_| Ok(())).await
    }
}

/// Returns the number of a transaction, or nil for none.
fn number(transaction: Option<i64>) -> Value {
    transaction.map_or(Value::Nil, Value::from)
}

/// Encodes the arguments of `sql.query` and `sql.execute`. A letter for each parameter tells
/// bytes, which may be UTF-8, from texts.
fn statement(
    database: String,
    transaction: Option<i64>,
    text: String,
    parameters: Vec<sql::Value>,
) -> Arc<[u8]> {
    let kind = |parameter: &sql::Value| match parameter {
        sql::Value::Blob(_) => 'b',
        _ => '-',
    };
    let kinds: String = parameters.iter().map(kind).collect();
    let parameters = parameters.into_iter().map(|parameter| match parameter {
        sql::Value::Null => Value::Nil,
        sql::Value::Boolean(value) => value.into(),
        sql::Value::Integer(value) => value.into(),
        sql::Value::Real(value) => value.into(),
        sql::Value::Text(text) => text.into(),
        sql::Value::Blob(bytes) => Value::Binary(bytes),
    });
    request(vec![
        database.into(),
        number(transaction),
        text.into(),
        Value::Array(parameters.collect()),
        kinds.into(),
    ])
}

fn word(isolation: sql::Isolation) -> &'static str {
    match isolation {
        sql::Isolation::Default => "default",
        sql::Isolation::ReadUncommitted => "read_uncommitted",
        sql::Isolation::ReadCommitted => "read_committed",
        sql::Isolation::RepeatableRead => "repeatable_read",
        sql::Isolation::Serializable => "serializable",
    }
}

/// Reads the answer of `sql.open`.
fn dialect(answer: &[u8]) -> Result<sql::Dialect, Error> {
    match field(answer, "type").and_then(reader::text) {
        Some("sqlite") => Ok(sql::Dialect::Sqlite),
        Some("postgres") => Ok(sql::Dialect::Postgres),
        _ => Err(misread()),
    }
}

/// Reads the answer of `sql.query`.
fn rows(answer: &[u8]) -> Result<Vec<Vec<sql::Field>>, Error> {
    let mut left = MAX_FIELDS;
    let mut count = || {
        left = left.checked_sub(1).ok_or_else(too_many)?;
        Ok::<_, Error>(())
    };
    let mut rows = Vec::new();
    for row in reader::elements(answer).ok_or_else(misread)? {
        count()?;
        let mut fields = Vec::new();
        for (name, value) in reader::entries(row).ok_or_else(misread)? {
            count()?;
            fields.push(sql::Field {
                column: reader::text(name).ok_or_else(misread)?.to_owned(),
                value: value_of(value).ok_or_else(misread)?,
            });
        }
        rows.push(fields);
    }
    Ok(rows)
}

fn too_many() -> Error {
    let message =
        format!("the query has more than max_fields = {MAX_FIELDS} rows and fields: use LIMIT");
    Error::at_limit(Kind::Invalid, "max_fields", MAX_FIELDS as u64, message)
}

/// Reads the value of a field.
fn value_of(value: &[u8]) -> Option<sql::Value> {
    if let Some(bytes) = reader::string(value) {
        return Some(match str::from_utf8(bytes) {
            Ok(text) => sql::Value::Text(text.to_owned()),
            Err(_) => sql::Value::Blob(bytes.to_vec()),
        });
    }
    Some(match codec::read(value).ok()? {
        Value::Nil => sql::Value::Null,
        Value::Boolean(value) => sql::Value::Boolean(value),
        Value::Integer(value) => sql::Value::Integer(value.as_i64()?),
        Value::F32(value) => sql::Value::Real(value.into()),
        Value::F64(value) => sql::Value::Real(value),
        _ => return None,
    })
}

/// Reads the answer of `sql.execute`.
fn done(answer: &[u8]) -> Result<sql::Done, Error> {
    let number = |key: &str| field(answer, key).and_then(integer);
    let rows = number("rows_affected").and_then(|rows| u64::try_from(rows).ok());
    Ok(sql::Done {
        rows_affected: rows.ok_or_else(misread)?,
        last_insert_id: number("last_insert_id"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rows: Vec<Value>) -> Arc<[u8]> {
        codec::encode(&Value::Array(rows))
    }

    #[test]
    fn rows_have_values_of_all_types() {
        let row = vec![
            ("a".into(), 1.into()),
            ("b".into(), 0.5.into()),
            ("c".into(), true.into()),
            ("d".into(), "tea".into()),
            ("e".into(), Value::Binary(vec![0xff])),
        ];
        let rows = rows(&answer(vec![Value::Map(row), Value::Map(Vec::new())])).unwrap();
        let shown: Vec<_> = rows.iter().map(|row| format!("{row:?}")).collect();
        let values = [
            "Integer(1)",
            "Real(0.5)",
            "Boolean(true)",
            "Text(\"tea\")",
            "Blob([255])",
        ];
        for value in values {
            assert!(shown[0].contains(value), "{value}: {shown:?}");
        }
        assert_eq!(rows[0].len(), values.len());
        assert_eq!(rows[1].len(), 0);
    }

    #[test]
    fn rows_and_fields_have_a_limit() {
        let row = || Value::Map(vec![("a".into(), 1.into())]);
        let of = |count: usize| rows(&answer(vec![row(); count]));
        assert_eq!(
            of(MAX_FIELDS / 2).map(|rows| rows.len()).ok(),
            Some(MAX_FIELDS / 2)
        );
        let error = of(MAX_FIELDS / 2 + 1).expect_err("it is too many");
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        assert!(error.message.contains("max_fields = 250000"), "{error}");
    }

    #[test]
    fn another_answer_is_an_error() {
        for other in [Value::Nil, Value::Map(vec![("a".into(), 1.into())])] {
            let error = rows(&codec::encode(&other)).expect_err("it is no list");
            assert_eq!(error.kind, Kind::Internal, "{error}");
        }
        let nested = Value::Map(vec![("a".into(), Value::Array(Vec::new()))]);
        assert!(rows(&answer(vec![nested])).is_err());
        assert!(done(&answer(Vec::new())).is_err());
    }
}
