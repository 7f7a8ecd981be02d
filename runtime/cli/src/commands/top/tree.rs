//! The processes as trees: by parents, or by links.

use std::collections::HashMap;

use warren::introspection::ProcessInfo;

/// The arrangement of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    List,
    /// Each process under its parent.
    Parents,
    /// Each process under one that it is linked to.
    Links,
}

/// Returns the rows of the screen, each with its depth. In a tree, a process
/// without its parent is at the top, and so is the first of a group of linked
/// processes. Siblings keep their order.
pub(super) fn rows(processes: Vec<ProcessInfo>, shape: Shape) -> Vec<(usize, ProcessInfo)> {
    let (first, below) = match shape {
        Shape::List => return processes.into_iter().map(|process| (0, process)).collect(),
        Shape::Parents => by_parents(&processes),
        Shape::Links => by_links(&processes),
    };
    let mut processes: Vec<_> = processes.into_iter().map(Some).collect();
    let mut rows = Vec::with_capacity(processes.len());
    for root in first {
        // Iterates instead of recursing: a chain of processes can be long.
        let mut open = vec![(0, root)];
        while let Some((depth, at)) = open.pop() {
            // With links, more than one way leads to a process.
            if let Some(process) = processes[at].take() {
                rows.push((depth, process));
                open.extend(below[at].iter().rev().map(|at| (depth + 1, *at)));
            }
        }
    }
    rows
}

/// Roots of a tree, and the children of each process.
type Arrangement = (Vec<usize>, Vec<Vec<usize>>);

fn by_parents(processes: &[ProcessInfo]) -> Arrangement {
    let places = places(processes);
    let (mut first, mut below) = (Vec::new(), vec![Vec::new(); processes.len()]);
    for (at, process) in processes.iter().enumerate() {
        let parent = process.parent.as_deref();
        match parent.and_then(|parent| places.get(parent)) {
            Some(parent) => below[*parent].push(at),
            None => first.push(at),
        }
    }
    (first, below)
}

fn by_links(processes: &[ProcessInfo]) -> Arrangement {
    let places = places(processes);
    let linked = |process: &ProcessInfo| {
        let peers = process.linked_to.iter();
        let mut peers: Vec<_> = peers
            .filter_map(|pid| places.get(&**pid).copied())
            .collect();
        peers.sort_unstable();
        peers
    };
    let below = processes.iter().map(linked).collect();
    ((0..processes.len()).collect(), below)
}

fn places(processes: &[ProcessInfo]) -> HashMap<&str, usize> {
    let places = processes.iter().enumerate();
    places
        .map(|(at, process)| (process.pid.as_str(), at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::processes::tests::process;

    #[test]
    fn children_come_under_their_parents() {
        let processes = vec![
            process("d", Some("b")),
            process("b", Some("a")),
            process("x", Some("gone")),
            process("a", None),
            process("c", Some("a")),
        ];
        let shown: Vec<_> = rows(processes.clone(), Shape::Parents)
            .into_iter()
            .map(|(depth, process)| (depth, process.pid))
            .collect();
        let expected = [(0, "x"), (0, "a"), (1, "b"), (2, "d"), (1, "c")];
        assert_eq!(
            shown,
            expected.map(|(depth, pid)| (depth, warren::Pid::from(pid)))
        );
        assert!(
            rows(processes, Shape::List)
                .iter()
                .all(|(depth, _)| *depth == 0)
        );
    }

    #[test]
    fn those_that_are_linked_come_under_one_another() {
        let linked = |pid: &str, to: &[&str]| ProcessInfo {
            linked_to: to.iter().map(|pid| (*pid).to_owned()).collect(),
            ..process(pid, None)
        };
        let processes = vec![
            linked("alone", &[]),
            linked("a", &["b", "d", "gone"]),
            linked("b", &["c", "a"]),
            linked("c", &["b", "d"]),
            linked("x", &["y"]),
            linked("d", &["a", "c"]),
            linked("y", &["x"]),
        ];
        let shown: Vec<_> = rows(processes, Shape::Links)
            .into_iter()
            .map(|(depth, process)| (depth, process.pid))
            .collect();
        let expected = [
            (0, "alone"),
            (0, "a"),
            (1, "b"),
            (2, "c"),
            (3, "d"),
            (0, "x"),
            (1, "y"),
        ];
        assert_eq!(
            shown,
            expected.map(|(depth, pid)| (depth, warren::Pid::from(pid)))
        );
    }

    #[test]
    fn a_long_chain_is_no_chain_of_calls() {
        let chain = (0..100_000_u32).map(|number| {
            let parent = number.checked_sub(1).map(|parent| parent.to_string());
            process(&number.to_string(), parent.as_deref())
        });
        assert_eq!(
            rows(chain.collect(), Shape::Parents).last().unwrap().0,
            99_999
        );
    }
}
