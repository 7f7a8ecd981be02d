//! Operations that need a permission have no effect without it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::permission::{Call, component_call, flat_call, is_of_funcs};
use crate::support::{HOST, Setup, World, bytes, escaped, guest, imports, in_time, parked, until};
use rmpv::Value;
use warren_engine::security::{
    Action, Authorizer, Decision, EntryKind, Open, Operation, Request, Resource, Reuse, Scope,
};
use warren_kernel::{Activity, Kind};

/// An authorizer that permits everything but these actions.
#[derive(Default)]
pub(crate) struct Denies {
    actions: Mutex<HashSet<&'static str>>,
    generation: AtomicU64,
    seen: Mutex<Vec<String>>,
}

impl Denies {
    /// The requests so far: definition, actor, action and resource.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn only(&self, actions: &[Action]) {
        let words: Vec<_> = actions.iter().map(|action| action.as_str()).collect();
        self.only_words(&words);
    }

    /// Denies actions by their words.
    pub(crate) fn only_words(&self, words: &[&'static str]) {
        *self.actions.lock().unwrap() = words.iter().copied().collect();
        self.generation.fetch_add(1, Ordering::Release);
    }
}

impl Authorizer for Denies {
    fn decide(&self, request: &Request<'_>) -> Decision {
        let actor = request.subject.actor().map_or("", |actor| actor.id());
        self.seen.lock().unwrap().push(format!(
            "{} {actor} {} {:?}",
            request.caller.definition, request.action, request.resource
        ));
        let denied = self.actions.lock().unwrap().contains(request.action);
        Decision {
            allowed: !denied,
            because: "the test says so".into(),
            reason: denied.then(|| "by rule".into()),
            reuse: Reuse::Subject,
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn has_policy(&self, id: &str) -> bool {
        id == "known"
    }

    fn named_scope(&self, name: &str) -> Option<Scope> {
        (name == "t:scope").then(|| Scope {
            policies: vec!["known".into()],
        })
    }
}

/// A world in which everything is permitted until the test denies it.
pub(crate) fn judged_world() -> (World, Arc<Denies>) {
    let denies = Arc::new(Denies::default());
    let world = World::set_up(Setup {
        authorizer: Some(Arc::clone(&denies) as _),
        ..Setup::default()
    });
    (world, denies)
}

#[test]
fn every_import_is_checked_or_open() {
    for import in imports::ALL {
        let function = format!("{}.{}", import.interface, import.name);
        let all = format!("{}.*", import.interface);
        let checked = Operation::ALL.iter().any(|op| op.function() == function);
        let open = Open::ALL
            .iter()
            .any(|open| open.function == function || open.function == all);
        // `held` only returns results of the caller's own calls.
        let own = import.interface == "held";
        assert!(checked != (open || own), "{function}");
    }
}

#[test]
fn the_documentation_has_the_table_of_the_operations() {
    let mut table = String::from("| operation | actions | resource | test |\n|---|---|---|---|\n");
    for operation in Operation::ALL {
        let actions = operation.actions().iter();
        let (actions, resources): (Vec<_>, Vec<_>) = actions
            .map(|action| (action.as_str(), action.resource().as_str()))
            .unzip();
        table += &format!(
            "| `{}` | {} | {} | `{}` |\n",
            operation.as_str(),
            actions.join(", "),
            resources.join(", "),
            test_of(operation)
        );
    }
    table += "\n| operation without a permission | reason |\n|---|---|\n";
    for open in Open::ALL {
        table += &format!("| `{}` | {} |\n", open.function, open.why);
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains(&table), "docs/security.md has not:\n{table}");
}

/// Defines a test for each operation, under the name that the table of the
/// documentation gives.
macro_rules! denied {
    ($($test:ident: $operation:ident,)*) => {
        mod denied {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::a_denied_call_has_no_effect(super::Operation::$operation).await;
                }
            )*
        }

        fn test_of(operation: Operation) -> &'static str {
            match operation {
                $(Operation::$operation => concat!("denied::", stringify!($test)),)*
            }
        }
    };
}

denied! {
    spawn: Spawn,
    spawn_monitored: SpawnMonitored,
    spawn_linked: SpawnLinked,
    spawn_linked_monitored: SpawnLinkedMonitored,
    exec: Exec,
    with_context: WithContext,
    with_actor: WithActor,
    with_scope: WithScope,
    with_name: WithName,
    call: Call,
    call_with_context: CallWithContext,
    call_with_actor: CallWithActor,
    call_with_scope: CallWithScope,
    send: Send,
    terminate: Terminate,
    cancel: Cancel,
    monitor: Monitor,
    unmonitor: Unmonitor,
    link: Link,
    unlink: Unlink,
    register: Register,
    unregister: Unregister,
}

/// Denies each action of the operation in turn, through both linkers. The refused
/// operation leaves the kernel unchanged, byte for byte. With the action permitted
/// the operation works.
async fn a_denied_call_has_no_effect(operation: Operation) {
    let (world, denies) = judged_world();
    world.define("t:victim", &parked());
    world.define("t:child", &parked());
    let dumps = Arc::new(Mutex::new(Vec::new()));
    let kernel = Arc::clone(world.node.kernel());
    let taken = Arc::clone(&dumps);
    world.on_module(move |_| taken.lock().unwrap().push(kernel.dump()));

    for (linker, call) in [("flat", flat_call as Call), ("component", component_call)] {
        // `funcs` is a library of Lua, whose guest has the flat ABI.
        if linker == "component" && is_of_funcs(operation) {
            continue;
        }
        for denied in operation.actions() {
            for deny in [true, false] {
                let case = format!("{linker} {operation:?} without {denied:?}: {deny}");
                denies.only(if deny {
                    std::slice::from_ref(denied)
                } else {
                    &[]
                });
                dumps.lock().unwrap().clear();
                let victim = world.start("t:victim").await;
                // The start of the victim changes the kernel's state, too.
                until(&victim, Activity::Waiting).await;
                let kernel = world.node.kernel();
                kernel.register("held", victim.process()).unwrap();
                world.define(&case, &call(operation, victim.process().text()));
                let ended = world.run(&case).await;
                let message = String::from_utf8_lossy(&bytes(&ended)).into_owned();
                let dumps = dumps.lock().unwrap().clone();
                let [before, after] = &dumps[..] else {
                    panic!("{case}: {} dumps", dumps.len());
                };
                if deny {
                    let expected = format!("not allowed: {} on ", denied.as_str());
                    assert!(message.contains(&expected), "{case}: {message}");
                    assert!(message.ends_with(": by rule"), "{case}: {message}");
                    assert_eq!(before, after, "{case}");
                } else {
                    assert_eq!(message, "", "{case}");
                    assert_ne!(before, after, "{case}");
                }
                in_time(async {
                    for process in world.node.kernel().processes() {
                        let _ = world.node.kernel().terminate(&process);
                    }
                    world.idle().await;
                })
                .await;
            }
        }
    }
    world.close().await;
}

/// A process with an actor may do nothing in a program without policies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_without_policies_is_denied() {
    let send = guest(
        r#"(data (i32.const 0) "name") (data (i32.const 16) "denied\n")"#,
        "(if (i32.lt_s (call $registry.register (i32.const 0) (i32.const 4) (i32.const 0) (i32.const -1)) (i32.const 0))
           (then (call $stdio.write (i32.const 0) (i32.const 16) (i32.const 7))))",
    );
    let options = Value::Map(vec![(
        "actor".into(),
        Value::Map(vec![("id".into(), "ada".into())]),
    )]);
    let options = crate::support::encoded(&options);
    let parent = guest(
        &format!(
            r#"(data (i32.const 0) "t:child{HOST}\90") (data (i32.const 64) "{}")"#,
            escaped(&options)
        ),
        &format!(
            "(drop (call $process.spawn (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 9)
               (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 64) (i32.const {}) (i32.const 256) (i32.const 256)))",
            options.len()
        ),
    );
    let mut world = World::new(&[("t:child", send), ("t:parent", parent)]);
    world.run("t:parent").await;
    world.expect_line("denied").await;
    world.idle().await;
    world.close().await;
}

/// A policy sees the caller, and the process for which a name stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_see_the_process_behind_a_name() {
    let (world, denies) = judged_world();
    world.define("t:victim", &parked());
    let victim = world.start("t:victim").await;
    let kernel = world.node.kernel();
    kernel.register("held", victim.process()).unwrap();
    world.define("t:caller", &flat_call(Operation::Send, "held"));
    assert_eq!(bytes(&world.run("t:caller").await), b"");
    let seen = denies.seen.lock().unwrap().join("\n");
    let text = victim.process().text();
    for expected in ["t:caller  process.send", text, "\"t:victim\"", "\"held\""] {
        assert!(seen.contains(expected), "{expected} is not in {seen}");
    }
    world.close().await;
}

/// The runtime asks for a process before it starts one, and no message is the cost of a no.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_is_judged_before_it_has_a_process() {
    let (world, denies) = judged_world();
    world.define("t:worker", &parked());
    let permit = || {
        let queue = Resource::Entry(EntryKind::Queue, "t:tasks".into());
        world.node.permit("t:worker", Action::QueueConsume, queue)
    };
    permit().unwrap();
    let asked = "t:worker  queue.consume Entry(Queue, \"t:tasks\")";
    assert_eq!(denies.seen(), [asked]);
    denies.only_words(&["queue.consume"]);
    let denied = permit().unwrap_err();
    assert_eq!(denied.kind, Kind::PermissionDenied);
    let queue = Resource::Entry(EntryKind::Queue, "t:tasks".into());
    let unknown = world.node.permit("t:none", Action::QueueConsume, queue);
    assert_eq!(unknown.unwrap_err().kind, Kind::NotFound);
    assert!(world.node.kernel().processes().is_empty());
    world.close().await;
}
