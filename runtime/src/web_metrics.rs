//! The counts of the HTTP server, in the text that Prometheus reads.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use warren_capabilities::server::{DURATIONS, ListenerCounts, RequestCounts, SORTS, WebCounts};

/// The name, the help and the kind of a metric of listeners, and its number for one of them.
type Metric = (
    &'static str,
    &'static str,
    MetricType,
    fn(&ListenerCounts) -> u64,
);

/// The counts of the HTTP server at one moment; nothing of a program without listeners.
#[derive(Debug, Default)]
pub(crate) struct OfServer(pub(crate) WebCounts);

impl Collector for OfServer {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let OfServer(counts) = self;
        if counts.listeners.is_empty() {
            return Ok(());
        }
        let listeners = &counts.listeners;
        let of_listeners = || {
            let all = listeners.iter();
            all.map(|one| (one.listener.as_str(), &one.requests))
        };
        requests(
            &mut encoder,
            ("http", "listener", "Requests of each listener"),
            of_listeners(),
        )?;
        let numbers: [Metric; 4] = [
            (
                "http_active_requests",
                "Requests that are being answered",
                MetricType::Gauge,
                |one| one.active_requests,
            ),
            (
                "http_connections",
                "Connections that were opened",
                MetricType::Counter,
                |one| one.connections,
            ),
            (
                "http_open_connections",
                "Connections that are open",
                MetricType::Gauge,
                |one| one.open_connections,
            ),
            (
                "http_refused_connections",
                "Connections of clients that had too many",
                MetricType::Counter,
                |one| one.refused_connections,
            ),
        ];
        for (name, help, kind, number) in numbers {
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for one in listeners {
                let labels = [("listener", one.listener.as_str())];
                let encoder = metric.encode_family(&labels)?;
                match kind {
                    MetricType::Counter => ConstCounter::new(number(one)).encode(encoder)?,
                    _ => ConstGauge::new(number(one)).encode(encoder)?,
                }
            }
        }
        if counts.routes.is_empty() {
            return Ok(());
        }
        let routes = counts.routes.iter();
        requests(
            &mut encoder,
            (
                "http_route",
                "route",
                "Requests of each route whose router counts them",
            ),
            routes.map(|(route, requests)| (route.as_str(), requests)),
        )
    }
}

/// Encodes requests by their answers, and their durations.
fn requests<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    (prefix, label, help): (&str, &str, &str),
    all: impl Iterator<Item = (&'a str, &'a RequestCounts)> + Clone,
) -> fmt::Result {
    let name = format!("{prefix}_requests");
    let mut metric = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
    for (value, requests) in all.clone() {
        for (sort, count) in SORTS.into_iter().zip(requests.by_sort) {
            let labels = [(label, value), ("status", sort)];
            ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
        }
    }
    let name = format!("{prefix}_duration");
    let help = "Time from the head of a request to the end of its answer";
    let unit = Some(&Unit::Seconds);
    let mut metric = encoder.encode_descriptor(&name, help, unit, MetricType::Histogram)?;
    for (value, requests) in all {
        let labels = [(label, value)];
        let bounds = DURATIONS.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(requests.by_duration).collect();
        let count = requests.by_duration.iter().sum();
        let mut one = metric.encode_family(&labels)?;
        one.encode_histogram::<NoLabelSet>(requests.seconds, count, &buckets, None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    fn text(counts: WebCounts) -> String {
        let mut registry = Registry::default();
        let own = registry.sub_registry_with_prefix("warren");
        own.register_collector(Box::new(OfServer(counts)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn each_listener_and_route_has_its_counts() {
        let mut by_duration = [0; DURATIONS.len() + 1];
        (by_duration[0], by_duration[DURATIONS.len()]) = (2, 1);
        let requests = RequestCounts {
            by_sort: [2, 0, 0, 1, 0],
            by_duration,
            seconds: 7.5,
        };
        let counts = WebCounts {
            listeners: vec![ListenerCounts {
                listener: "app:web".to_owned(),
                requests: requests.clone(),
                connections: 5,
                open_connections: 1,
                refused_connections: 3,
                active_requests: 4,
            }],
            routes: vec![("GET /users/{id}".to_owned(), requests)],
        };
        let text = text(counts);
        for line in [
            "# TYPE warren_http_requests counter",
            "warren_http_requests_total{listener=\"app:web\",status=\"2xx\"} 2",
            "warren_http_requests_total{listener=\"app:web\",status=\"5xx\"} 1",
            "warren_http_duration_seconds_sum{listener=\"app:web\"} 7.5",
            "warren_http_duration_seconds_count{listener=\"app:web\"} 3",
            "warren_http_duration_seconds_bucket{le=\"5.0\",listener=\"app:web\"} 2",
            "warren_http_active_requests{listener=\"app:web\"} 4",
            "warren_http_connections_total{listener=\"app:web\"} 5",
            "warren_http_open_connections{listener=\"app:web\"} 1",
            "warren_http_refused_connections_total{listener=\"app:web\"} 3",
            "warren_http_route_requests_total{route=\"GET /users/{id}\",status=\"2xx\"} 2",
            "warren_http_route_duration_seconds_sum{route=\"GET /users/{id}\"} 7.5",
        ] {
            assert!(text.lines().any(|has| has == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_program_without_listeners_has_none() {
        assert_eq!(text(WebCounts::default()), "# EOF\n");
    }
}
