//! Runs a guest for the runtime itself, in an instance beside those of the processes.

use std::pin::pin;
use std::sync::Arc;

use warren_kernel::Host;

use crate::code::artifact::Artifact;
use crate::code::definition::{Code, Definition, Grants};
use crate::code::program::{Chunk, Program};
use crate::guest::control::Control;
use crate::guest::{Guest, Purpose, Run, Slot, Surroundings};
use crate::node::drive::{Drive, Driven};
use crate::node::instance;
use crate::security::Rights;

/// The code that runs: an artifact, and the export that is called.
pub(super) struct Call {
    pub(super) name: Arc<str>,
    pub(super) code: Code,
    pub(super) export: &'static str,
    pub(super) artifact: Arc<Artifact>,
    pub(super) chunk: Option<Arc<Chunk>>,
}

impl Call {
    fn program(self) -> Program {
        let grants = Arc::new(Grants::default());
        Program {
            definition: Arc::new(Definition {
                id: self.name,
                code: self.code,
                method: self.export.into(),
                host: None,
                grants: Arc::clone(&grants),
            }),
            grants,
            artifact: Some(self.artifact),
            chunk: self.chunk,
            modules: None,
            origin: None,
        }
    }
}

/// Runs the call to its end, without arguments, grants and rights. The limits are those
/// of the host. What the guest prints last stays in `control`.
pub(super) async fn run(
    around: Surroundings,
    slot: Slot,
    host: &Host,
    control: &Arc<Control>,
    purpose: Purpose,
    call: Call,
) -> Driven {
    let shared = Arc::clone(&around.shared);
    let guest = Guest::new(
        around,
        Some(Arc::clone(slot.pool())),
        Arc::clone(control),
        purpose,
        Run {
            program: Arc::new(call.program()),
            arguments: Arc::from(crate::codec::NO_VALUES),
        },
        shared.limits_of(host),
        Rights::new(None),
    );
    let guest = pin!(instance::run(slot.pool(), guest, None));
    Drive::new(&shared, None, control, guest).await
}
