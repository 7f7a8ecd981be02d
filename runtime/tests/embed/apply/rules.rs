//! Policies, scopes and identities that come, change and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use warren::app::Policies;
use warren::security::{Actor, Identity, Scope};
use warren::{ApplyError, Change, Kind, Runtime, Spawn};

use super::{GRACE, apply, exec, lines, refused, returns, start};
use crate::setup::{builder, in_time, run};

/// Returns 1 if it may spawn `app:other`, and 0 if it may not.
const TRIES: &str = "return function()
    local pid, err = process.spawn('app:other', 'app:processes')
    return pid and 1 or err:kind() == errors.PERMISSION_DENIED and 0 or -1
end";

const SPAWNS: &str = "permit (principal, action in [Action::\"process.spawn\", \
                      Action::\"process.host\"], resource);";

fn scope(policies: &[&str]) -> Scope {
    Scope {
        policies: policies.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn with_policies() -> Runtime {
    let policies = Policies::of([("nothing", "")]).unwrap();
    builder()
        .policies(Arc::new(policies))
        .lua("app:tries", TRIES)
        .lua("app:other", returns(1))
        .lua(
            "app:who",
            "return function() return security.actor():id() end",
        )
        .start()
        .unwrap()
}

async fn tries(runtime: &Runtime, policies: &[&str]) -> i64 {
    let spawn = Spawn::new("app:tries").scope(scope(policies));
    in_time(runtime.exec(spawn)).await.unwrap()
}

#[test]
fn policies_come_change_and_go() {
    run(async {
        let runtime = with_policies();
        assert_eq!(tries(&runtime, &["nothing"]).await, 0);
        let plan = apply(&runtime, Change::new().policy("spawns", SPAWNS)).await;
        assert_eq!(lines(&plan), ["+ policy spawns"]);
        assert_eq!(tries(&runtime, &["spawns"]).await, 1);
        let plan = apply(&runtime, Change::new().policy("spawns", "")).await;
        assert_eq!(lines(&plan), ["~ policy spawns"]);
        assert_eq!(tries(&runtime, &["spawns"]).await, 0);
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(lines(&back.plan), ["~ policy spawns"]);
        assert_eq!(tries(&runtime, &["spawns"]).await, 1);
        apply(&runtime, Change::new().remove_policy("spawns")).await;
        assert_eq!(tries(&runtime, &["spawns"]).await, 0);

        let wrong = Change::new()
            .lua("app:new", returns(1))
            .policy("wrong", "permit (");
        let error = refused(&runtime, wrong).await;
        assert!(error.to_string().starts_with("wrong.cedar:1:"), "{error}");
        let told = &error.refused()[0];
        let place = (told.file.as_deref(), told.line);
        assert_eq!(place, (Some("wrong.cedar"), Some(1)), "{told:?}");
        let error = refused(&runtime, Change::new().remove_policy("nothing")).await;
        assert!(matches!(error, ApplyError::NotFound { .. }), "{error}");
    });
}

#[test]
fn scopes_and_identities_hold_for_later_processes() {
    run(async {
        let runtime = with_policies();
        let change = Change::new()
            .policy("spawns", SPAWNS)
            .scope("app:s", scope(&["spawns"]));
        apply(&runtime, change).await;
        assert_eq!(runtime.named_scope("app:s").unwrap().policies, ["spawns"]);
        let identity = |name: &str, policies: &[&str]| Identity {
            actor: Some(Arc::new(Actor::new(name, &BTreeMap::new()))),
            scope: Some(Arc::new(scope(policies))),
        };
        let change = Change::new()
            .host_identity("app:processes", identity("host", &["nothing"]))
            .definition_identity("app:tries", identity("definition", &["spawns"]));
        let plan = apply(&runtime, change).await;
        assert_eq!(
            lines(&plan),
            [
                "+ identity of host app:processes",
                "+ identity of definition app:tries"
            ]
        );
        let who: String = in_time(runtime.exec("app:who")).await.unwrap();
        assert_eq!(who, "host");
        assert_eq!(exec(&runtime, "app:tries").await, 1);
        let change = Change::new().remove_definition_identity("app:tries");
        apply(&runtime, change).await;
        assert_eq!(exec(&runtime, "app:tries").await, 0, "that of the host");
        apply(
            &runtime,
            Change::new().remove_host_identity("app:processes"),
        )
        .await;
        assert_eq!(exec(&runtime, "app:tries").await, 1);

        let error = refused(&runtime, Change::new().remove_policy("spawns")).await;
        assert_eq!(
            error.to_string(),
            "scope app:s needs policy spawns, which would not be there"
        );
        let error = refused(&runtime, Change::new().scope("app:t", scope(&["none"]))).await;
        assert!(matches!(error, ApplyError::Missing { .. }), "{error}");
        let both = Change::new().remove_policy("spawns").remove_scope("app:s");
        apply(&runtime, both).await;
        assert_eq!(
            runtime.named_scope("app:s").unwrap_err().kind,
            Kind::NotFound
        );
    });
}

#[test]
fn a_host_takes_its_identity_with_it() {
    run(async {
        let runtime = with_policies();
        let identity = Identity {
            actor: Some(Arc::new(Actor::new("tenant", &BTreeMap::new()))),
            scope: None,
        };
        let change = Change::new()
            .host("app:h", Default::default())
            .host_identity("app:h", identity);
        apply(&runtime, change).await;
        let plan = apply(&runtime, Change::new().remove_host("app:h")).await;
        assert_eq!(lines(&plan), ["- host app:h", "- identity of host app:h"]);
    });
}

#[test]
fn a_definition_takes_its_identity_with_it() {
    run(async {
        let runtime = with_policies();
        let identity = || Identity {
            actor: Some(Arc::new(Actor::new("tenant", &BTreeMap::new()))),
            scope: None,
        };
        let change = Change::new()
            .lua("app:d", returns(1))
            .definition_identity("app:d", identity());
        apply(&runtime, change).await;
        let plan = apply(&runtime, Change::new().remove_definition("app:d")).await;
        assert_eq!(
            lines(&plan),
            ["- definition app:d", "- identity of definition app:d"]
        );
        // The identity of a host that is not there is a mistake.
        let change = Change::new().host_identity("app:none", identity());
        let error = refused(&runtime, change).await;
        assert_eq!(
            error.to_string(),
            "identity of host app:none needs host app:none, which would not be there"
        );
    });
}

#[test]
fn policies_read_anew_meanwhile_are_not_lost() {
    run(async {
        let policies = Arc::new(Policies::of([("nothing", "")]).unwrap());
        let runtime = builder().policies(Arc::clone(&policies)).start().unwrap();
        let planned = runtime.plan(Change::new().policy("spawns", SPAWNS));
        let planned = in_time(planned).await.unwrap();
        policies.replace([("other", "")]).unwrap();
        let error = in_time(planned.apply()).await.unwrap_err();
        assert!(matches!(error, ApplyError::PoliciesChanged), "{error}");
        apply(&runtime, Change::new().policy("spawns", SPAWNS)).await;
        assert_eq!(policies.ids(), ["other", "spawns"]);
    });
}

#[test]
fn a_runtime_without_policies_refuses_them() {
    run(async {
        let runtime = start();
        let error = refused(&runtime, Change::new().policy("p", "")).await;
        assert!(matches!(error, ApplyError::NoPolicies), "{error}");
        // An identity that a removed host does not have is none.
        let change = Change::new().host("app:h", Default::default());
        apply(&runtime, change).await;
        apply(&runtime, Change::new().remove_host("app:h")).await;
    });
}
