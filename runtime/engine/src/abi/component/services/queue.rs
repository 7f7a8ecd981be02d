//! `queue`.

use warren_kernel::Error;

use super::bindings::warren::process::queue;
use super::{integer, misread, request};
use crate::abi::component::{Answer, answer};
use crate::codec::reader::{self, field};
use crate::codec::{self, NO_VALUES};
use crate::guest::Guest;
use crate::guest::capability::REQUEST;

impl queue::Host for Guest {
    async fn publish(
        &mut self,
        queue: String,
        value: Vec<u8>,
        headers: Vec<queue::Header>,
        delay: u64,
    ) -> Answer<()> {
        let request = match published(&queue, &value, &headers, delay) {
            Ok(request) => request,
            Err(error) => return answer(self, Err(error)),
        };
        self.service("queue.publish", &request, |_| Ok(())).await
    }

    async fn numbers_of(&mut self, queue: String) -> Answer<queue::Numbers> {
        let request = request(vec![queue.into()]);
        self.service("queue.info", &request, numbers).await
    }

    async fn message(&mut self) -> Answer<queue::Delivery> {
        self.service("queue.message", NO_VALUES, delivery).await
    }

    async fn ack(&mut self) -> Answer<()> {
        self.service("queue.ack", NO_VALUES, |_| Ok(())).await
    }

    async fn nack(&mut self) -> Answer<()> {
        self.service("queue.nack", NO_VALUES, |_| Ok(())).await
    }
}

/// Encodes the arguments of `queue.publish`. The values of the component are encoded already; the
/// operation refuses a request that they make no array of four values.
///
/// # Errors
///
/// `Invalid` for too many bytes.
fn published(
    queue: &str,
    value: &[u8],
    headers: &[queue::Header],
    delay: u64,
) -> Result<Vec<u8>, Error> {
    /// The head of an array of four values.
    const ARGUMENTS: &[u8] = &[0x94];
    let of_headers = headers
        .iter()
        .map(|header| header.name.len() + header.value.len());
    REQUEST.check("request", of_headers.sum::<usize>() + value.len())?;
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|header| (header.name.as_str(), header.value.as_slice()))
        .collect();
    let delay = i64::try_from(delay).unwrap_or(i64::MAX);
    Ok([
        ARGUMENTS,
        &codec::text(queue)[..],
        value,
        &codec::pairs(&headers)[..],
        &codec::encode(&delay.into())[..],
    ]
    .concat())
}

/// Reads the answer of `queue.info`.
fn numbers(answer: &[u8]) -> Result<queue::Numbers, Error> {
    Ok(queue::Numbers {
        messages: number(answer, "message_count")?,
        ready: number(answer, "ready")?,
        consumers: number(answer, "consumer_count")?,
    })
}

/// Reads the answer of `queue.message`.
fn delivery(answer: &[u8]) -> Result<queue::Delivery, Error> {
    let id = field(answer, "id").and_then(reader::text);
    let headers = field(answer, "headers").and_then(reader::entries);
    let headers = headers.ok_or_else(misread)?.map(|(name, value)| {
        Ok::<_, Error>(queue::Header {
            name: reader::text(name).ok_or_else(misread)?.to_owned(),
            value: value.to_vec(),
        })
    });
    Ok(queue::Delivery {
        id: id.ok_or_else(misread)?.to_owned(),
        headers: headers.collect::<Result<_, Error>>()?,
        attempt: number(answer, "attempt")?,
    })
}

/// Reads a number of a map.
fn number(map: &[u8], key: &str) -> Result<u64, Error> {
    let number = field(map, key).and_then(integer);
    let number = number.and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(misread)
}
