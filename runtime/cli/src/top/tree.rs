//! The processes under those that spawned them.

use std::collections::HashMap;

use warren::introspection::ProcessInfo;

/// The rows of the screen: each with how deep it is. As a tree, each process
/// comes under its parent; one whose parent is not there is at the top. Within
/// one parent, the order stays.
pub(super) fn rows(processes: Vec<ProcessInfo>, as_tree: bool) -> Vec<(usize, ProcessInfo)> {
    if !as_tree {
        return processes.into_iter().map(|process| (0, process)).collect();
    }
    let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    {
        let places = processes.iter().enumerate();
        let places: HashMap<_, _> = places.map(|(at, process)| (&*process.pid, at)).collect();
        for (at, process) in processes.iter().enumerate() {
            let parent = process.parent.as_deref();
            let parent = parent.and_then(|parent| places.get(parent).copied());
            children.entry(parent).or_default().push(at);
        }
    }
    let mut processes: Vec<_> = processes.into_iter().map(Some).collect();
    let mut rows = Vec::with_capacity(processes.len());
    // By hand, not by calls: a chain of parents can be long.
    let roots = children.remove(&None).unwrap_or_default();
    let mut open: Vec<(usize, usize)> = roots.into_iter().rev().map(|at| (0, at)).collect();
    while let Some((depth, at)) = open.pop() {
        if let Some(process) = processes[at].take() {
            rows.push((depth, process));
        }
        let below = children.remove(&Some(at)).unwrap_or_default();
        open.extend(below.into_iter().rev().map(|at| (depth + 1, at)));
    }
    rows
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use warren::introspection::State;

    pub(crate) fn process(pid: &str, parent: Option<&str>) -> ProcessInfo {
        ProcessInfo {
            pid: pid.to_owned(),
            state: State::Waiting,
            definition: Some("app:worker".to_owned()),
            host: "app:processes".to_owned(),
            parent: parent.map(str::to_owned),
            names: vec![format!("name-of-{pid}")],
            links: 0,
            monitors: 0,
            messages: 3,
            bytes: 100,
            events: 0,
            oldest_ms: Some(1_500),
            memory: 1 << 20,
            cpu_ms: 20,
            load: 0.5,
            age_ms: 100,
        }
    }

    #[test]
    fn children_come_under_their_parents() {
        let processes = vec![
            process("d", Some("b")),
            process("b", Some("a")),
            process("x", Some("gone")),
            process("a", None),
            process("c", Some("a")),
        ];
        let shown: Vec<_> = rows(processes.clone(), true)
            .into_iter()
            .map(|(depth, process)| (depth, process.pid))
            .collect();
        let expected = [(0, "x"), (0, "a"), (1, "b"), (2, "d"), (1, "c")];
        assert_eq!(shown, expected.map(|(depth, pid)| (depth, pid.to_owned())));
        assert!(rows(processes, false).iter().all(|(depth, _)| *depth == 0));
    }

    #[test]
    fn a_long_chain_is_no_chain_of_calls() {
        let chain = (0..100_000_u32).map(|number| {
            let parent = number.checked_sub(1).map(|parent| parent.to_string());
            process(&number.to_string(), parent.as_deref())
        });
        assert_eq!(rows(chain.collect(), true).last().unwrap().0, 99_999);
    }
}
