//! The access that a statement needs.

use warren_kernel::Error;

use super::words::words;

/// The access to a database. The word of a right is that of its access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The database stays as it is.
    Read,
    /// The database may change.
    Write,
}

/// The language of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Access {
    /// Returns the action of policies.
    pub(super) fn action(self) -> &'static str {
        match self {
            Access::Read => "sql.read",
            Access::Write => "sql.write",
        }
    }

    /// Returns the access that a statement needs. A statement that needs to read alone is
    /// held to it by the database, so that a wrong guess changes nothing.
    ///
    /// # Errors
    ///
    /// `Invalid` for a statement that programs may not have: it begins or ends a transaction,
    /// or changes the connection, which other processes use after this one.
    pub(super) fn of(text: &str, dialect: Dialect) -> Result<Access, Error> {
        let nested = dialect == Dialect::Postgres;
        let mut words = words(text, nested);
        let Some(first) = words.next() else {
            return Err(Error::invalid("text has no statement"));
        };
        let is = |word: &&str| first.eq_ignore_ascii_case(word);
        if OF_TRANSACTIONS.iter().any(is) {
            let first = first.to_ascii_uppercase();
            return Err(Error::invalid(format!(
                "{first} is no statement of a program: db:begin() begins a transaction, and its \
                 methods end it"
            )));
        }
        let refused = match dialect {
            Dialect::Sqlite => REFUSED_BY_SQLITE,
            Dialect::Postgres => REFUSED_BY_POSTGRES,
        };
        if refused.iter().any(is) {
            let first = first.to_ascii_uppercase();
            return Err(Error::invalid(format!(
                "{first} is not available: the connection is shared, and reaches nothing but \
                 its database"
            )));
        }
        let reads = READS.iter().any(is) || first.eq_ignore_ascii_case("WITH") && !changes(words);
        Ok(match reads {
            true => Access::Read,
            false => Access::Write,
        })
    }
}

/// Statements that begin and end transactions.
const OF_TRANSACTIONS: &[&str] = &[
    "ABORT",
    "BEGIN",
    "COMMIT",
    "END",
    "RELEASE",
    "ROLLBACK",
    "SAVEPOINT",
    "START",
];

/// Statements that reach other files, or change the connection.
const REFUSED_BY_SQLITE: &[&str] = &["ATTACH", "DETACH", "PRAGMA", "VACUUM"];

/// Statements that reach files of the server, or change the connection. A statement of
/// another kind cannot end the transaction that it runs in.
const REFUSED_BY_POSTGRES: &[&str] = &[
    "COPY",
    "DEALLOCATE",
    "DISCARD",
    "EXECUTE",
    "LISTEN",
    "LOAD",
    "PREPARE",
    "RESET",
    "SET",
    "UNLISTEN",
];

/// Statements that only read.
const READS: &[&str] = &["EXPLAIN", "SELECT", "SHOW", "TABLE", "VALUES"];

/// Returns true if a statement that begins with WITH goes on with a change.
fn changes(words: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let mut after_replace = false;
    for word in words {
        let word = word.as_ref().to_ascii_uppercase();
        // A function has this name, too.
        let replaces = after_replace && word == "INTO";
        if replaces || matches!(&*word, "DELETE" | "INSERT" | "MERGE" | "UPDATE") {
            return true;
        }
        after_replace = word == "REPLACE";
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Dialect; 2] = [Dialect::Sqlite, Dialect::Postgres];

    #[test]
    fn statements_that_read_are_told_from_others() {
        for dialect in BOTH {
            for text in [
                "SELECT 1",
                " -- insert\n(select 1)",
                "values (1)",
                "EXPLAIN DELETE FROM t",
                "WITH a AS (SELECT replace(b, 'insert', 'x') FROM t) SELECT * FROM a",
            ] {
                assert_eq!(Access::of(text, dialect), Ok(Access::Read), "{text}");
            }
            for text in [
                "INSERT INTO t VALUES (1)",
                "create table t (a)",
                "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
                "with a as (select 1) replace into t select * from a",
                "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a",
                "gibberish",
                "1",
            ] {
                assert_eq!(Access::of(text, dialect), Ok(Access::Write), "{text}");
            }
        }
    }

    #[test]
    fn transactions_and_connections_are_left_alone() {
        for dialect in BOTH {
            for text in [
                "BEGIN",
                "commit",
                ";;COMMIT",
                "/* */ rollback to x",
                "savepoint a",
            ] {
                assert!(Access::of(text, dialect).is_err(), "{text}");
            }
        }
        for text in [
            "PRAGMA writable_schema = 1",
            "attach 'x' as y",
            "VACUUM INTO 'x'",
        ] {
            assert!(Access::of(text, Dialect::Sqlite).is_err(), "{text}");
        }
        for text in [
            "set default_transaction_read_only = off",
            "COPY t TO PROGRAM 'sh'",
            "/* /* */ SELECT */ COMMIT",
            "prepare transaction 'x'",
            // A carriage return ends a line to the server, and what follows is its statement.
            "--\r COPY (--\n SELECT 1) TO PROGRAM 'sh'",
        ] {
            assert!(Access::of(text, Dialect::Postgres).is_err(), "{text}");
        }
    }

    #[test]
    fn a_text_without_a_statement_is_refused() {
        for text in ["", "  ;", "-- nothing", "/* nothing */"] {
            let error = Access::of(text, Dialect::Sqlite).unwrap_err();
            assert_eq!(error.message, "text has no statement");
        }
    }
}
