//! `clock`, `random`, `stdio` and `logger`.

use tokio::task;

use super::bindings::warren::process as wit;
use super::{Answer, answer};
use crate::abi::flat::{self, BURST};
use crate::guest::Guest;
use crate::log::{Level, MAX_LOGGED};
use crate::output::{PIECE, Stream};

impl wit::clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<i64> {
        Ok(self.shared.now().wall.0)
    }

    fn monotonic(&mut self) -> wasmtime::Result<u64> {
        Ok(self.shared.now().monotonic.0)
    }
}

impl wit::random::Host for Guest {
    fn bytes(&mut self, len: u32) -> wasmtime::Result<Vec<u8>> {
        let mut bytes = vec![0; flat::random_length(len)?];
        self.shared.fill_with_random_bytes(&mut bytes)?;
        Ok(bytes)
    }
}

impl From<wit::stdio::Stream> for Stream {
    fn from(stream: wit::stdio::Stream) -> Self {
        match stream {
            wit::stdio::Stream::Stdout => Stream::Stdout,
            wit::stdio::Stream::Stderr => Stream::Stderr,
        }
    }
}

impl wit::stdio::Host for Guest {
    async fn write(&mut self, stream: wit::stdio::Stream, bytes: Vec<u8>) -> wasmtime::Result<()> {
        for piece in bytes.chunks(PIECE) {
            if let Some(unsent) = Guest::write(self, stream.into(), piece) {
                self.write_slowly(stream.into(), unsent).await;
            } else if bytes.len() > BURST * PIECE {
                // Lets others run, however fast the output is read.
                task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn flush(&mut self, stream: wit::stdio::Stream) -> wasmtime::Result<()> {
        Guest::flush(self, stream.into()).await;
        Ok(())
    }

    async fn read(&mut self, max: u32) -> Answer<Vec<u8>> {
        let read = Guest::read(self, max as usize).await;
        answer(self, read)
    }
}

impl wit::logger::Host for Guest {
    async fn log(
        &mut self,
        level: wit::logger::Level,
        name: String,
        message: String,
        fields: Option<Vec<u8>>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            wit::logger::Level::Debug => Level::Debug,
            wit::logger::Level::Info => Level::Info,
            wit::logger::Level::Warn => Level::Warn,
            wit::logger::Level::Error => Level::Error,
        };
        let fields = fields.filter(|fields| fields.len() <= MAX_LOGGED);
        Guest::log(self, level, name, message, fields).await;
        Ok(())
    }
}
