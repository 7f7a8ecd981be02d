//! `fields`: headers and trailers.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use wasmtime::component::{Resource, ResourceTable};

use super::bindings::wasi::http::types::{self, HeaderError};
use super::counted::{Counted, is_of_connection};
use super::resources::Fields;
use crate::guest::Guest;

/// Reads a name that a component gives.
fn name(name: &str) -> Result<HeaderName, HeaderError> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::InvalidSyntax)?;
    match is_of_connection(&name) {
        true => Err(HeaderError::Forbidden),
        false => Ok(name),
    }
}

fn value(value: &[u8]) -> Result<HeaderValue, HeaderError> {
    HeaderValue::from_bytes(value).map_err(|_| HeaderError::InvalidSyntax)
}

impl Fields {
    /// Makes fields that the component may change.
    fn own(counted: Counted) -> Fields {
        Fields {
            counted: Arc::new(counted),
            is_fixed: false,
        }
    }

    /// Makes the view of the fields of a request or a response.
    pub(super) fn fixed(counted: &Arc<Counted>) -> Fields {
        Fields {
            counted: Arc::clone(counted),
            is_fixed: true,
        }
    }

    fn change(&mut self) -> Result<&mut Counted, HeaderError> {
        match Arc::get_mut(&mut self.counted) {
            Some(counted) if !self.is_fixed => Ok(counted),
            _ => Err(HeaderError::Immutable),
        }
    }
}

fn changed<'a>(
    table: &'a mut ResourceTable,
    fields: &Resource<Fields>,
) -> wasmtime::Result<Result<&'a mut Counted, HeaderError>> {
    Ok(table.get_mut(fields)?.change())
}

/// Returns from a function of the WIT with an error of its own.
macro_rules! or_refuse {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        }
    };
}

impl types::HostFields for Guest {
    fn new(&mut self) -> wasmtime::Result<Resource<Fields>> {
        let (table, http) = self.http();
        Ok(table.push(Fields::own(Counted::new(&http.headers)))?)
    }

    fn from_list(
        &mut self,
        entries: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<Resource<Fields>, HeaderError>> {
        let (table, http) = self.http();
        let mut fields = Counted::new(&http.headers);
        for (key, bytes) in entries {
            let key = or_refuse!(name(&key));
            let bytes = or_refuse!(value(&bytes));
            fields.append(key, bytes)?;
        }
        Ok(Ok(table.push(Fields::own(fields))?))
    }

    fn get(&mut self, this: Resource<Fields>, key: String) -> wasmtime::Result<Vec<Vec<u8>>> {
        let fields = self.http().0.get(&this)?;
        let Ok(key) = HeaderName::from_bytes(key.as_bytes()) else {
            return Ok(Vec::new());
        };
        let values = fields.counted.map().get_all(key);
        Ok(values
            .iter()
            .map(|value| value.as_bytes().to_vec())
            .collect())
    }

    fn has(&mut self, this: Resource<Fields>, key: String) -> wasmtime::Result<bool> {
        let fields = self.http().0.get(&this)?;
        let key = HeaderName::from_bytes(key.as_bytes());
        Ok(key.is_ok_and(|key| fields.counted.map().contains_key(key)))
    }

    fn set(
        &mut self,
        this: Resource<Fields>,
        key: String,
        values: Vec<Vec<u8>>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        let fields = or_refuse!(changed(self.http().0, &this)?);
        let key = or_refuse!(name(&key));
        let values: Result<Vec<_>, _> = values.iter().map(|bytes| value(bytes)).collect();
        let values = or_refuse!(values);
        fields.remove(&key);
        for value in values {
            fields.append(key.clone(), value)?;
        }
        Ok(Ok(()))
    }

    fn delete(
        &mut self,
        this: Resource<Fields>,
        key: String,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        let fields = or_refuse!(changed(self.http().0, &this)?);
        let key = or_refuse!(name(&key));
        fields.remove(&key);
        Ok(Ok(()))
    }

    fn append(
        &mut self,
        this: Resource<Fields>,
        key: String,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        let fields = or_refuse!(changed(self.http().0, &this)?);
        let key = or_refuse!(name(&key));
        let bytes = or_refuse!(value(&bytes));
        fields.append(key, bytes)?;
        Ok(Ok(()))
    }

    fn entries(&mut self, this: Resource<Fields>) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let fields = self.http().0.get(&this)?;
        let entries = fields.counted.map().iter();
        let entry = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        Ok(entries.map(entry).collect())
    }

    fn clone(&mut self, this: Resource<Fields>) -> wasmtime::Result<Resource<Fields>> {
        let table = self.http().0;
        let copy = table.get(&this)?.counted.copied()?;
        Ok(table.push(Fields::own(copy))?)
    }

    fn drop(&mut self, this: Resource<Fields>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_checked() {
        assert_eq!(name("X-A").unwrap().as_str(), "x-a");
        for wrong in ["", "a b", "a:b", "a\r\nb", "\u{e4}"] {
            assert!(
                matches!(name(wrong), Err(HeaderError::InvalidSyntax)),
                "{wrong:?}"
            );
        }
        for forbidden in [
            "Host",
            "connection",
            "Transfer-Encoding",
            "keep-alive",
            "Upgrade",
        ] {
            assert!(
                matches!(name(forbidden), Err(HeaderError::Forbidden)),
                "{forbidden}"
            );
        }
        assert!(value(b"a\tb \xe4").is_ok());
        for wrong in [&b"a\r\nb: c"[..], b"\0", b"a\nb"] {
            assert!(matches!(value(wrong), Err(HeaderError::InvalidSyntax)));
        }
    }
}
