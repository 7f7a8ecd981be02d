//! Actors and scopes of processes that the embedder starts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use warren::security::{
    Actor, AuditEvent as Audited, Authorizer, Decision, Identity, Request, Reuse, Scope,
};
use warren::{Context, Error, Kind, Spawn};

use crate::setup::{builder, run};

/// Returns the actor and the policies of the process.
const WHO: &str = "return function()
    local actor, scope = security.actor(), security.scope()
    return {
        actor = actor and actor:id(),
        tenant = actor and actor:meta().tenant,
        policies = scope and scope:policies() or {},
    }
end";

/// The result of [`WHO`].
#[derive(Debug, Default, PartialEq, serde::Deserialize)]
#[serde(default)]
struct Who {
    actor: Option<String>,
    tenant: Option<String>,
    policies: Vec<String>,
}

impl Who {
    fn of(actor: &str, tenant: Option<&str>, policies: &[&str]) -> Who {
        Who {
            actor: Some(actor.to_owned()),
            tenant: tenant.map(str::to_owned),
            policies: policies.iter().map(|id| (*id).to_owned()).collect(),
        }
    }
}

fn ada() -> Actor {
    let tags = BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]);
    Actor::new("ada", &tags)
}

fn readers() -> Scope {
    Scope {
        policies: vec!["readers".to_owned()],
    }
}

/// Permits the actions that the scope names. A process without a scope may do
/// everything.
#[derive(Default)]
struct ByScope {
    granted: Mutex<Vec<String>>,
}

impl Authorizer for ByScope {
    fn decide(&self, request: &Request<'_>) -> Decision {
        let scope = request.subject.scope();
        Decision {
            allowed: scope.is_none_or(|scope| scope.policies.iter().any(|id| id == request.action)),
            because: "the scope".into(),
            reason: None,
            reuse: Reuse::Subject,
        }
    }

    fn generation(&self) -> u64 {
        0
    }

    fn has_policy(&self, _id: &str) -> bool {
        true
    }

    fn named_scope(&self, name: &str) -> Option<Scope> {
        (name == "app:readers").then(readers)
    }

    fn identity(&self, definition: &str, _host: &str) -> Identity {
        let actor = (definition == "app:assigned").then(|| Actor::new("bob", &BTreeMap::new()));
        Identity {
            actor: actor.map(Arc::new),
            scope: None,
        }
    }

    fn observe(&self, event: &Audited<'_>) {
        if let Audited::Granted {
            by,
            definition,
            actor,
            scope,
            ..
        } = event
        {
            self.granted.lock().unwrap().push(format!(
                "{definition} by {}: {} {:?}",
                by.map_or("nobody", |by| &*by.definition),
                actor.map_or("-", Actor::id),
                scope.map(|scope| &scope.policies)
            ));
        }
    }
}

#[test]
fn a_spawn_sets_the_actor_of_a_process_and_its_children() {
    run(async {
        let authorizer = Arc::new(ByScope::default());
        let runtime = builder()
            .lua("app:who", WHO)
            .lua("app:assigned", WHO)
            .lua(
                "app:parent",
                "return function() return process.exec('app:who', 'app:processes') end",
            )
            .authorizer(Arc::clone(&authorizer) as _)
            .start()
            .unwrap();
        let nobody: Who = runtime.exec("app:who").await.unwrap();
        assert_eq!(nobody, Who::default());

        let scope = Scope {
            policies: vec!["process.exec".to_owned(), "process.host".to_owned()],
        };
        let parent = Spawn::new("app:parent").actor(ada()).scope(scope);
        let child: Who = runtime.exec(parent).await.unwrap();
        let policies = ["process.exec", "process.host"];
        assert_eq!(child, Who::of("ada", Some("acme"), &policies));

        // The scope that the manifest gives a definition yields to the spawn's
        // scope.
        let assigned = Spawn::new("app:assigned").scope(readers());
        let assigned: Who = runtime.exec(assigned).await.unwrap();
        assert_eq!(assigned, Who::of("bob", None, &["readers"]));
        let assigned = Spawn::new("app:assigned").actor(ada());
        let assigned: Who = runtime.exec(assigned).await.unwrap();
        assert_eq!(assigned, Who::of("ada", Some("acme"), &[]));

        assert_eq!(
            *authorizer.granted.lock().unwrap(),
            [
                r#"app:parent by nobody: ada Some(["process.exec", "process.host"])"#,
                r#"app:assigned by nobody: bob Some(["readers"])"#,
                "app:assigned by nobody: ada None",
            ]
        );
    });
}

#[test]
fn an_actor_may_do_nothing_without_policies() {
    run(async {
        let source = "return function()
            process.send(process.pid(), 'topic')
            return select(2, process.send(process.pid(), 'topic'))
        end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let free: Option<String> = runtime.exec("app:main").await.unwrap();
        assert_eq!(free, None);
        for spawn in [
            Spawn::new("app:main").actor(ada()),
            Spawn::new("app:main").scope(readers()),
        ] {
            let refused: warren::values::Error = runtime.exec(spawn).await.unwrap();
            assert_eq!(refused.kind, "PermissionDenied");
        }
    });
}

#[test]
fn a_native_process_needs_permission_to_say_so() {
    run(async {
        let runtime = builder()
            .lua("app:who", WHO)
            .authorizer(Arc::new(ByScope::default()))
            .start()
            .unwrap();
        let start = |allowed: &[&str]| {
            let policies = allowed.iter().map(|id| (*id).to_owned()).collect();
            let native = |mut ctx: Context| async move {
                let who: warren::Value = ctx.exec(Spawn::new("app:who").actor(ada())).await?;
                Ok::<_, Error>(who)
            };
            runtime.spawn_native(Spawn::new("app:native").scope(Scope { policies }), native)
        };
        let native = start(&["process.exec", "process.host"]).await.unwrap();
        let refused = native.result::<Who>().await.unwrap_err();
        assert_eq!(refused.kind(), &Kind::PermissionDenied);
        assert!(
            refused.to_string().contains("process.security"),
            "{refused}"
        );

        let all = ["process.exec", "process.host", "process.security"];
        let native = start(&all).await.unwrap();
        let who: Who = native.result().await.unwrap();
        assert_eq!(who, Who::of("ada", Some("acme"), &all));
    });
}

#[test]
fn a_scope_is_found_by_the_name_that_the_operator_gave_it() {
    run(async {
        let plain = builder().start().unwrap();
        let missing = plain.named_scope("app:readers").unwrap_err();
        assert_eq!(missing.kind, Kind::NotFound);
        let runtime = builder()
            .authorizer(Arc::new(ByScope::default()))
            .start()
            .unwrap();
        assert_eq!(runtime.named_scope("app:readers").unwrap(), readers());
        let missing = runtime.named_scope("app:writers").unwrap_err();
        assert_eq!(missing.kind, Kind::NotFound);
    });
}
