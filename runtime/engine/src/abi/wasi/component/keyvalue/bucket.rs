//! The operations on a store, as both versions have them.

use rmpv::Value;
use warren_kernel::{Error, Kind};
use wasmtime::component::Resource;

use super::{Answer, Failure, MAX_BATCH, MAX_BATCH_BYTES, or_fail};
use crate::codec;
use crate::codec::reader::{self, field};
use crate::guest::Guest;

/// Keys of one answer of `list-keys`.
const KEYS: usize = 1_000;

/// An open store.
#[allow(
    unreachable_pub,
    reason = "the generated bindings export the type again"
)]
pub struct Bucket {
    /// The full id.
    id: String,
    /// The number of the last cursor that was given as a number, and its key.
    pub(super) cursor: (u64, String),
}

/// Keys of a store.
pub(super) struct Keys {
    pub(super) keys: Vec<String>,
    /// The key after which further ones come.
    pub(super) cursor: Option<String>,
}

/// A value with its version.
pub(super) struct Versioned {
    pub(super) value: Vec<u8>,
    pub(super) version: String,
}

impl Guest {
    pub(super) fn bucket(&mut self, bucket: &Resource<Bucket>) -> wasmtime::Result<&mut Bucket> {
        Ok(self.component().table.get_mut(bucket)?)
    }

    fn bucket_id(&mut self, bucket: &Resource<Bucket>) -> wasmtime::Result<Value> {
        Ok(self.bucket(bucket)?.id.as_str().into())
    }

    async fn store(
        &mut self,
        operation: &str,
        arguments: Vec<Value>,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let request = codec::encode(&Value::Array(arguments));
        self.call_and_wait(operation, &request).await
    }

    pub(super) async fn open_bucket(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        let opened = self.store("store.open", vec![identifier.into()]).await?;
        let id = match opened {
            Ok(id) => id,
            Err(error) if error.kind == Kind::NotFound => return Ok(Err(Failure::NoSuchStore)),
            Err(error) => return Ok(Err(error.into())),
        };
        let id = reader::text(&id).unwrap_or_default().to_owned();
        let cursor = Default::default();
        let bucket = self.component().table.push(Bucket { id, cursor })?;
        Ok(Ok(bucket))
    }

    pub(super) fn drop_bucket(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.component().table.delete(bucket)?;
        Ok(())
    }

    pub(super) async fn bucket_get(
        &mut self,
        bucket: &Resource<Bucket>,
        key: &str,
    ) -> Answer<Option<Vec<u8>>> {
        let id = self.bucket_id(bucket)?;
        Ok(match self.store("store.get", vec![id, key.into()]).await? {
            Ok(value) => bytes(&value).map(Some),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        })
    }

    pub(super) async fn bucket_set(
        &mut self,
        bucket: &Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> Answer<()> {
        let id = self.bucket_id(bucket)?;
        let arguments = vec![id, key.into(), Value::Binary(value)];
        or_fail!(self.store("store.set", arguments).await?);
        Ok(Ok(()))
    }

    pub(super) async fn bucket_delete(
        &mut self,
        bucket: &Resource<Bucket>,
        key: String,
    ) -> Answer<()> {
        let id = self.bucket_id(bucket)?;
        or_fail!(self.store("store.delete", vec![id, key.into()]).await?);
        Ok(Ok(()))
    }

    pub(super) async fn bucket_has(
        &mut self,
        bucket: &Resource<Bucket>,
        key: String,
    ) -> Answer<bool> {
        let id = self.bucket_id(bucket)?;
        let has = or_fail!(self.store("store.has", vec![id, key.into()]).await?);
        Ok(Ok(reader::boolean(&has).unwrap_or_default()))
    }

    pub(super) async fn bucket_keys(
        &mut self,
        bucket: &Resource<Bucket>,
        after: Option<String>,
    ) -> Answer<Keys> {
        let id = self.bucket_id(bucket)?;
        let mut options = vec![("limit".into(), KEYS.into())];
        if let Some(after) = after {
            options.push(("after".into(), after.into()));
        }
        let listed = self.store("store.list", vec![id, Value::Map(options)]);
        let listed = or_fail!(listed.await?);
        let items = field(&listed, "items").and_then(reader::elements);
        let keys = items.into_iter().flatten();
        let keys = keys.filter_map(|item| Some(reader::text(field(item, "key")?)?.to_owned()));
        let cursor = field(&listed, "cursor").and_then(reader::text);
        Ok(Ok(Keys {
            keys: keys.collect(),
            cursor: cursor.map(str::to_owned),
        }))
    }

    /// Adds to a number, and returns the sum.
    pub(super) async fn bucket_add(
        &mut self,
        bucket: &Resource<Bucket>,
        key: String,
        by: i64,
    ) -> Answer<i64> {
        let id = self.bucket_id(bucket)?;
        let sum = self.store("store.incr", vec![id, key.into(), by.into()]);
        let sum = or_fail!(sum.await?);
        let sum = codec::read(&sum).ok().and_then(|sum| sum.as_i64());
        Ok(sum.ok_or_else(|| Failure::Other("the sum is no integer".to_owned())))
    }

    /// Reads a value with its version.
    pub(super) async fn bucket_entry(
        &mut self,
        bucket: &str,
        key: &str,
    ) -> Answer<Option<Versioned>> {
        let entry = self.store("store.entry", vec![bucket.into(), key.into()]);
        let entry = match entry.await? {
            Ok(entry) => entry,
            Err(error) if error.kind == Kind::NotFound => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error.into())),
        };
        let version = field(&entry, "version").and_then(reader::text);
        let value = or_fail!(bytes(field(&entry, "value").unwrap_or_default()));
        Ok(Ok(Some(Versioned {
            value,
            version: version.unwrap_or_default().to_owned(),
        })))
    }

    /// Sets a value if the entry still has this version, or is still absent. Returns false if
    /// it has changed.
    pub(super) async fn bucket_swap(
        &mut self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        value: Vec<u8>,
    ) -> Answer<bool> {
        let condition = match version {
            Some(version) => ("if_version".into(), version.into()),
            None => ("only_if_absent".into(), true.into()),
        };
        let arguments = vec![
            bucket.into(),
            key.into(),
            Value::Binary(value),
            Value::Map(vec![condition]),
        ];
        Ok(match self.store("store.put", arguments).await? {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, Kind::Conflict | Kind::AlreadyExists) => Ok(false),
            Err(error) => Err(error.into()),
        })
    }

    /// Reads many keys, in their order.
    pub(super) async fn bucket_get_many(
        &mut self,
        bucket: &Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        or_fail!(check_batch(keys.len()));
        let mut found = Vec::with_capacity(keys.len());
        let mut read = 0;
        for key in keys {
            let value = or_fail!(self.bucket_get(bucket, &key).await?);
            read += value.as_ref().map_or(0, Vec::len);
            if read > MAX_BATCH_BYTES {
                let message = format!("the values take more than {MAX_BATCH_BYTES} bytes");
                return Ok(Err(Failure::Other(message)));
            }
            found.push((key, value));
        }
        Ok(Ok(found))
    }

    pub(super) async fn bucket_set_many(
        &mut self,
        bucket: &Resource<Bucket>,
        values: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        or_fail!(check_batch(values.len()));
        for (key, value) in values {
            or_fail!(self.bucket_set(bucket, key, value).await?);
        }
        Ok(Ok(()))
    }

    pub(super) async fn bucket_delete_many(
        &mut self,
        bucket: &Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<()> {
        or_fail!(check_batch(keys.len()));
        for key in keys {
            or_fail!(self.bucket_delete(bucket, key).await?);
        }
        Ok(Ok(()))
    }
}

impl Bucket {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

fn check_batch(keys: usize) -> Result<(), Failure> {
    if keys <= MAX_BATCH {
        return Ok(());
    }
    let message = format!("a batch has at most {MAX_BATCH} keys, not {keys}");
    Err(Failure::Other(message))
}

/// Returns the bytes that a component sees for an encoded value.
fn bytes(value: &[u8]) -> Result<Vec<u8>, Failure> {
    if let Some(bytes) = reader::string(value) {
        return Ok(bytes.to_vec());
    }
    match codec::read(value) {
        Ok(Value::Integer(number)) => Ok(number.to_string().into_bytes()),
        _ => Err(Failure::Other(
            "the value is neither bytes nor an integer: a program has set it by another interface"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bytes_or_digits() {
        let encoded = |value: Value| codec::encode(&value);
        let of = |value: Value| bytes(&encoded(value)).ok();
        assert_eq!(of(Value::Binary(vec![0, 0xff])), Some(vec![0, 0xff]));
        assert_eq!(of("text".into()), Some(b"text".to_vec()));
        assert_eq!(of((-12).into()), Some(b"-12".to_vec()));
        assert_eq!(of(Value::Nil), None);
        assert_eq!(of(Value::Array(Vec::new())), None);
    }
}
