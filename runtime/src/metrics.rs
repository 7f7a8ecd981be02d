//! A runtime's counts and the metrics of its program, in the text that Prometheus reads.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use warren_capabilities::QueueCounts;
use warren_capabilities::metrics::{BUCKETS, Family, MetricKind, MetricValue, Sample};
use warren_engine::capability::Calls;

#[cfg(feature = "cluster")]
use crate::cluster::OtherNode;
use crate::introspection::{HostInfo, State, Totals};
use crate::runtime::Runtime;
use crate::web_metrics::OfServer;

/// The content type of the text of [`Runtime::metrics`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Runtime {
    /// Returns the runtime's metrics and those of its program in the exposition format
    /// (OpenMetrics 1.0), for an HTTP endpoint that Prometheus scrapes; see
    /// [`METRICS_CONTENT_TYPE`]. Looks at every process, as
    /// [`Inspector::totals`](crate::Inspector::totals) does.
    pub fn metrics(&self) -> String {
        self.versions().forget_outlived_metrics(self.node());
        let snapshot = Snapshot {
            totals: self.inspector().totals(),
            calls: self.node().capability_calls(),
            queues: self.versions().queues().counts(),
            web: OfServer(self.versions().server().counts()),
            #[cfg(feature = "cluster")]
            nodes: self.cluster().map(|cluster| cluster.nodes()),
        };
        exposition(snapshot, self.app_metrics().families())
    }
}

fn exposition(snapshot: Snapshot, families: Vec<Family>) -> String {
    let mut registry = Registry::default();
    registry
        .sub_registry_with_prefix("warren")
        .register_collector(Box::new(snapshot));
    registry
        .sub_registry_with_prefix("app")
        .register_collector(Box::new(OfProgram(families)));
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = encode(&mut text, &registry);
    text
}

/// The totals of one moment.
#[derive(Debug, Default)]
struct Snapshot {
    totals: Totals,
    calls: Vec<Calls>,
    queues: Vec<QueueCounts>,
    web: OfServer,
    /// The other nodes; absent without a cluster.
    #[cfg(feature = "cluster")]
    nodes: Option<Vec<OtherNode>>,
}

/// One metric: its name, its meaning, and its values by one label.
struct Metric {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    values: Values,
}

enum Values {
    Counter(Vec<([(&'static str, String); 1], u64)>),
    Gauge(Vec<([(&'static str, String); 1], u64)>),
    OneCounter(u64),
    OneGauge(u64),
    /// Counters of seconds.
    Seconds(Vec<([(&'static str, String); 1], f64)>),
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let totals = &self.totals;
        processes(totals)
            .into_iter()
            .chain(memory(totals))
            .chain(files(totals))
            .chain(messages(totals))
            .chain(workers(totals))
            .chain(capabilities(&self.calls))
            .chain(jobs(&self.queues))
            .try_for_each(|metric| metric.encode(&mut encoder))?;
        #[cfg(feature = "cluster")]
        for metric in self.nodes.iter().flat_map(|nodes| sessions(nodes)) {
            metric.encode(&mut encoder)?;
        }
        self.web.encode(encoder)
    }
}

/// The metrics of the program at one moment.
#[derive(Debug)]
struct OfProgram(Vec<Family>);

impl Collector for OfProgram {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in &self.0 {
            encode_family(family, &mut encoder)?;
        }
        Ok(())
    }
}

fn encode_family(family: &Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let (kind, help) = match family.kind {
        MetricKind::Counter => (MetricType::Counter, "Counter of the program"),
        MetricKind::Gauge => (MetricType::Gauge, "Gauge of the program"),
        MetricKind::Histogram => (MetricType::Histogram, "Histogram of the program"),
    };
    let mut metric = encoder.encode_descriptor(&family.name, help, None, kind)?;
    for sample in &family.samples {
        let labels = labels_of(sample);
        let mut one = metric.encode_family(&labels)?;
        match (&sample.value, family.kind) {
            (
                MetricValue::Histogram {
                    sum,
                    count,
                    buckets,
                },
                _,
            ) => {
                let bounds = BUCKETS.into_iter().chain([f64::INFINITY]);
                let buckets: Vec<_> = bounds.zip(buckets.iter().copied()).collect();
                one.encode_histogram::<NoLabelSet>(*sum, *count, &buckets, None)?;
            }
            (MetricValue::Number(n), MetricKind::Counter) => ConstCounter::new(*n).encode(one)?,
            (MetricValue::Number(n), _) => ConstGauge::new(*n).encode(one)?,
        }
    }
    Ok(())
}

fn labels_of(sample: &Sample) -> Vec<(&str, &str)> {
    let own = [("host", &*sample.host), ("definition", &*sample.definition)];
    let given = sample.labels.iter();
    let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
    own.into_iter().chain(given).collect()
}

fn processes(totals: &Totals) -> Vec<Metric> {
    let states = State::ALL.iter().zip(totals.states);
    let states = states.map(|(state, count)| labelled("state", state.as_str(), count as u64));
    let exits = [
        ("returned", totals.returned),
        ("failed", totals.failed),
        ("terminated", totals.terminated),
        ("linked", totals.linked),
    ];
    let exits = exits.map(|(outcome, count)| labelled("outcome", outcome, count));
    vec![
        metric(
            "processes",
            "Processes in each state",
            Values::Gauge(states.collect()),
        ),
        metric(
            "host_processes",
            "Processes in each host",
            of_hosts(totals, |host| host.processes as u64),
        ),
        metric(
            "names",
            "Registered names",
            Values::OneGauge(totals.names as u64),
        ),
        metric(
            "spawns",
            "Processes started",
            Values::OneCounter(totals.spawned),
        ),
        metric(
            "exits",
            "Processes ended, by outcome",
            Values::Counter(exits.into()),
        ),
    ]
}

fn memory(totals: &Totals) -> Vec<Metric> {
    vec![
        in_bytes(
            "memory",
            "Linear memory of all processes",
            Values::OneGauge(totals.memory),
        ),
        in_bytes(
            "held",
            "Memory that the runtime holds for all processes: messages, events, results, names, ties",
            Values::OneGauge(totals.held),
        ),
        in_bytes(
            "budget_used",
            "Memory that counts against the limit of all processes",
            Values::OneGauge(totals.counted),
        ),
        in_bytes(
            "budget_limit",
            "Memory that all processes may hold together",
            Values::OneGauge(totals.max_memory_total),
        ),
        in_bytes(
            "host_budget_used",
            "Memory that counts against the limit of each host",
            of_hosts(totals, |host| host.memory),
        ),
        in_bytes(
            "host_budget_limit",
            "Memory that the processes of each host may hold together",
            of_hosts(totals, |host| host.max_memory_total),
        ),
    ]
}

fn files(totals: &Totals) -> Vec<Metric> {
    vec![
        metric(
            "host_files",
            "Files that the processes of each host have open",
            of_hosts(totals, |host| host.files as u64),
        ),
        metric(
            "host_files_limit",
            "Files that the processes of each host may have open together",
            of_hosts(totals, |host| host.max_files_total as u64),
        ),
        in_bytes(
            "host_disk_used",
            "Bytes that the processes of each host have added to disks",
            of_hosts(totals, |host| host.disk),
        ),
        in_bytes(
            "host_disk_limit",
            "Bytes that the processes of each host may add to disks",
            of_hosts(totals, |host| host.max_disk),
        ),
    ]
}

/// Returns the values of a gauge by host.
fn of_hosts(totals: &Totals, value: impl Fn(&HostInfo) -> u64) -> Values {
    let hosts = totals.hosts.iter();
    let values = hosts.map(|host| labelled("host", &host.name, value(host)));
    Values::Gauge(values.collect())
}

fn in_bytes(name: &'static str, help: &'static str, values: Values) -> Metric {
    Metric {
        unit: Some(Unit::Bytes),
        ..metric(name, help, values)
    }
}

fn messages(totals: &Totals) -> Vec<Metric> {
    let refused = totals.refused.iter();
    let refused = refused.map(|(kind, count)| labelled("kind", kind, *count));
    vec![
        metric(
            "messages",
            "Messages sent by processes, refused ones included",
            Values::OneCounter(totals.sent),
        ),
        metric(
            "refusals",
            "Calls of the process API refused, by kind of error",
            Values::Counter(refused.collect()),
        ),
        metric(
            "queue_messages",
            "Unread messages",
            Values::OneGauge(totals.messages as u64),
        ),
        metric(
            "log_lost",
            "Log records of processes that were lost because they were not read in time",
            Values::OneCounter(totals.log_lost),
        ),
        Metric {
            unit: Some(Unit::Bytes),
            ..metric(
                "queue",
                "Bytes of unread messages",
                Values::OneGauge(totals.bytes as u64),
            )
        },
    ]
}

fn capabilities(calls: &[Calls]) -> Vec<Metric> {
    let of_each = |count: fn(&Calls) -> u64| {
        let labelled = |one: &Calls| labelled("capability", &one.capability, count(one));
        calls.iter().map(labelled).collect()
    };
    vec![
        metric(
            "capability_calls",
            "Calls of capabilities",
            Values::Counter(of_each(|calls| calls.begun)),
        ),
        metric(
            "capability_failures",
            "Calls of capabilities that ended with an error",
            Values::Counter(of_each(|calls| calls.failed)),
        ),
        metric(
            "capability_open_calls",
            "Calls of capabilities that compute or wait",
            Values::Gauge(of_each(|calls| calls.open)),
        ),
    ]
}

/// The sessions with other nodes of the cluster.
#[cfg(feature = "cluster")]
fn sessions(nodes: &[OtherNode]) -> Vec<Metric> {
    let of_each = |count: fn(&OtherNode) -> u64| {
        let labelled = |one: &OtherNode| labelled("node", &one.name, count(one));
        nodes.iter().map(labelled).collect()
    };
    let count = |name, help, count| metric(name, help, Values::Counter(of_each(count)));
    vec![
        metric(
            "cluster_nodes",
            "Other nodes of the cluster that are up",
            Values::OneGauge(nodes.len() as u64),
        ),
        count("cluster_sent_frames", "Frames sent to the node", |node| {
            node.frames_sent
        }),
        count(
            "cluster_received_frames",
            "Frames received from the node",
            |node| node.frames_received,
        ),
        count(
            "cluster_resent_frames",
            "Frames sent to the node again",
            |node| node.frames_resent,
        ),
        count("cluster_sent_bytes", "Bytes sent to the node", |node| {
            node.bytes_sent
        }),
        count(
            "cluster_received_bytes",
            "Bytes received from the node",
            |node| node.bytes_received,
        ),
        metric(
            "cluster_in_flight_bytes",
            "Bytes that the node has not acknowledged",
            Values::Gauge(of_each(|node| node.in_flight)),
        ),
        metric(
            "cluster_round_trip_microseconds",
            "Last round trip to the node",
            Values::Gauge(of_each(|node| node.round_trip.unwrap_or_default() / 1_000)),
        ),
    ]
}

/// The messages of the queues of a program, which the metrics call jobs: a process has queues,
/// too.
fn jobs(queues: &[QueueCounts]) -> Vec<Metric> {
    if queues.is_empty() {
        return Vec::new();
    }
    let of_each = |count: fn(&QueueCounts) -> u64| {
        let labelled = |one: &QueueCounts| labelled("queue", &one.queue, count(one));
        queues.iter().map(labelled).collect()
    };
    let known = |count: fn(&QueueCounts) -> Option<usize>| {
        let labelled = |one: &QueueCounts| Some(labelled("queue", &one.queue, count(one)? as u64));
        queues.iter().filter_map(labelled).collect()
    };
    vec![
        metric(
            "jobs",
            "Messages in queues, those that are worked on included",
            Values::Gauge(known(|queue| queue.messages)),
        ),
        metric(
            "jobs_ready",
            "Messages in queues that a consumer may take now",
            Values::Gauge(known(|queue| queue.ready)),
        ),
        metric(
            "jobs_published",
            "Messages that were published to queues",
            Values::Counter(of_each(|queue| queue.published)),
        ),
        metric(
            "jobs_done",
            "Messages of queues that are done",
            Values::Counter(of_each(|queue| queue.acknowledged)),
        ),
        metric(
            "jobs_returned",
            "Attempts at messages of queues that failed and are followed by another one",
            Values::Counter(of_each(|queue| queue.returned)),
        ),
        metric(
            "jobs_given_up",
            "Messages of queues that were given up",
            Values::Counter(of_each(|queue| queue.given_up)),
        ),
    ]
}

fn workers(totals: &Totals) -> Vec<Metric> {
    let busy = totals.busy_ms.iter().enumerate();
    let busy = busy.map(|(worker, ms)| ([("worker", worker.to_string())], *ms as f64 / 1e3));
    vec![
        metric(
            "run_queue",
            "Processes that wait for a worker",
            Values::OneGauge(totals.queued as u64),
        ),
        Metric {
            unit: Some(Unit::Seconds),
            ..metric(
                "worker_busy",
                "Time each worker has run processes",
                Values::Seconds(busy.collect()),
            )
        },
        Metric {
            unit: Some(Unit::Seconds),
            ..metric(
                "uptime",
                "Age of the runtime",
                Values::OneGauge(totals.uptime_ms / 1000),
            )
        },
    ]
}

fn metric(name: &'static str, help: &'static str, values: Values) -> Metric {
    Metric {
        name,
        help,
        unit: None,
        values,
    }
}

fn labelled(label: &'static str, value: &str, count: u64) -> ([(&'static str, String); 1], u64) {
    ([(label, value.to_owned())], count)
}

impl Metric {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let kind = match self.values {
            Values::Counter(_) | Values::OneCounter(_) | Values::Seconds(_) => MetricType::Counter,
            Values::Gauge(_) | Values::OneGauge(_) => MetricType::Gauge,
        };
        let unit = self.unit.as_ref();
        let mut metric = encoder.encode_descriptor(self.name, self.help, unit, kind)?;
        match &self.values {
            Values::Counter(values) => values.iter().try_for_each(|(labels, count)| {
                ConstCounter::new(*count).encode(metric.encode_family(labels)?)
            }),
            Values::Gauge(values) => values.iter().try_for_each(|(labels, count)| {
                ConstGauge::new(*count).encode(metric.encode_family(labels)?)
            }),
            Values::Seconds(values) => values.iter().try_for_each(|(labels, seconds)| {
                ConstCounter::new(*seconds).encode(metric.encode_family(labels)?)
            }),
            Values::OneCounter(count) => ConstCounter::new(*count).encode(metric),
            Values::OneGauge(count) => ConstGauge::new(*count).encode(metric),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_every_count_with_type_and_unit() {
        let totals = Totals {
            uptime_ms: 61_500,
            states: [1, 0, 2, 4, 0, 0],
            hosts: vec![HostInfo {
                name: "app:processes".to_owned(),
                processes: 3,
                max_processes: 10,
                memory: 500,
                max_memory_total: 700,
                files: 6,
                max_files_total: 20,
                disk: 4_096,
                max_disk: 8_192,
            }],
            held: 40,
            counted: 600,
            max_memory_total: 800,
            spawned: 5,
            returned: 1,
            failed: 1,
            refused: vec![("RateLimited".to_owned(), 4)],
            bytes: 100,
            log_lost: 7,
            busy_ms: vec![1_500, 0],
            ..Totals::default()
        };
        let store = Calls {
            capability: "store".to_owned(),
            begun: 9,
            failed: 2,
            open: 1,
        };
        let tasks = QueueCounts {
            queue: "app:tasks".into(),
            messages: Some(3),
            ready: None,
            published: 7,
            acknowledged: 3,
            returned: 2,
            given_up: 1,
        };
        let snapshot = Snapshot {
            totals,
            calls: vec![store],
            queues: vec![tasks],
            web: OfServer::default(),
            #[cfg(feature = "cluster")]
            nodes: Some(vec![OtherNode::of_test("b")]),
        };
        let text = exposition(snapshot, Vec::new());
        for line in [
            "# TYPE warren_processes gauge",
            "warren_processes{state=\"running\"} 1",
            "warren_processes{state=\"waiting\"} 2",
            "warren_processes{state=\"parked\"} 4",
            "warren_host_processes{host=\"app:processes\"} 3",
            "warren_held_bytes 40",
            "warren_budget_used_bytes 600",
            "warren_budget_limit_bytes 800",
            "warren_host_budget_used_bytes{host=\"app:processes\"} 500",
            "warren_host_budget_limit_bytes{host=\"app:processes\"} 700",
            "warren_host_files{host=\"app:processes\"} 6",
            "warren_host_files_limit{host=\"app:processes\"} 20",
            "warren_host_disk_used_bytes{host=\"app:processes\"} 4096",
            "warren_host_disk_limit_bytes{host=\"app:processes\"} 8192",
            "# TYPE warren_spawns counter",
            "warren_spawns_total 5",
            "warren_exits_total{outcome=\"failed\"} 1",
            "warren_refusals_total{kind=\"RateLimited\"} 4",
            "warren_log_lost_total 7",
            "# UNIT warren_queue_bytes bytes",
            "warren_queue_bytes 100",
            "warren_worker_busy_seconds_total{worker=\"0\"} 1.5",
            "warren_uptime_seconds 61",
            "warren_capability_calls_total{capability=\"store\"} 9",
            "warren_capability_failures_total{capability=\"store\"} 2",
            "warren_capability_open_calls{capability=\"store\"} 1",
            #[cfg(feature = "cluster")]
            "warren_cluster_nodes 1",
            #[cfg(feature = "cluster")]
            "warren_cluster_sent_bytes_total{node=\"b\"} 70",
            "warren_jobs{queue=\"app:tasks\"} 3",
            "warren_jobs_published_total{queue=\"app:tasks\"} 7",
            "warren_jobs_done_total{queue=\"app:tasks\"} 3",
            "warren_jobs_returned_total{queue=\"app:tasks\"} 2",
            "warren_jobs_given_up_total{queue=\"app:tasks\"} 1",
        ] {
            assert!(text.lines().any(|has| has == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn metrics_of_the_program_have_their_labels_escaped() {
        let sample = |labels: &[(&str, &str)], value| Sample {
            definition: "app:main".into(),
            host: "app:processes".into(),
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            value,
        };
        let family = |name: &str, kind, samples| Family {
            name: name.to_owned(),
            kind,
            samples,
        };
        let mut buckets = [0; BUCKETS.len() + 1];
        (buckets[5], buckets[BUCKETS.len()]) = (2, 1);
        let histogram = MetricValue::Histogram {
            sum: 20.5,
            count: 3,
            buckets: Box::new(buckets),
        };
        let text = exposition(
            Snapshot::default(),
            vec![
                family(
                    "jobs",
                    MetricKind::Counter,
                    vec![
                        sample(&[], MetricValue::Number(2.0)),
                        sample(&[("q", "a\"b\\c\nd\u{fc}")], MetricValue::Number(0.5)),
                    ],
                ),
                family(
                    "load",
                    MetricKind::Gauge,
                    vec![sample(&[], MetricValue::Number(-1.5))],
                ),
                family(
                    "took",
                    MetricKind::Histogram,
                    vec![sample(&[("k", "v")], histogram)],
                ),
            ],
        );
        let own = "host=\"app:processes\",definition=\"app:main\"";
        for line in [
            "# TYPE app_jobs counter".to_owned(),
            format!("app_jobs_total{{{own}}} 2.0"),
            format!("app_jobs_total{{{own},q=\"a\\\"b\\\\c\\nd\u{fc}\"}} 0.5"),
            "# TYPE app_load gauge".to_owned(),
            format!("app_load{{{own}}} -1.5"),
            "# TYPE app_took histogram".to_owned(),
            format!("app_took_sum{{{own},k=\"v\"}} 20.5"),
            format!("app_took_count{{{own},k=\"v\"}} 3"),
            format!("app_took_bucket{{le=\"0.25\",{own},k=\"v\"}} 2"),
            format!("app_took_bucket{{le=\"+Inf\",{own},k=\"v\"}} 3"),
        ] {
            assert!(text.lines().any(|has| has == line), "{line}\n{text}");
        }
    }
}
