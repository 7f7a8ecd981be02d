//! Thousands of processes at once.

use warren_tests::Warren;

#[test]
fn ten_thousand_live_processes_answer() {
    Warren::run("tests/programs/crowd")
        .arguments(["10000"])
        .outcome()
        .ends_with(0)
        .prints("10000 live processes have answered twice\n")
        .says_nothing();
}

#[test]
fn thousands_come_and_go() {
    Warren::run("tests/programs/crowd")
        .arguments(["200", "50"])
        .outcome()
        .ends_with(0)
        .prints(&"200 live processes have answered twice\n".repeat(50))
        .says_nothing();
}

/// A thousand fast slots would take 8 TiB. A dense pool takes the part it can
/// get.
#[test]
fn little_address_space_is_enough_for_a_few_processes() {
    Warren::run("tests/programs/crowd")
        .address_space(96 << 30)
        .arguments(["50"])
        .outcome()
        .ends_with(0)
        .prints("50 live processes have answered twice\n")
        .says_nothing();
}

/// The pool leaves some memory: the interpreter is compiled, and its snapshot
/// is taken, with the pool in place.
#[test]
fn a_first_start_needs_little_address_space() {
    let cache = tempfile::tempdir().expect("a directory");
    Warren::run("examples/hello.lua")
        .cache(cache.path())
        .address_space(16 << 30)
        .outcome()
        .ends_with(0)
        .prints("hello, world, from process {app:processes|0x00001}\n")
        .says_nothing();
}

/// The program itself counts names, places, links and messages; the remaining
/// memory is read from outside.
#[test]
fn nothing_is_left_of_a_hundred_thousand_lua_processes() {
    let mut session = Warren::run("tests/programs/churn")
        .options(["--log", "error", "--wait"])
        .arguments(["20000", "100000"])
        .start();
    session.wait_for_line("20000");
    let after_few = session.resident();
    session.wait_for_line("100000");
    let after_all = session.resident();
    session.signal("TERM");
    session.end().ends_with(143).says_nothing();
    let allowed = after_few + after_few / 20 + (8 << 20);
    assert!(
        after_all <= allowed,
        "{after_few} bytes after 20,000 processes grew to {after_all}"
    );
}

/// The default `max_processes` of a host.
const DEFAULT_MAX_PROCESSES: u64 = 100_000;

#[test]
fn the_limit_of_mappings_is_named_with_its_value_and_what_is_needed() {
    let setting = std::fs::read_to_string("/proc/sys/vm/max_map_count");
    let setting = setting.expect("this is Linux");
    let present: u64 = setting.trim().parse().expect("it is a number");
    if present > 6 * DEFAULT_MAX_PROCESSES {
        eprintln!("not tried: vm.max_map_count is {present}, which is no limit here");
        return;
    }
    let ended = Warren::run("tests/programs/mappings")
        .outcome()
        .ends_with(0)
        .says_nothing();
    let (values, message) = ended.text().split_once('\n').expect("two lines");
    let values: Vec<&str> = values.split('\t').collect();
    let [kind, retryable, limit, said, needed, count] = values[..] else {
        panic!("{ended}");
    };
    assert_eq!(
        [kind, retryable, limit],
        ["RateLimited", "true", "vm.max_map_count"]
    );
    assert_eq!(said, setting.trim());
    let number = |text: &str| text.parse::<u64>().expect("it is a number");
    assert!(number(needed) > present, "{ended}");
    // Most of the setting was used: six mappings for each process.
    assert!(number(count) * 6 > present / 2, "{ended}");
    let remedy = format!("sysctl -w vm.max_map_count={needed}");
    assert!(
        message.contains(&format!("vm.max_map_count is {present}")),
        "{ended}"
    );
    assert!(message.contains(&remedy), "{ended}");
}
