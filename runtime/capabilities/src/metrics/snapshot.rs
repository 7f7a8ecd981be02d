//! The metrics at one moment, for those who show them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kind::MetricKind;
use super::registry::Registry;
use super::value::MetricValue;

/// A metric and its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The name, with `_` for points. That of a counter is without `_total`.
    pub name: String,
    /// The type.
    pub kind: MetricKind,
    /// The series, in the order of definitions, hosts and labels.
    pub samples: Vec<Sample>,
}

/// A series and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The definition whose processes changed the series.
    pub definition: Arc<str>,
    /// The host of those processes.
    pub host: Arc<str>,
    /// The labels that the program gave, by name.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: MetricValue,
}

/// Returns true if nothing that is shown tells one series from the other.
fn is_shown_as(one: &Sample, other: &Sample) -> bool {
    (&one.definition, &one.host, &one.labels) == (&other.definition, &other.host, &other.labels)
}

pub(super) fn families(registry: &Registry) -> Vec<Family> {
    let mut families: BTreeMap<(String, MetricKind), Vec<Sample>> = BTreeMap::new();
    let mut all = registry.all();
    all.sort_by_key(|(_, one)| one.host_number);
    for (definition, one) in all {
        let samples = families.entry((one.name.clone(), one.kind)).or_default();
        samples.push(Sample {
            definition,
            host: Arc::clone(&one.host),
            labels: one.labels.clone(),
            value: one.value(),
        });
    }
    let families = families.into_iter().map(|((name, kind), mut samples)| {
        samples.sort_by(|one, other| {
            let place =
                |sample: &Sample| (Arc::clone(&sample.definition), Arc::clone(&sample.host));
            place(one)
                .cmp(&place(other))
                .then_with(|| one.labels.cmp(&other.labels))
        });
        // A removed host and a later one of its name may both be there: the later one counts.
        samples.reverse();
        samples.dedup_by(|earlier, later| is_shown_as(earlier, later));
        samples.reverse();
        Family {
            name,
            kind,
            samples,
        }
    });
    families.collect()
}
