//! `wasi:keyvalue` 0.2.0-draft2.

use wasmtime::component::{HasSelf, Linker, Resource};

use super::bucket::Bucket;
use super::{Failure, or_fail};
use crate::guest::Guest;

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        dead_code,
        clippy::all,
        reason = "generated"
    )]

    wasmtime::component::bindgen!({
        path: "wasi/keyvalue-draft2.wit",
        world: "warren:wasi-keyvalue/host",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": super::super::bucket::Bucket,
            "wasi:keyvalue/atomics.cas": super::Cas,
        },
    });
}

use bindings::wasi::keyvalue::{atomics, batch, store};

/// A value that is to be swapped.
#[allow(
    unreachable_pub,
    reason = "the generated bindings export the type again"
)]
pub struct Cas {
    /// The id of the store.
    bucket: String,
    key: String,
    /// The version that was read; absent for a key without a value.
    version: Option<String>,
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    store::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    atomics::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    batch::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;

impl From<Failure> for store::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoSuchStore => store::Error::NoSuchStore,
            Failure::AccessDenied => store::Error::AccessDenied,
            Failure::Other(message) => store::Error::Other(message),
        }
    }
}

fn answer<T>(result: Result<T, Failure>) -> Answer<T> {
    Ok(result.map_err(store::Error::from))
}

impl store::Host for Guest {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        answer(self.open_bucket(identifier).await?)
    }
}

impl store::HostBucket for Guest {
    async fn get(&mut self, this: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        answer(self.bucket_get(&this, &key).await?)
    }

    async fn set(&mut self, this: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        answer(self.bucket_set(&this, key, value).await?)
    }

    async fn delete(&mut self, this: Resource<Bucket>, key: String) -> Answer<()> {
        answer(self.bucket_delete(&this, key).await?)
    }

    async fn exists(&mut self, this: Resource<Bucket>, key: String) -> Answer<bool> {
        answer(self.bucket_has(&this, key).await?)
    }

    async fn list_keys(
        &mut self,
        this: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Answer<store::KeyResponse> {
        let listed = or_fail!(self.bucket_keys(&this, cursor).await?);
        Ok(Ok(store::KeyResponse {
            keys: listed.keys,
            cursor: listed.cursor,
        }))
    }

    async fn drop(&mut self, this: Resource<Bucket>) -> wasmtime::Result<()> {
        self.drop_bucket(this)
    }
}

impl Guest {
    fn cas(&mut self, cas: &Resource<Cas>) -> wasmtime::Result<&mut Cas> {
        Ok(self.component().table.get_mut(cas)?)
    }
}

impl atomics::HostCas for Guest {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        let bucket = self.bucket(&bucket)?.id().to_owned();
        let entry = or_fail!(self.bucket_entry(&bucket, &key).await?);
        let cas = Cas {
            bucket,
            key,
            version: entry.map(|entry| entry.version),
        };
        Ok(Ok(self.component().table.push(cas)?))
    }

    async fn current(&mut self, this: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        let Cas { bucket, key, .. } = self.cas(&this)?;
        let (bucket, key) = (bucket.clone(), key.clone());
        let entry = or_fail!(self.bucket_entry(&bucket, &key).await?);
        let (value, version) = match entry {
            Some(entry) => (Some(entry.value), Some(entry.version)),
            None => (None, None),
        };
        // The value that the component has seen is the one that a swap replaces.
        self.cas(&this)?.version = version;
        Ok(Ok(value))
    }

    async fn drop(&mut self, this: Resource<Cas>) -> wasmtime::Result<()> {
        self.component().table.delete(this)?;
        Ok(())
    }
}

impl atomics::Host for Guest {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> Answer<i64> {
        answer(self.bucket_add(&bucket, key, delta).await?)
    }

    async fn swap(
        &mut self,
        cas: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let cas = self.component().table.delete(cas)?;
        let version = cas.version.as_deref();
        let swapped = self.bucket_swap(&cas.bucket, &cas.key, version, value);
        let failed = match swapped.await? {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => None,
            Err(failure) => Some(failure),
        };
        let failed = match failed {
            Some(failure) => failure,
            None => match self.bucket_entry(&cas.bucket, &cas.key).await? {
                Err(failure) => failure,
                Ok(entry) => {
                    let version = entry.map(|entry| entry.version);
                    let cas = self.component().table.push(Cas { version, ..cas })?;
                    return Ok(Err(atomics::CasError::CasFailed(cas)));
                }
            },
        };
        Ok(Err(atomics::CasError::StoreError(failed.into())))
    }
}

impl batch::Host for Guest {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        answer(self.bucket_get_many(&bucket, keys).await?)
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        values: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        answer(self.bucket_set_many(&bucket, values).await?)
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        answer(self.bucket_delete_many(&bucket, keys).await?)
    }
}
