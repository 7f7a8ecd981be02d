//! The guest that calls a capability, on its fiber or on a thread that works for it.

use std::sync::Arc;

use warren_kernel::{Error, Kernel, Kind, Process, Timestamp};

use super::Inherited;
use super::permission::asked;
use super::shared::Shared;
use crate::capability::{Caller, Kept, MAX_PERMISSIONS, OpenFile, Permits};
use crate::code::definition::Grants;
use crate::codec;
use crate::environment::Variables;
use crate::operand::{ASKED, Limit};
use crate::remote::{FarCaller, Remote};
use crate::security::{Evaluation, Judge, Question, Refusal, Rights, Supposed};
use crate::trace_context::TraceContext;

/// The state that capabilities keep for a guest; empty until the guest calls one. The
/// state ends with the guest.
#[derive(Default)]
pub(super) struct KeptByGuest(Option<Arc<Kept>>);

impl KeptByGuest {
    pub(super) fn get(&mut self) -> &Arc<Kept> {
        self.0.get_or_insert_default()
    }

    /// Returns the states of a guest that begins with these.
    pub(super) fn beginning_with(kept: Option<Arc<Kept>>) -> KeptByGuest {
        KeptByGuest(kept)
    }

    /// Returns the states, if any was made.
    pub(super) fn made(&self) -> Option<&Arc<Kept>> {
        self.0.as_ref()
    }
}

impl Drop for KeptByGuest {
    fn drop(&mut self) {
        if let Some(kept) = &self.0 {
            kept.close();
        }
    }
}

/// The guest on its fiber, where the authorizer cannot be asked.
pub(super) struct OnFiber<'a> {
    pub(super) shared: &'a Shared,
    pub(super) process: &'a Arc<Process>,
    pub(super) inherited: &'a Inherited,
    pub(super) definition: &'a Arc<str>,
    pub(super) grants: &'a Grants,
    pub(super) kept: &'a mut KeptByGuest,
    pub(super) rights: &'a mut Rights,
    /// The question for which the operation has to be called again.
    pub(super) undecided: Option<Box<Question>>,
}

impl Caller for OnFiber<'_> {
    fn process(&self) -> &Arc<Process> {
        self.process
    }

    fn definition(&self) -> &Arc<str> {
        self.definition
    }

    fn kernel(&self) -> &Arc<Kernel> {
        &self.shared.kernel
    }

    fn now(&self) -> Timestamp {
        self.shared.now().wall
    }

    fn is_judged(&self) -> bool {
        self.rights.judge().is_some()
    }

    fn permit(
        &mut self,
        action: &str,
        resource: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error> {
        if self.rights.judge().is_none() {
            return Ok(());
        }
        let question = question(&self.shared.kernel, action, resource, attributes)?;
        match self.rights.permit_asked(question) {
            Ok(()) => Ok(()),
            Err(Refusal::Error(error)) => Err(error),
            Err(Refusal::Undecided(question)) => {
                self.undecided.get_or_insert(question);
                Err(Error::new(
                    Kind::Unavailable,
                    "the permission is not decided yet: return this error before any effect",
                ))
            }
            // No permission is decided by another node.
            Err(Refusal::Elsewhere(_)) => Err(Error::internal("a permission was left undecided")),
        }
    }

    fn permits(&self) -> Permits {
        permits(&self.shared.kernel, self.rights.judge())
    }

    fn grants(&self) -> &Grants {
        self.grants
    }

    fn variables(&self) -> Variables<'_> {
        self.shared.environment.of(self.grants)
    }

    fn open_file(&self) -> Result<OpenFile, Error> {
        OpenFile::of(self.shared.files(self.process.host()))
    }

    fn evaluation(&self, supposed: Supposed<'_>) -> Result<Evaluation, Error> {
        evaluation(&self.shared.kernel, self.rights.judge(), supposed)
    }

    fn trace(&self) -> Option<&Arc<TraceContext>> {
        self.inherited.trace.as_ref()
    }

    fn remote(&self) -> Option<(Arc<dyn Remote>, FarCaller)> {
        remote(self.shared, self.process, self.definition, self.inherited)
    }

    fn kept(&mut self) -> &Arc<Kept> {
        self.kept.get()
    }
}

/// The guest, on a thread that works for it and may ask the authorizer.
pub(super) struct OnThread {
    pub(super) shared: Arc<Shared>,
    pub(super) process: Arc<Process>,
    pub(super) inherited: Arc<Inherited>,
    pub(super) definition: Arc<str>,
    pub(super) grants: Arc<Grants>,
    pub(super) kept: Arc<Kept>,
    pub(super) judge: Option<Judge>,
    /// The number of permissions asked for.
    pub(super) asked: usize,
}

impl Caller for OnThread {
    fn process(&self) -> &Arc<Process> {
        &self.process
    }

    fn definition(&self) -> &Arc<str> {
        &self.definition
    }

    fn kernel(&self) -> &Arc<Kernel> {
        &self.shared.kernel
    }

    fn now(&self) -> Timestamp {
        self.shared.now().wall
    }

    fn is_judged(&self) -> bool {
        self.judge.is_some()
    }

    fn permit(
        &mut self,
        action: &str,
        resource: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error> {
        let Some(judge) = &self.judge else {
            return Ok(());
        };
        self.asked += 1;
        if self.asked > MAX_PERMISSIONS {
            return Err(too_many_permissions());
        }
        let question = question(&self.shared.kernel, action, resource, attributes)?;
        judge.permit_asked(&question)
    }

    fn permits(&self) -> Permits {
        permits(&self.shared.kernel, self.judge.as_ref())
    }

    fn grants(&self) -> &Grants {
        &self.grants
    }

    fn variables(&self) -> Variables<'_> {
        self.shared.environment.of(&self.grants)
    }

    fn open_file(&self) -> Result<OpenFile, Error> {
        OpenFile::of(self.shared.files(self.process.host()))
    }

    fn evaluation(&self, supposed: Supposed<'_>) -> Result<Evaluation, Error> {
        evaluation(&self.shared.kernel, self.judge.as_ref(), supposed)
    }

    fn trace(&self) -> Option<&Arc<TraceContext>> {
        self.inherited.trace.as_ref()
    }

    fn remote(&self) -> Option<(Arc<dyn Remote>, FarCaller)> {
        remote(
            &self.shared,
            &self.process,
            &self.definition,
            &self.inherited,
        )
    }

    fn kept(&mut self) -> &Arc<Kept> {
        &self.kept
    }
}

/// Makes the error of an operation that does not come to an end of its questions.
#[cold]
pub(crate) fn too_many_permissions() -> Error {
    Error::internal(format!(
        "the operation asks for more than {MAX_PERMISSIONS} permissions"
    ))
}

fn question(
    kernel: &Kernel,
    action: &str,
    resource: &str,
    attributes: &[(&str, &str)],
) -> Result<Question, Error> {
    let attributes = match attributes {
        [] => Vec::new(),
        attributes => {
            let values: Vec<_> = attributes.iter().map(|(_, v)| codec::text(v)).collect();
            let pairs: Vec<_> = attributes
                .iter()
                .zip(&values)
                .map(|((key, _), value)| (*key, value.as_slice()))
                .collect();
            codec::pairs(&pairs)
        }
    };
    ASKED.check(
        "permission",
        action.len() + resource.len() + attributes.len(),
    )?;
    let (key, resource) = asked(kernel, action, resource, &attributes);
    Ok(Question {
        key,
        action: action.to_owned(),
        resource,
        attributes,
    })
}

fn permits(kernel: &Arc<Kernel>, judge: Option<&Judge>) -> Permits {
    let (kernel, judge) = (Arc::clone(kernel), judge.cloned());
    Permits::new(move |action, resource, attributes| match &judge {
        None => Ok(()),
        Some(judge) => judge.permit_asked(&question(&kernel, action, resource, attributes)?),
    })
}

/// Limit of an actor that a program makes up, as of every value of a message.
const ACTOR: Limit = Limit {
    name: "max_message",
    bytes: 1 << 20,
};

fn evaluation(
    kernel: &Kernel,
    judge: Option<&Judge>,
    supposed: Supposed<'_>,
) -> Result<Evaluation, Error> {
    let Supposed {
        policies,
        actor,
        action,
        resource,
        attributes,
    } = supposed;
    let bytes = action.len() + resource.len() + attributes.len();
    ASKED.check("question", bytes)?;
    if let Some(actor) = &actor {
        ACTOR.check("actor", actor.id.len() + actor.meta.len())?;
    }
    let (key, resource) = asked(kernel, action, resource, attributes);
    Ok(Evaluation {
        judge: judge.cloned(),
        question: Question {
            key,
            action: action.to_owned(),
            resource,
            attributes: attributes.to_vec(),
        },
        actor: actor.map(Arc::new),
        policies,
    })
}

/// Returns the other nodes, and the process as it asks them.
fn remote(
    shared: &Shared,
    process: &Process,
    definition: &Arc<str>,
    inherited: &Inherited,
) -> Option<(Arc<dyn Remote>, FarCaller)> {
    let remote = shared.remote.as_ref()?;
    let mut caller = FarCaller::of(process, definition, None)?;
    caller.frame = Arc::clone(&inherited.frame);
    caller.actor = inherited.actor.clone();
    caller.scope = inherited.scope.clone();
    caller.context = Arc::clone(&inherited.context);
    Some((Arc::clone(remote), caller))
}
