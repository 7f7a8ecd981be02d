//! The catalogue of attacks in `tests/hostile`, whose README says how to write
//! one. Each attack must meet the end it names, while processes beside it go on
//! and every count of the runtime returns to its earlier value.

#![allow(clippy::expect_used)]

#[path = "hostile/cache.rs"]
mod cache;
#[path = "hostile/commands.rs"]
mod commands;
#[path = "hostile/control.rs"]
mod control;
#[path = "hostile/counts.rs"]
mod counts;
#[path = "hostile/handles.rs"]
mod handles;
#[path = "hostile/manifests.rs"]
mod manifests;
#[path = "hostile/policies.rs"]
mod policies;
#[path = "hostile/scene.rs"]
mod scene;
#[path = "hostile/servers.rs"]
mod servers;
#[path = "hostile/services.rs"]
mod services;
#[path = "hostile/sources.rs"]
mod sources;
#[path = "hostile/stage.rs"]
mod stage;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use warren_tests::hostile;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let attacks = match hostile::read() {
        Ok(attacks) => attacks,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let trials = attacks.into_iter().map(|attack| {
        Trial::test(attack.name.clone(), move || {
            stage::run(&attack);
            Ok(())
        })
    });
    let scenes = [
        cache::SCENES,
        commands::SCENES,
        control::SCENES,
        handles::SCENES,
        manifests::SCENES,
        policies::SCENES,
        servers::SCENES,
        services::SCENES,
        sources::SCENES,
    ];
    let scenes = scenes.into_iter().flatten().map(|scene| {
        Trial::test(scene.name, || {
            println!("{}: tries {}; end: {}", scene.name, scene.tries, scene.end);
            (scene.run)();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.chain(scenes).collect()).exit_code()
}
