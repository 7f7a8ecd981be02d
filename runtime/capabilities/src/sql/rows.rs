//! The rows of a query, encoded as they come.

use warren_engine::capability::{Answer, Charge};
use warren_kernel::Error;
use warren_values::msgpack::{Full, Open, Output};

use crate::limit::beyond;

/// The most bytes of the rows of one query, encoded.
pub(crate) const MAX_RESULT: usize = 16 << 20;

/// Bytes that are charged together, so that a small row costs no charge of its own.
const CHARGED_TOGETHER: usize = 64 << 10;

/// The rows of one query, as a list of maps.
pub(super) struct Rows {
    output: Output,
    list: Open,
    count: u32,
    most: usize,
    charge: Charge,
    /// Bytes that are charged and not yet there.
    credit: usize,
}

/// The columns of a query. Of two with one name the later counts.
pub(super) struct Columns(Vec<Option<Box<[u8]>>>);

/// The reason why a value cannot be written.
pub(super) enum Unwritten {
    /// There is no room for it.
    Full(Full),
    /// It has no form here.
    Error(Error),
}

impl From<Full> for Unwritten {
    fn from(full: Full) -> Unwritten {
        Unwritten::Full(full)
    }
}

impl From<Error> for Unwritten {
    fn from(error: Error) -> Unwritten {
        Unwritten::Error(error)
    }
}

impl Columns {
    /// Encodes the names.
    ///
    /// # Errors
    ///
    /// `Internal` if there is no memory for them.
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Result<Columns, Error> {
        let names: Vec<&str> = names.collect();
        let encoded = |(place, name): (usize, &&str)| -> Result<Option<Box<[u8]>>, Full> {
            if names[place + 1..].contains(name) {
                return Ok(None);
            }
            let mut output = Output::new();
            output.lift_limit();
            output.string(name.as_bytes())?;
            Ok(Some(output.as_slice().into()))
        };
        let columns: Result<_, Full> = names.iter().enumerate().map(encoded).collect();
        columns.map(Columns).map_err(|_| no_memory())
    }

    /// Returns the places of the columns, each with its encoded name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let columns = self.0.iter().enumerate();
        columns.filter_map(|(place, name)| Some((place, name.as_deref()?)))
    }

    /// Returns the bytes of all names.
    fn bytes(&self) -> usize {
        self.iter().map(|(_, name)| name.len()).sum()
    }
}

impl Rows {
    /// Begins a list of at most `most` rows.
    ///
    /// # Errors
    ///
    /// `Internal` if there is no memory.
    pub(super) fn new(most: usize, charge: Charge) -> Result<Rows, Error> {
        let mut output = Output::new();
        output.limit_to(MAX_RESULT);
        let list = output.open().map_err(|_| no_memory())?;
        Ok(Rows {
            output,
            list,
            count: 0,
            most,
            charge,
            credit: 0,
        })
    }

    /// Adds a row whose values have about so many bytes. `write` is called for each column,
    /// and returns false for NULL, of which nothing is written.
    ///
    /// # Errors
    ///
    /// `Invalid` for more rows or bytes than a query returns, `RateLimited` beyond the memory
    /// of the process, and those of `write`.
    pub(super) fn add(
        &mut self,
        columns: &Columns,
        bytes: usize,
        mut write: impl FnMut(usize, &mut Output) -> Result<bool, Unwritten>,
    ) -> Result<(), Error> {
        let most = self.most;
        if usize::try_from(self.count).unwrap_or(usize::MAX) >= most {
            let message = format!("the query has more than max_rows = {most} rows: use LIMIT");
            return Err(beyond("max_rows", most, message));
        }
        self.charge(bytes.saturating_add(columns.bytes()))?;
        self.write(columns, &mut write)
            .map_err(|unwritten| match unwritten {
                Unwritten::Error(error) => error,
                Unwritten::Full(Full::Memory) => no_memory(),
                Unwritten::Full(Full::Limit) => {
                    let message = format!(
                        "the rows of the query have more than max_result = {MAX_RESULT} bytes"
                    );
                    beyond("max_result", MAX_RESULT, message)
                }
            })
    }

    fn write(
        &mut self,
        columns: &Columns,
        write: &mut impl FnMut(usize, &mut Output) -> Result<bool, Unwritten>,
    ) -> Result<(), Unwritten> {
        let row = self.output.open()?;
        let mut fields = 0;
        for (place, name) in columns.iter() {
            let before = self.output.as_slice().len();
            self.output.raw(name)?;
            match write(place, &mut self.output)? {
                true => fields += 1,
                false => self.output.truncate(before),
            }
        }
        self.output.finish_map(row, fields)?;
        self.count += 1;
        Ok(())
    }

    /// Charges bytes before they are there.
    fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        if self.credit < bytes {
            let more = (bytes - self.credit).max(CHARGED_TOGETHER);
            self.charge.grow(more)?;
            self.credit = self.credit.saturating_add(more);
        }
        self.credit -= bytes;
        Ok(())
    }

    /// Ends the list.
    ///
    /// # Errors
    ///
    /// `Internal` if there is no memory.
    pub(super) fn finish(self) -> Answer {
        let Rows {
            mut output,
            list,
            count,
            ..
        } = self;
        // The header of the list may take the last bytes.
        output.lift_limit();
        output.finish_array(list, count).map_err(|_| no_memory())?;
        Ok(output.as_slice().to_vec())
    }
}

fn no_memory() -> Error {
    Error::internal("no memory for the rows of the query")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use warren_values::Value;

    use super::*;

    fn numbers(rows: &mut Rows, columns: &Columns, n: i64) -> Result<(), Error> {
        rows.add(columns, 8, |place, output| {
            if place == 2 {
                return Ok(false);
            }
            output.integer(n + place as i64)?;
            Ok(true)
        })
    }

    #[test]
    fn rows_are_maps_without_nulls_and_a_name_counts_once() {
        let columns = Columns::new(["a", "b", "c", "a"].into_iter()).unwrap();
        let mut rows = Rows::new(2, Charge::new(|_| Ok(()))).unwrap();
        numbers(&mut rows, &columns, 10).unwrap();
        numbers(&mut rows, &columns, 20).unwrap();
        let error = numbers(&mut rows, &columns, 30).unwrap_err();
        assert!(error.message.contains("max_rows = 2"), "{error}");
        let read: Value = warren_values::from_value(&rows.finish().unwrap()).unwrap();
        let row = |a: i64, b: i64| {
            Value::Map(vec![
                (Value::from("b"), Value::Integer(b)),
                (Value::from("a"), Value::Integer(a)),
            ])
        };
        assert_eq!(read, Value::Array(vec![row(13, 11), row(23, 21)]));
    }

    #[test]
    fn a_row_is_charged_before_it_is_there() {
        let columns = Columns::new(["a"].into_iter()).unwrap();
        let charged = Arc::new(AtomicUsize::new(0));
        let charge = {
            let charged = Arc::clone(&charged);
            Charge::new(move |bytes| {
                charged.fetch_add(bytes, Ordering::SeqCst);
                Ok(())
            })
        };
        let mut rows = Rows::new(usize::MAX, charge).unwrap();
        for _ in 0..1_000 {
            let value = [7; 1_000];
            rows.add(&columns, value.len(), |_, output| {
                output.string(&value)?;
                Ok(true)
            })
            .unwrap();
        }
        let bytes = rows.finish().unwrap().len();
        let charged = charged.load(Ordering::SeqCst);
        assert!((bytes - 8_000..bytes + CHARGED_TOGETHER).contains(&charged));

        let refusing = Charge::new(|_| Err(Error::internal("no memory")));
        let mut rows = Rows::new(1, refusing).unwrap();
        let added = rows.add(&columns, 1, |_, _| panic!("it is not charged"));
        assert_eq!(added.unwrap_err().message, "no memory");
    }

    #[test]
    fn rows_beyond_the_limit_of_bytes_are_refused() {
        let columns = Columns::new(["a"].into_iter()).unwrap();
        let mut rows = Rows::new(usize::MAX, Charge::new(|_| Ok(()))).unwrap();
        let value = vec![7; MAX_RESULT / 2];
        let mut add = || {
            rows.add(&columns, value.len(), |_, output| {
                output.string(&value)?;
                Ok(true)
            })
        };
        add().unwrap();
        let error = add().unwrap_err();
        assert!(error.message.contains("max_result"), "{error}");
    }
}
