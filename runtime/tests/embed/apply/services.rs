//! Services that come, change and go.

use std::time::Duration;

use warren::app::{Restart, RestartPolicy, Service};
use warren::{ApplyError, Change, Handle, HostLimits, Runtime, ServiceError, Spawn};

use super::{GRACE, applied, apply, lines, refused, result, returns};
use crate::setup::{builder, in_time, run};

/// Answers each message `ask` with its argument, until CANCEL, which it returns 1 for.
const SERVES: &str = "return function(n)
    local events, asks = process.events(), process.listen('ask')
    while true do
        local got = channel.select { events:case_receive(), asks:case_receive() }
        if got.channel == events then return 1 end
        process.send(got.value, 'answer', n)
    end
end";

const ASKS: &str = "return function(name)
    local answers = process.listen('answer')
    assert(process.send(name, 'ask', process.pid()))
    return (answers:receive())
end";

async fn started() -> Runtime {
    let runtime = builder()
        .lua("app:serves", SERVES)
        .lua("app:asks", ASKS)
        .start()
        .unwrap();
    runtime.start_services().await.unwrap();
    runtime
}

async fn ask(runtime: &Runtime, name: &str) -> i64 {
    let asks = Spawn::new("app:asks").arg(name);
    in_time(runtime.exec(asks)).await.unwrap()
}

fn service(name: &str, n: i64) -> Service {
    Service::new(name, "app:serves").argument(n)
}

/// Returns the service of this name, which has opened its events.
async fn find(runtime: &Runtime, name: &str) -> Handle {
    ask(runtime, name).await;
    runtime.find(name).unwrap()
}

#[test]
fn services_come_change_and_go() {
    run(async {
        let runtime = started().await;
        in_time(runtime.services_ended()).await.unwrap();
        let change = Change::new().service(service("app:one", 1));
        let plan = apply(&runtime, change).await;
        assert_eq!(lines(&plan), ["+ service app:one"]);
        assert_eq!(ask(&runtime, "app:one").await, 1);
        let first = find(&runtime, "app:one").await;
        let change = Change::new().service(service("app:one", 2)).grace(GRACE);
        let plan = apply(&runtime, change).await;
        assert_eq!(lines(&plan), ["~ service app:one: args"]);
        assert_eq!(result(&first).await, 1, "it was asked to end");
        assert_eq!(ask(&runtime, "app:one").await, 2);
        let second = find(&runtime, "app:one").await;
        let plan = apply(&runtime, Change::new().remove_service("app:one")).await;
        assert_eq!(lines(&plan), ["- service app:one"]);
        assert_eq!(result(&second).await, 1);
        assert!(runtime.find("app:one").is_err());
        in_time(runtime.services_ended()).await.unwrap();
    });
}

#[test]
fn a_service_that_is_to_run_once_in_the_cluster_is_another_one() {
    run(async {
        let runtime = started().await;
        apply(&runtime, Change::new().service(service("app:one", 1))).await;
        let before = find(&runtime, "app:one").await;
        let once = service("app:one", 1).one_in_cluster(true);
        let plan = apply(&runtime, Change::new().service(once).grace(GRACE)).await;
        assert_eq!(lines(&plan), ["~ service app:one: cluster"]);
        assert_eq!(result(&before).await, 1, "it was asked to end");
        assert_eq!(ask(&runtime, "app:one").await, 1);
    });
}

#[test]
fn a_service_goes_on_if_its_process_would_be_the_same() {
    run(async {
        let runtime = started().await;
        apply(&runtime, Change::new().service(service("app:one", 1))).await;
        let before = find(&runtime, "app:one").await;
        let restart = Restart {
            initial_delay: Duration::from_millis(1),
            ..Restart::default()
        };
        let other = service("app:one", 1).critical(true).restart(restart);
        let plan = apply(&runtime, Change::new().service(other)).await;
        assert_eq!(lines(&plan), ["~ service app:one: critical, restart"]);
        assert_eq!(find(&runtime, "app:one").await.pid(), before.pid());
        // It is started again by its new rules.
        before.terminate().unwrap();
        in_time(async {
            while runtime
                .find("app:one")
                .is_ok_and(|now| now.pid() == before.pid())
                || runtime.find("app:one").is_err()
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(ask(&runtime, "app:one").await, 1);
        // New code is no reason to end it.
        apply(
            &runtime,
            Change::new().lua("app:serves", format!("{SERVES} -- 2")),
        )
        .await;
        assert_eq!(ask(&runtime, "app:one").await, 1);
    });
}

#[test]
fn services_that_were_not_started_are_started_with_the_others() {
    run(async {
        let runtime = builder()
            .lua("app:serves", SERVES)
            .lua("app:asks", ASKS)
            .start()
            .unwrap();
        apply(&runtime, Change::new().service(service("app:one", 1))).await;
        assert!(runtime.find("app:one").is_err());
        runtime.start_services().await.unwrap();
        assert_eq!(ask(&runtime, "app:one").await, 1);
    });
}

#[test]
fn dependents_end_first_and_start_last() {
    run(async {
        let runtime = started().await;
        let orders = service("app:orders", 2).depends_on("app:store");
        let change = Change::new()
            .service(orders)
            .service(service("app:store", 1));
        apply(&runtime, change).await;
        let (store, orders) = (
            find(&runtime, "app:store").await,
            find(&runtime, "app:orders").await,
        );
        let error = refused(&runtime, Change::new().remove_service("app:store")).await;
        assert_eq!(
            error.to_string(),
            "the service app:orders depends on app:store, which is no service"
        );
        let both = Change::new()
            .remove_service("app:store")
            .remove_service("app:orders");
        apply(&runtime, both).await;
        assert_eq!((result(&store).await, result(&orders).await), (1, 1));
        let circle = Change::new()
            .service(service("app:a", 1).depends_on("app:b"))
            .service(service("app:b", 1).depends_on("app:a"));
        let error = refused(&runtime, circle).await;
        assert!(matches!(error, ApplyError::Services(_)), "{error}");
    });
}

#[test]
fn a_service_needs_its_definition_and_its_host() {
    run(async {
        let runtime = started().await;
        let of = |definition: &str| Service::new("app:one", definition);
        let error = refused(&runtime, Change::new().service(of("app:none"))).await;
        assert_eq!(
            error.to_string(),
            "service app:one needs definition app:none, which would not be there"
        );
        let error = refused(
            &runtime,
            Change::new().service(of("app:serves").host("app:h")),
        )
        .await;
        assert!(matches!(error, ApplyError::Missing { .. }), "{error}");
        let change = Change::new()
            .host("app:h", HostLimits::default())
            .service(service("app:one", 1).host("app:h"));
        apply(&runtime, change).await;
        let error = refused(&runtime, Change::new().remove_host("app:h")).await;
        assert!(matches!(error, ApplyError::Missing { .. }), "{error}");
        let error = refused(&runtime, Change::new().remove_definition("app:serves")).await;
        assert!(matches!(error, ApplyError::Missing { .. }), "{error}");
        let both = Change::new().remove_host("app:h").remove_service("app:one");
        apply(&runtime, both).await;
        assert!(runtime.find("app:one").is_err());
        assert_eq!(runtime.live(), 0);
    });
}

#[test]
fn a_service_that_cannot_be_started_is_tried_again() {
    run(async {
        let runtime = started().await;
        let holder = runtime.spawn(Spawn::new("app:serves").arg(7).name("app:one"));
        let holder = in_time(holder).await.unwrap();
        let restart = Restart {
            initial_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(1),
            max_attempts: u32::MAX,
            ..Restart::default()
        };
        let change = Change::new().service(service("app:one", 1).restart(restart));
        let applied = applied(&runtime, change).await;
        let error = in_time(applied.settled()).await.unwrap_err();
        assert!(matches!(error, ServiceError::NotUp { .. }), "{error}");
        assert!(
            error.to_string().contains("name already registered"),
            "{error}"
        );
        holder.terminate().unwrap();
        in_time(async {
            while runtime
                .find("app:one")
                .map_or(true, |now| now.pid() == holder.pid())
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(ask(&runtime, "app:one").await, 1);
    });
}

#[test]
fn a_service_that_dies_at_once_is_not_up() {
    run(async {
        let runtime = started().await;
        let dies = Change::new()
            .lua("app:dies", "return function() error('no luck') end")
            .lua("app:returns", returns(1));
        apply(&runtime, dies).await;
        let service = |name: &str, of: &str, restart: Restart| {
            Change::new().service(Service::new(name, of).restart(restart))
        };
        let later = Restart {
            initial_delay: Duration::from_secs(60),
            ..Restart::default()
        };
        let change = service("app:later", "app:dies", later.clone());
        let settled = applied(&runtime, change).await.settled();
        let error = in_time(settled).await.unwrap_err();
        let ServiceError::NotUp { name, error } = &error else {
            panic!("{error}");
        };
        assert_eq!(&**name, "app:later");
        assert!(error.to_string().contains("no luck"), "{error}");

        // It is tried again, and given up.
        let often = Restart {
            max_attempts: 3,
            initial_delay: Duration::from_millis(1),
            ..Restart::default()
        };
        let change = service("app:often", "app:dies", often);
        let settled = applied(&runtime, change).await.settled();
        let error = in_time(settled).await.unwrap_err();
        let ServiceError::Failed { name, restarts, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((&**name, *restarts), ("app:often", 2));

        // It has ended as it should.
        let change = service("app:job", "app:returns", later);
        apply(&runtime, change).await;
    });
}

#[test]
fn a_service_that_is_up_after_another_start_has_settled() {
    run(async {
        let runtime = started().await;
        let second = "return function(counter)
            local answers = process.listen('answer')
            assert(process.send(counter, 'count', process.pid()))
            assert(answers:receive() > 1, 'the first start')
            process.listen('stop'):receive()
        end";
        let counter = "return function()
            local counts = process.listen('count')
            local count = 0
            while true do
                local from = counts:receive()
                count = count + 1
                process.send(from, 'answer', count)
            end
        end";
        let code = Change::new()
            .lua("app:second", second)
            .lua("app:counter", counter);
        apply(&runtime, code).await;
        let counter = runtime.spawn("app:counter").await.unwrap();
        let restart = Restart {
            initial_delay: Duration::from_millis(1),
            ..Restart::default()
        };
        let service = Service::new("app:one", "app:second")
            .argument(counter.pid().as_str())
            .restart(restart);
        apply(&runtime, Change::new().service(service)).await;
        assert!(runtime.find("app:one").is_ok());
    });
}

#[test]
fn a_critical_service_that_ends_as_it_is_removed_has_not_failed() {
    run(async {
        let runtime = started().await;
        let restart = Restart {
            policy: RestartPolicy::Always,
            initial_delay: Duration::ZERO,
            max_delay: Duration::ZERO,
            max_attempts: u32::MAX,
            ..Restart::default()
        };
        for _ in 0..100 {
            let ends = Service::new("app:ends", "app:ends")
                .critical(true)
                .restart(restart.clone());
            let change = Change::new().lua("app:ends", returns(1)).service(ends);
            let before = runtime.inspector().totals().spawned;
            // It is never up.
            drop(applied(&runtime, change).await);
            in_time(async {
                while runtime.inspector().totals().spawned == before {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            let gone = Change::new()
                .remove_service("app:ends")
                .remove_definition("app:ends");
            apply(&runtime, gone).await;
            in_time(runtime.services_ended()).await.unwrap();
        }
        assert_eq!(runtime.live(), 0);
    });
}

#[test]
fn a_rollback_brings_services_back() {
    run(async {
        let runtime = started().await;
        apply(&runtime, Change::new().service(service("app:one", 1))).await;
        apply(&runtime, Change::new().remove_service("app:one")).await;
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(lines(&back.plan), ["+ service app:one"]);
        in_time(back.settled()).await.unwrap();
        assert_eq!(ask(&runtime, "app:one").await, 1);
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn a_shutdown_beside_changes_of_services_ends_all() {
    run(async {
        for _ in 0..10 {
            let runtime = started().await;
            let changing = {
                let runtime = runtime.clone();
                tokio::spawn(async move {
                    for n in 0..100 {
                        let change = Change::new()
                            .service(service("app:one", n))
                            .service(service("app:two", n).depends_on("app:one"));
                        // In place, or the runtime is ending.
                        match runtime.apply(change).await {
                            Ok(_) => {}
                            Err(ApplyError::Ending(_) | ApplyError::Code(_)) => return,
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            };
            in_time(async {
                while runtime.find("app:two").is_err() && !changing.is_finished() {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            in_time(runtime.shutdown(Duration::from_millis(20))).await;
            in_time(changing).await.unwrap();
            assert_eq!(runtime.live(), 0);
        }
    });
}
