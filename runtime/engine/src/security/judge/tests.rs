//! Kept decisions are equal to fresh ones.

use std::collections::HashSet;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use warren_kernel::{HostConfig, Kernel, Origin, Spawn};

use super::*;
use crate::security::{Refusal, Rights, Target};

/// More targets than an instance has slots for permitted actions.
const TARGETS: usize = 9;

/// Rules that depend on everything that a policy may read.
#[derive(Default)]
struct Rules {
    generation: AtomicU64,
    /// `actor action definition`, `actor action @name` or `pid action`.
    allowed: RwLock<HashSet<String>>,
}

impl Rules {
    fn allows(&self, actor: &str, pid: &str, action: Action, on: &Resource) -> (bool, Reuse) {
        let allowed = self.allowed.read().unwrap();
        let action = action.as_str();
        let is_named = |name: &str| allowed.contains(&format!("{actor} {action} @{name}"));
        let shared = match on {
            Resource::Process(target) => {
                let definition = target.definition.as_deref().unwrap_or_default();
                allowed.contains(&format!("{actor} {action} {definition}"))
                    || target.names.iter().any(|name| is_named(name))
            }
            other => is_named(&other.text()),
        };
        // Rules that depend on the caller's PID hold for the caller alone.
        let own = allowed.contains(&format!("{pid} {action}"));
        let by_caller = allowed.iter().any(|rule| rule.starts_with('{'));
        let reuse = if by_caller {
            Reuse::Caller
        } else {
            Reuse::Subject
        };
        (shared || own, reuse)
    }
}

impl Authorizer for Rules {
    fn decide(&self, request: &Request<'_>) -> Decision {
        let actor = request.subject.actor().map_or("", Actor::id);
        let action = Action::of(request.action).unwrap();
        let (allowed, reuse) = self.allows(actor, &request.caller.pid, action, request.resource);
        Decision {
            allowed,
            because: "a rule".into(),
            reason: None,
            reuse,
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn has_policy(&self, _: &str) -> bool {
        false
    }

    fn named_scope(&self, _: &str) -> Option<Scope> {
        None
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Adds or removes a rule.
    Policy(String),
    Name(usize, usize),
    Unname(usize),
    Upgrade(usize, usize),
    Ask(usize, Action, usize),
    /// Asks as `can` does, without an effect.
    Can(usize, Action, usize),
    Register(usize, usize),
}

const ACTORS: [&str; 2] = ["ada", "bob"];
const NAMES: [&str; 2] = ["one", "two"];
const DEFINITIONS: [&str; 2] = ["a:x", "a:y"];
const ACTIONS: [Action; 2] = [Action::Send, Action::Link];

fn rule() -> impl Strategy<Value = String> {
    let of_name = (0..2_usize, 0..2_usize).prop_map(|(actor, name)| {
        let register = Action::Register.as_str();
        format!("{} {register} @{}", ACTORS[actor], NAMES[name])
    });
    let action = prop::sample::select(&ACTIONS).prop_map(Action::as_str);
    let of_actor = (0..2_usize, action, 0..4_usize).prop_map(|(actor, action, what)| {
        let what = match what {
            0 | 1 => DEFINITIONS[what].to_owned(),
            _ => format!("@{}", NAMES[what - 2]),
        };
        format!("{} {action} {what}", ACTORS[actor])
    });
    let action = prop::sample::select(&ACTIONS).prop_map(Action::as_str);
    let of_caller = (1..3_u64, action).prop_map(|(pid, action)| format!("{{c|{pid}}} {action}"));
    prop_oneof![6 => of_actor, 1 => of_name, 1 => of_caller]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => rule().prop_map(Step::Policy),
        1 => (0..2_usize, 0..TARGETS).prop_map(|(name, of)| Step::Name(name, of)),
        1 => (0..2_usize).prop_map(Step::Unname),
        1 => (0..TARGETS, 0..2_usize).prop_map(|(of, to)| Step::Upgrade(of, to)),
        8 => asked().prop_map(|(who, action, on)| Step::Ask(who, action, on)),
        2 => asked().prop_map(|(who, action, on)| Step::Can(who, action, on)),
        1 => (0..4_usize, 0..2_usize).prop_map(|(who, name)| Step::Register(who, name)),
    ]
}

fn asked() -> impl Strategy<Value = (usize, Action, usize)> {
    (0..4_usize, prop::sample::select(&ACTIONS), 0..TARGETS)
}

/// Asks as an operation does: again, after each decision.
fn ask(rights: &mut Rights, ask: impl Fn(&mut Rights) -> Result<bool, Refusal>) -> bool {
    loop {
        match ask(rights) {
            Ok(allowed) => return allowed,
            Err(Refusal::Error(error)) => {
                assert_eq!(error.kind, Kind::PermissionDenied);
                return false;
            }
            Err(Refusal::Undecided(question)) => {
                let (generation, decision) = rights.judge().unwrap().decide(&question);
                rights.learn(question.key, generation, decision);
            }
            Err(Refusal::Elsewhere(_)) => unreachable!("there is one node"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn cached_and_fresh_answers_agree(steps in prop::collection::vec(step(), 1..120)) {
        let kernel = Kernel::new();
        let host = kernel.add_host("a:b", HostConfig::default()).unwrap();
        let targets: Vec<_> = (0..TARGETS)
            .map(|n| {
                let origin = Origin { definition: DEFINITIONS[n % 2].into(), ..Origin::default() };
                let spawn = Spawn { origin: Some(&origin), ..Spawn::default() };
                kernel.spawn(host.reserve().unwrap(), spawn).unwrap().process
            })
            .collect();
        let rules = Arc::new(Rules::default());
        let judges = Judges::new(Some(Arc::clone(&rules) as _));
        // Two processes for each of two actors: each pair shares a subject.
        let mut callers: Vec<_> = (0..4_usize)
            .map(|n| {
                let pid: Arc<str> = format!("{{c|{n}}}").into();
                let actor = Arc::new(Actor::new(ACTORS[n % 2], &BTreeMap::new()));
                let caller = || Caller {
                    pid: Arc::clone(&pid),
                    definition: "a:caller".into(),
                    host: "a:b".into(),
                    node: None,
                };
                let judge = judges.judge(caller, &Some(actor), &None, &Arc::default());
                (ACTORS[n % 2], Arc::clone(&pid), Rights::new(judge))
            })
            .collect();
        for step in steps {
            match step {
                Step::Policy(rule) => {
                    let mut allowed = rules.allowed.write().unwrap();
                    if !allowed.remove(&rule) {
                        allowed.insert(rule);
                    }
                    drop(allowed);
                    rules.generation.fetch_add(1, Ordering::Release);
                }
                Step::Name(name, of) => {
                    // Fails if the name is taken.
                    let _ = kernel.register(NAMES[name], &targets[of]);
                }
                Step::Unname(name) => {
                    kernel.unregister(NAMES[name]).unwrap();
                }
                Step::Upgrade(of, to) => kernel.set_definition(&targets[of], &DEFINITIONS[to].into()),
                Step::Ask(who, action, on) | Step::Can(who, action, on) => {
                    let (actor, pid, rights) = &mut callers[who];
                    let target = &targets[on];
                    let resource = Resource::Process(Target::of(target));
                    let (fresh, _) = rules.allows(actor, pid, action, &resource);
                    let answer = ask(rights, |rights| match step {
                        Step::Can(..) => rights.allows(action, target),
                        _ => rights.permit(action, target).map(|()| true),
                    });
                    prop_assert_eq!(answer, fresh);
                }
                Step::Register(who, name) => {
                    let (actor, pid, rights) = &mut callers[who];
                    let resource = Resource::Name(NAMES[name].to_owned());
                    let (fresh, _) = rules.allows(actor, pid, Action::Register, &resource);
                    let answer = ask(rights, |rights| {
                        let resource = || resource.clone();
                        rights.permit_named(Action::Register, resource).map(|()| true)
                    });
                    prop_assert_eq!(answer, fresh);
                }
            }
        }
    }
}

#[test]
fn equal_subjects_are_one_and_go_with_their_processes() {
    let judges = Judges::new(Some(Arc::new(Rules::default())));
    let judge = |id: String| {
        let caller = || Caller {
            pid: "{a:b|0x00001}".into(),
            definition: "a:x".into(),
            host: "a:b".into(),
            node: None,
        };
        let actor = Arc::new(Actor::new(id, &BTreeMap::new()));
        judges
            .judge(caller, &Some(actor), &None, &Arc::default())
            .unwrap()
    };
    let (one, same) = (judge("ada".into()), judge("ada".into()));
    assert!(Arc::ptr_eq(&one.subject, &same.subject));
    for n in 0..10_000 {
        drop(judge(n.to_string()));
    }
    let kept = judges.subjects.lock().all.len();
    assert!(kept < 200, "{kept} are kept");
    assert!(Arc::ptr_eq(&one.subject, &judge("ada".into()).subject));
}
