//! Checks of the machine against a program's needs.

use warren::requirements::{HostRequirements, default_max_memory};

use super::finding::{Finding, Verdict, bytes as size};
use super::machine::{Limit, Machine};

/// Bytes of a process's address space on x86-64 and AArch64: 47 bits.
const ADDRESS_SPACE: u64 = 1 << 47;

/// Files of code and streams, and those a program opens.
const OPEN_FILES: u64 = 64;

/// Threads besides the workers.
const OTHER_THREADS: u64 = 16;

/// Bytes of an idle process of each kind, everything counted;
/// docs/performance.md says how that is measured.
const WASM_GUEST: u64 = 24 << 10;
const LUA: u64 = 90 << 10;

/// Runs all checks of the system's limits.
pub(super) fn of_limits(
    machine: &Machine,
    hosts: &[HostRequirements],
    cores: usize,
) -> Vec<Finding> {
    let mut findings = vec![mappings(machine, hosts)];
    findings.extend(address_space(machine, hosts));
    findings.push(memory(machine, hosts));
    findings.extend(overcommit(machine));
    findings.extend(open_files(machine));
    findings.extend(threads(machine, cores));
    findings
}

/// Returns the verdict on an unmet need: a need that only a default states is a
/// bound, and falling short of it is worth a note.
fn short_of(hosts: &[HostRequirements]) -> Verdict {
    if hosts.iter().any(|host| host.stated) {
        Verdict::Failed
    } else {
        Verdict::Note
    }
}

fn mappings(machine: &Machine, hosts: &[HostRequirements]) -> Finding {
    let finding = Finding::new("vm.max_map_count");
    let of_processes: u64 = hosts
        .iter()
        .map(|host| host.requirements.mappings)
        .fold(0, u64::saturating_add);
    let needed = of_processes.saturating_add(warren::requirements::OTHER_MAPPINGS);
    let Some(present) = machine.max_map_count else {
        return finding.unknown();
    };
    let finding = finding.values(present, needed);
    if present >= needed {
        return finding;
    }
    let processes = processes(hosts);
    let each = (of_processes / processes.max(1)).max(1);
    let room = present.saturating_sub(warren::requirements::OTHER_MAPPINGS) / each;
    finding
        .says(
            short_of(hosts),
            format!("room for {room} of the {processes} processes that the hosts allow, parked ones aside"),
        )
        .remedy(format!("sysctl -w vm.max_map_count={needed}"))
}

fn address_space(machine: &Machine, hosts: &[HostRequirements]) -> Option<Finding> {
    let needed = hosts
        .iter()
        .map(|host| host.requirements.address_space)
        .fold(0, u64::saturating_add);
    let (name, present, remedy) = match machine.address_space {
        Limit::Is(limit) => ("address space (ulimit -v)", limit, "ulimit -v unlimited"),
        Limit::Unlimited => (
            "address space",
            ADDRESS_SPACE,
            "lower max_processes or max_memory of the hosts",
        ),
        Limit::Unknown => return Some(Finding::new("address space (ulimit -v)").unknown()),
    };
    let finding = Finding::new(name).bytes(present, needed);
    Some(if present >= needed {
        finding
    } else {
        finding
            .says(
                short_of(hosts),
                "fewer processes than the hosts allow".to_owned(),
            )
            .remedy(remedy.to_owned())
    })
}

fn memory(machine: &Machine, hosts: &[HostRequirements]) -> Finding {
    let finding = Finding::new("memory");
    let Some(present) = machine.available else {
        return finding.unknown();
    };
    let processes = processes(hosts);
    let finding = finding.bytes(present, processes.saturating_mul(WASM_GUEST));
    if present < processes.saturating_mul(LUA) {
        // No setting says how much the processes will hold.
        return finding.says(
            Verdict::Note,
            format!(
                "room for about {} idle Lua processes, or {} idle wasm guests, of the {processes} \
                 that the hosts allow",
                present / LUA,
                present / WASM_GUEST
            ),
        );
    }
    finding
}

/// Checks the memory budgets of all processes, and those of each host.
pub(super) fn budgets(
    machine: &Machine,
    hosts: &[HostRequirements],
    stated: Option<u64>,
) -> Vec<Finding> {
    let finding = Finding::new("max_memory_total");
    let derived = machine.memory.map(default_max_memory);
    let Some(limit) = stated.or(derived) else {
        return vec![
            finding.says(
                Verdict::Note,
                "this system does not say how much memory it has: no limit for all processes"
                    .to_owned(),
            ),
        ];
    };
    let origin = match stated {
        Some(_) => "of all processes, as stated",
        None => "of all processes: what the machine or its control group has, less a reserve",
    };
    let finding = finding.size(limit);
    let finding = match machine.memory {
        Some(memory) if limit > memory => finding
            .says(
                Verdict::Note,
                format!("{origin}; more than the machine's {}", size(memory)),
            )
            .remedy("lower max_memory_total of the program".to_owned()),
        _ => finding.says(Verdict::Ok, origin.to_owned()),
    };
    let of_hosts = hosts.iter().map(|host| {
        let total = host.max_memory_total.unwrap_or(limit - limit / 8);
        let text = format!(
            "of host {}; {} of each of its processes (max_memory)",
            host.name,
            size(host.max_memory)
        );
        Finding::new("max_memory_total")
            .size(total)
            .says(Verdict::Ok, text)
    });
    std::iter::once(finding).chain(of_hosts).collect()
}

fn overcommit(machine: &Machine) -> Option<Finding> {
    let present = machine.overcommit?;
    let finding = Finding::new("vm.overcommit_memory").present(present);
    Some(if present == 2 {
        finding
            .says(
                Verdict::Note,
                "address space that is only reserved counts as used: expect far fewer processes"
                    .to_owned(),
            )
            .remedy("sysctl -w vm.overcommit_memory=0".to_owned())
    } else {
        finding
    })
}

fn open_files(machine: &Machine) -> Option<Finding> {
    let Limit::Is(present) = machine.open_files else {
        return None;
    };
    let finding = Finding::new("open files (ulimit -n)").values(present, OPEN_FILES);
    Some(if present >= OPEN_FILES {
        finding
    } else {
        finding
            .says(Verdict::Failed, "too few to start".to_owned())
            .remedy(format!("ulimit -n {OPEN_FILES}"))
    })
}

fn threads(machine: &Machine, cores: usize) -> Option<Finding> {
    let present = machine.group_tasks?;
    let needed = u64::try_from(cores)
        .unwrap_or(u64::MAX)
        .saturating_add(OTHER_THREADS);
    let finding = Finding::new("threads (pids.max)").values(present, needed);
    Some(if present >= needed {
        finding
    } else {
        finding
            .says(Verdict::Failed, "too few to start".to_owned())
            .remedy("raise pids.max of the control group".to_owned())
    })
}

fn processes(hosts: &[HostRequirements]) -> u64 {
    let all = hosts.iter().map(|host| host.max_processes);
    u64::try_from(all.fold(0, usize::saturating_add)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren::app::HostSettings;

    fn hosts(max_processes: Option<usize>) -> Vec<HostRequirements> {
        let config = HostSettings {
            max_processes,
            ..HostSettings::default()
        };
        vec![HostRequirements::of_host("app:processes".into(), &config)]
    }

    fn roomy() -> Machine {
        Machine {
            max_map_count: Some(1 << 30),
            overcommit: Some(0),
            memory: Some(1 << 40),
            available: Some(1 << 40),
            group_tasks: Some(1_000),
            address_space: Limit::Unlimited,
            open_files: Limit::Is(1_024),
        }
    }

    fn verdict_of(machine: &Machine, max_processes: Option<usize>, name: &str) -> Finding {
        let findings = of_limits(machine, &hosts(max_processes), 2);
        let found = findings.into_iter().find(|f| f.name.starts_with(name));
        found.expect("it is checked")
    }

    #[test]
    fn a_roomy_machine_passes() {
        let findings = of_limits(&roomy(), &hosts(Some(100_000)), 2);
        assert!(
            findings.iter().all(|f| f.verdict == Verdict::Ok),
            "{findings:?}"
        );
    }

    #[test]
    fn unmet_needs_of_the_manifest_fail_and_unmet_defaults_are_notes() {
        let machine = Machine {
            max_map_count: Some(65_530),
            ..roomy()
        };
        let stated = verdict_of(&machine, Some(100_000), "vm.max_map_count");
        assert_eq!(stated.verdict, Verdict::Failed);
        assert_eq!(
            (stated.present.as_deref(), stated.needed.as_deref()),
            (Some("65530"), Some("602500"))
        );
        assert_eq!(
            stated.remedy.as_deref(),
            Some("sysctl -w vm.max_map_count=602500")
        );
        assert!(
            stated
                .message
                .unwrap_or_default()
                .contains("room for 10505 of the 100000")
        );
        let default = verdict_of(&machine, None, "vm.max_map_count");
        assert_eq!(default.verdict, Verdict::Note);
        let few = verdict_of(&machine, Some(1_000), "vm.max_map_count");
        assert_eq!(few.verdict, Verdict::Ok);
    }

    #[test]
    fn each_limit_can_be_too_low() {
        let low = Machine {
            max_map_count: Some(100),
            overcommit: Some(2),
            memory: Some(1 << 20),
            available: Some(1 << 19),
            group_tasks: Some(3),
            address_space: Limit::Is(1 << 30),
            open_files: Limit::Is(3),
        };
        for (name, verdict) in [
            ("vm.max_map_count", Verdict::Failed),
            ("address space", Verdict::Failed),
            ("memory", Verdict::Note),
            ("vm.overcommit_memory", Verdict::Note),
            ("open files", Verdict::Failed),
            ("threads", Verdict::Failed),
        ] {
            assert_eq!(
                verdict_of(&low, Some(1_000), name).verdict,
                verdict,
                "{name}"
            );
        }
    }

    #[test]
    fn budgets_are_shown_and_one_beyond_the_machine_is_noted() {
        let shown = |stated| {
            let findings = budgets(&roomy(), &hosts(None), stated);
            let text = findings.iter().map(|finding| format!("{finding}\n"));
            text.collect::<String>()
        };
        let derived = shown(None);
        assert!(derived.contains("max_memory_total: 1020 GiB"), "{derived}");
        assert!(
            derived.contains("64.0 MiB of each of its processes"),
            "{derived}"
        );
        assert!(!derived.contains("note"), "{derived}");
        let stated = shown(Some(2 << 40));
        assert!(
            stated.contains("more than the machine's 1.0 TiB"),
            "{stated}"
        );
        let unknown = budgets(&Machine::default(), &hosts(None), None);
        assert_eq!(unknown[0].verdict, Verdict::Note);
    }

    #[test]
    fn more_than_a_processor_can_address_fails() {
        let finding = verdict_of(&roomy(), Some(4_000_000), "address space");
        assert_eq!(finding.verdict, Verdict::Failed);
    }
}
