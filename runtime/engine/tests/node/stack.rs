//! Every import is called with the guest's stack nearly used up. The runtime works
//! on a stack of its own, which no guest can overrun.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::support::component::component;
use crate::support::imports;
use crate::support::{Setup, World, guest};
use warren_engine::security::{Action, Authorizer, Decision, Operation, Request, Reuse, Scope};
use warren_kernel::Outcome;

/// A function that calls itself as often as its parameter says, and then runs
/// `last`.
fn recursion(last: &str) -> String {
    format!(
        "(func $f (param $n i32)
           (if (local.get $n)
             (then (call $f (i32.sub (local.get $n) (i32.const 1))))
             (else {last})))"
    )
}

/// Returns the greatest depth of the guest `id`, which takes the depth as its
/// argument. One call more, which needs less than 1 KiB, overflows its stack.
async fn deepest(world: &World, id: &str) -> u32 {
    let (mut good, mut bad) = (1_u32, 1 << 20);
    while bad - good > 1 {
        let depth = good.midpoint(bad);
        if overflows(world, id, depth).await {
            bad = depth;
        } else {
            good = depth;
        }
    }
    good
}

async fn overflows(world: &World, id: &str, depth: u32) -> bool {
    // The arguments: one value, a string of four bytes.
    let mut arguments = b"\x91\xc4\x04".to_vec();
    arguments.extend(depth.to_le_bytes());
    let ended = world.run_with(id, &arguments).await;
    match &*ended.outcome {
        Outcome::Returned(_) => false,
        // The bytes given to `fail` are no error; the call itself was reached.
        Outcome::Failed(error) if error.message.contains("the parameter `error`") => false,
        Outcome::Failed(error) => {
            assert!(error.message.contains("stack overflow"), "{id}: {error}");
            true
        }
    }
}

async fn works_at_the_end_of_the_stack(world: &World, import: &imports::Import) {
    let call = import.call(&import.harmless());
    let start = "(drop (call $program.arguments (i32.const 512) (i32.const 7)))
                 (call $f (i32.load (i32.const 515)))";
    let id = import.identifier();
    world.define(&id, &guest(&recursion(&call), start));
    assert!(!overflows(world, &id, 0).await, "{id}");
    let deepest = deepest(world, &id).await;
    assert!(deepest > 1_000, "{id}: {deepest}");
}

/// An authorizer whose decisions need more stack than a guest has.
#[derive(Default)]
struct Hungry {
    asked: Mutex<HashSet<String>>,
}

impl Authorizer for Hungry {
    fn decide(&self, request: &Request<'_>) -> Decision {
        self.asked.lock().unwrap().insert(request.action.to_owned());
        let room = std::hint::black_box([0_u8; 768 << 10]);
        Decision {
            allowed: room[room.len() / 2] == 0,
            because: "there is room".into(),
            reason: None,
            reuse: Reuse::Caller,
        }
    }

    fn generation(&self) -> u64 {
        0
    }

    fn has_policy(&self, _: &str) -> bool {
        false
    }

    fn named_scope(&self, _: &str) -> Option<Scope> {
        None
    }
}

/// A failure of this test would crash the test program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_are_not_evaluated_on_the_stack_of_a_guest() {
    let hungry = Arc::new(Hungry::default());
    let world = World::set_up(Setup {
        authorizer: Some(Arc::clone(&hungry) as _),
        ..Setup::default()
    });
    let asks = |import: &&imports::Import| {
        let function = format!("{}.{}", import.interface, import.name);
        let mut operations = Operation::ALL.iter();
        operations.any(|operation| operation.function() == function) || function == "security.can"
    };
    for import in imports::ALL.iter().filter(asks) {
        works_at_the_end_of_the_stack(&world, import).await;
    }
    // The actions whose target exists, or that need none.
    for action in [
        Action::Unregister,
        Action::Unlink,
        Action::Unmonitor,
        Action::Spawn,
        Action::Exec,
    ] {
        let asked = hungry.asked.lock().unwrap();
        assert!(asked.contains(action.as_str()), "{action:?}: {asked:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flat_imports_work_at_the_end_of_the_stack() {
    let world = World::new(&[]);
    for import in imports::ALL {
        // `read` would wait for standard input.
        if import.name == "read" {
            continue;
        }
        works_at_the_end_of_the_stack(&world, import).await;
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn component_imports_work_at_the_end_of_the_stack() {
    let calls = [
        "(drop (call $inbox))",
        "(call $receive-one (i32.const 1) (i32.const 1) (i64.const 0) (i32.const 64))",
        "(call $pid (i32.const 64))",
        "(call $send (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))",
        "(call $upgrade (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))",
        "(call $register (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))",
        "(call $write (i32.const 0) (i32.const 0) (i32.const 1))",
        "(call $log (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $arguments (i32.const 64))",
        "(call $finish (i32.const 1) (i32.const 0) (i32.const 1))",
    ];
    let world = World::new(&[]);
    for call in calls {
        let items = format!(r#"(data (i32.const 0) "x") {}"#, recursion(call));
        let start = "(call $arguments (i32.const 512)) (call $f (i32.load offset=3 (i32.load (i32.const 512))))";
        world.define(call, &component(&items, start));
        assert!(!overflows(&world, call, 0).await, "{call}");
        let deepest = deepest(&world, call).await;
        assert!(deepest > 1_000, "{call}: {deepest}");
    }
    world.close().await;
}
