//! `program`.

use super::bindings::warren::process as wit;
use super::{Answer, answer, named};
use crate::code::program::Chunk;
use crate::guest::{Guest, Unwind};

impl wit::program::Host for Guest {
    fn definition(&mut self) -> wasmtime::Result<String> {
        Ok(self.run.program.definition.id.to_string())
    }

    fn method(&mut self) -> wasmtime::Result<String> {
        Ok(self.run.program.definition.method.to_string())
    }

    fn arguments(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.run.arguments.to_vec())
    }

    fn code(&mut self) -> wasmtime::Result<wit::program::Chunk> {
        Ok(self.run.program.chunk.as_deref().map_or_else(
            || wit::program::Chunk {
                name: String::new(),
                code: Vec::new(),
            },
            wit::program::Chunk::from,
        ))
    }

    async fn module(&mut self, name: String) -> Answer<Option<wit::program::Chunk>> {
        if let Err(error) = named("name", &name) {
            return answer(self, Err(error));
        }
        let found = Guest::module(self, name).await;
        answer(
            self,
            found.map(|found| found.as_deref().map(wit::program::Chunk::from)),
        )
    }

    fn prepared(&mut self, code: Vec<u8>) -> wasmtime::Result<()> {
        Guest::prepared(self, &code);
        Ok(())
    }

    fn finish(&mut self, result: Option<Vec<u8>>) -> wasmtime::Result<()> {
        Guest::finish(self, result.as_deref());
        Ok(())
    }

    fn fail(&mut self, error: wit::types::Error) -> wasmtime::Result<()> {
        Guest::fail(self, error.into());
        Ok(())
    }

    fn exit(&mut self, status: i32) -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Unwind::Exit(status)))
    }
}

impl From<&Chunk> for wit::program::Chunk {
    fn from(chunk: &Chunk) -> Self {
        wit::program::Chunk {
            name: chunk.name.to_string(),
            code: chunk.code.to_vec(),
        }
    }
}
