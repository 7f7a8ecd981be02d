//! The metrics of programs, as an endpoint shows them.

use warren::{Change, HostLimits, Runtime, Spawn};

use crate::setup::{builder, in_time, run};

/// Returns the value of a sample, which has these labels after those of the runtime.
#[track_caller]
fn sample(text: &str, name: &str, host: &str, definition: &str, labels: &str) -> Option<String> {
    let line = format!("{name}{{host=\"{host}\",definition=\"{definition}\"{labels}}} ");
    text.lines()
        .find_map(|has| has.strip_prefix(line.as_str()))
        .map(str::to_owned)
}

#[test]
fn metrics_of_a_program_are_shown() {
    let code = r#"return function(n)
        assert(metrics.counter_inc("jobs.done", { queue = "a\"b\\c\nd" }))
        assert(metrics.counter_add("jobs.done", n))
        assert(metrics.gauge_set("load", 0.5) and metrics.gauge_inc("load") and metrics.gauge_dec("open"))
        assert(metrics.histogram("took", 0.2) and metrics.histogram("took", 20))
        return true
    end"#;
    run(async {
        let runtime = builder()
            .lua("app:one", code)
            .lua("app:two", code)
            .host("app:others", HostLimits::default())
            .start()
            .unwrap();
        for _ in 0..2 {
            let one = Spawn::new("app:one").arg(2);
            assert!(runtime.exec::<bool>(one).await.unwrap());
        }
        let two = Spawn::new("app:two").host("app:others").arg(2.5);
        assert!(runtime.exec::<bool>(two).await.unwrap());
        let text = runtime.metrics();
        let of_one = |name, labels| sample(&text, name, "app:processes", "app:one", labels);
        let of_two = |name, labels| sample(&text, name, "app:others", "app:two", labels);
        let escaped = ",queue=\"a\\\"b\\\\c\\nd\"";
        assert_eq!(of_one("app_jobs_done_total", "").as_deref(), Some("4.0"));
        assert_eq!(
            of_one("app_jobs_done_total", escaped).as_deref(),
            Some("2.0")
        );
        assert_eq!(of_two("app_jobs_done_total", "").as_deref(), Some("2.5"));
        assert_eq!(of_one("app_load", "").as_deref(), Some("1.5"));
        assert_eq!(of_one("app_open", "").as_deref(), Some("-2.0"));
        assert_eq!(of_two("app_took_sum", "").as_deref(), Some("20.2"));
        assert_eq!(of_one("app_took_count", "").as_deref(), Some("4"));
        let bucket = "app_took_bucket{le=\"0.25\",host=\"app:others\",definition=\"app:two\"} 1";
        assert!(text.lines().any(|line| line == bucket), "{text}");
        // Each metric has one head, whichever definitions have it.
        assert_eq!(text.matches("# TYPE app_jobs_done counter").count(), 1);
        assert!(text.contains("# TYPE warren_processes gauge"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    });
}

#[test]
fn series_stay_and_are_bounded() {
    run(async {
        let runtime = builder()
            .lua(
                "app:flood",
                r#"return function()
                    local made = 0
                    for n = 1, 2000 do
                        if metrics.counter_inc("flood", { n = tostring(n) }) then made = made + 1 end
                    end
                    return made
                end"#,
            )
            .lua(
                "app:other",
                "return function() return metrics.counter_inc('other') end",
            )
            .start()
            .unwrap();
        for _ in 0..2 {
            assert_eq!(runtime.exec::<i64>("app:flood").await.unwrap(), 1_000);
        }
        assert!(runtime.exec::<bool>("app:other").await.unwrap());
        let text = runtime.metrics();
        let samples = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
        assert_eq!(samples("app_flood_total{"), 1_000);
        assert_eq!(samples("app_other_total{"), 1);
        // No process is left, and each call was counted.
        assert_eq!(runtime.live(), 0);
        let first = sample(
            &text,
            "app_flood_total",
            "app:processes",
            "app:flood",
            ",n=\"1\"",
        );
        assert_eq!(first.as_deref(), Some("2.0"));
    });
}

/// Counts for each message `go` that is true, and ends with one that is not.
const COUNTS: &str = "return function()
    local go = process.listen('go')
    while go:receive() do assert(metrics.counter_inc('jobs')) end
    return true
end";

fn has_jobs(runtime: &Runtime) -> bool {
    runtime.metrics().contains("app_jobs_total{")
}

async fn until_jobs_are(shown: bool, runtime: &Runtime) {
    in_time(async {
        while has_jobs(runtime) != shown {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn apply(runtime: &Runtime, change: Change) {
    in_time(runtime.apply(change)).await.unwrap();
}

#[test]
fn series_of_a_process_that_outlives_its_definition_end_with_the_process() {
    run(async {
        let runtime = builder().lua("app:counts", COUNTS).start().unwrap();
        let process = runtime.spawn("app:counts").await.unwrap();
        process.send("go", true).unwrap();
        until_jobs_are(true, &runtime).await;
        apply(&runtime, Change::new().lua("app:counts", COUNTS)).await;
        assert!(has_jobs(&runtime));
        apply(&runtime, Change::new().remove_definition("app:counts")).await;
        assert!(!has_jobs(&runtime));
        // It begins them anew, and they stay as long as it.
        process.send("go", true).unwrap();
        until_jobs_are(true, &runtime).await;
        apply(&runtime, Change::new().lua("app:other", "return 1")).await;
        assert!(has_jobs(&runtime));
        process.send("go", false).unwrap();
        assert!(in_time(process.result::<bool>()).await.unwrap());
        until_jobs_are(false, &runtime).await;
    });
}

#[test]
fn series_of_a_definition_that_is_back_stay() {
    run(async {
        let runtime = builder().lua("app:counts", COUNTS).start().unwrap();
        let process = runtime.spawn("app:counts").await.unwrap();
        apply(&runtime, Change::new().remove_definition("app:counts")).await;
        process.send("go", true).unwrap();
        until_jobs_are(true, &runtime).await;
        apply(&runtime, Change::new().lua("app:counts", COUNTS)).await;
        process.send("go", false).unwrap();
        assert!(in_time(process.result::<bool>()).await.unwrap());
        apply(&runtime, Change::new().lua("app:other", "return 1")).await;
        assert!(has_jobs(&runtime));
    });
}
