//! `wasi:keyvalue` 0.2.0-draft.

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
        path: "wasi/keyvalue-draft.wit",
        world: "warren:wasi-keyvalue/host",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": super::super::bucket::Bucket,
        },
    });
}

use bindings::wasi::keyvalue::{atomics, batch, store};

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
        cursor: Option<u64>,
    ) -> Answer<store::KeyResponse> {
        let (number, key) = self.bucket(&this)?.cursor.clone();
        let after = match cursor {
            None => None,
            Some(cursor) if cursor == number => Some(key),
            Some(_) => {
                let message = "the cursor is not that of the last answer of list-keys".to_owned();
                return Ok(Err(store::Error::Other(message)));
            }
        };
        let listed = or_fail!(self.bucket_keys(&this, after).await?);
        let cursor = match listed.cursor {
            None => None,
            Some(key) => {
                // Numbers are from 1: 0 is that of a bucket without a cursor.
                let next = number.wrapping_add(1).max(1);
                self.bucket(&this)?.cursor = (next, key);
                Some(next)
            }
        };
        Ok(Ok(store::KeyResponse {
            keys: listed.keys,
            cursor,
        }))
    }

    async fn drop(&mut self, this: Resource<Bucket>) -> wasmtime::Result<()> {
        self.drop_bucket(this)
    }
}

impl atomics::Host for Guest {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: u64,
    ) -> Answer<u64> {
        let Ok(by) = i64::try_from(delta) else {
            let message = "the delta is larger than a signed integer of 64 bits".to_owned();
            return Ok(Err(store::Error::Other(message)));
        };
        let sum = or_fail!(self.bucket_add(&bucket, key, by).await?);
        let sum = u64::try_from(sum);
        answer(sum.map_err(|_| Failure::Other("the sum is negative".to_owned())))
    }
}

impl batch::Host for Guest {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let found = or_fail!(self.bucket_get_many(&bucket, keys).await?);
        let pair = |(key, value): (String, Option<Vec<u8>>)| value.map(|value| (key, value));
        Ok(Ok(found.into_iter().map(pair).collect()))
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
