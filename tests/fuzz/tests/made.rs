//! Inputs that the targets make get far.
#![allow(clippy::unwrap_used, reason = "a test program")]

use warren_fuzz::{Target, find};

const INPUTS: u64 = 200;

/// Runs a target over inputs that it makes, and returns its counts per hundred inputs.
fn reached(target: &Target) -> Vec<(&'static str, u64)> {
    let counts = || -> Vec<u64> { target.reaches.iter().map(|it| it.count()).collect() };
    let before = counts();
    for seed in 0..INPUTS {
        (target.run)(&target.made(seed).unwrap());
    }
    let names = target.reaches.iter().map(|it| it.name());
    let gained = counts().into_iter().zip(before);
    let shares = gained.map(|(after, before)| (after - before) * 100 / INPUTS);
    names.zip(shares).collect()
}

#[track_caller]
fn more_than(target: &str, least: &[u64]) {
    let reached = reached(find(target).unwrap());
    println!("{target}: {reached:?}");
    assert_eq!(reached.len(), least.len());
    for ((name, share), least) in reached.into_iter().zip(least) {
        assert!(share >= *least, "{share} of 100 inputs of {target}: {name}");
    }
}

#[test]
fn made_manifests_open_programs() {
    more_than("manifests", &[20]);
}

#[test]
fn made_policies_compile() {
    more_than("policies", &[30]);
}

/// Only `cargo xtask fuzz` builds the program that makes core modules, so all guests here
/// are components.
#[test]
fn made_components_start() {
    more_than("modules", &[90, 5, 20]);
}

#[test]
fn made_values_are_taken_alike() {
    more_than("alike", &[30, 30, 10]);
}

#[test]
fn made_scripts_call_everything() {
    more_than("flat", &[150, 800, 5, 15, 3, 50, 8, 50, 5, 30, 25, 5, 1, 5]);
}

#[test]
fn made_texts_are_taken_by_operations() {
    more_than("operations", &[5, 4, 4, 1, 1, 1, 4, 2]);
}

#[test]
fn made_requests_find_routes_or_none() {
    more_than("routes", &[8, 10, 50, 50]);
}

#[test]
fn made_requests_are_answered_or_refused() {
    more_than("heads", &[1, 20, 0]);
}
