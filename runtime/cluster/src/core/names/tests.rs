use std::collections::VecDeque;

use warren_kernel::{Kind, Monotonic, Outcome, Pid, Timestamp};

use crate::core::{Core, Named, Output};
use crate::member::key_of_name;
use crate::signal::{End, Notice, Place};
use crate::transport::{Event, Found, Operation, Refusal};
use crate::victim::Victim;
use crate::view::Token;
use crate::wire::frame::{Body, Frame};

/// A time within the lease of a [`Victim`].
const NOW: Monotonic = Monotonic(3_000_000_000);

fn place(number: u64) -> Place {
    Place {
        host: "h".into(),
        pid: Pid::from_number(number).unwrap(),
    }
}

/// Returns the numbers of the operations on the name `n` that are asked for, and the other
/// outputs.
fn asked(core: &mut Core) -> (Vec<u64>, VecDeque<Output>) {
    let mut numbers = Vec::new();
    let mut others = VecDeque::new();
    for output in core.outputs() {
        match output {
            Output::Ask(
                number,
                Operation::Get { key } | Operation::Put { key, .. } | Operation::Delete { key, .. },
            ) if key == key_of_name("n") => numbers.push(number),
            other => others.push_back(other),
        }
    }
    (numbers, others)
}

fn answer(core: &mut Core, number: u64, result: Result<Found, Refusal>) {
    core.event(Event::Answer { number, result }, NOW);
}

/// Returns the number of frames with data that the node sends.
fn frames(core: &mut Core) -> usize {
    core.turn(NOW);
    let outputs = core.outputs();
    let is_data = |output: &&Output| match output {
        Output::Packet(_, packet) => {
            let frame = Frame::decode(packet).unwrap();
            matches!(frame.body, Body::Data { .. })
        }
        _ => false,
    };
    outputs.iter().filter(is_data).count()
}

fn end_of(process: &Place) -> Notice {
    Notice::Ended(End {
        process: process.clone(),
        at: Timestamp(0),
        outcome: Outcome::Returned(None),
        by_link: false,
        told: vec![place(9)],
    })
}

#[test]
fn another_node_learns_of_an_end_once_the_names_are_free() {
    let Victim { mut core, peer, .. } = Victim::new();
    frames(&mut core);
    let call = core.register("n", &place(7), NOW);
    let (put, _) = asked(&mut core);
    answer(&mut core, put[0], Ok(Found::Revision(5)));
    let taken = Output::Name(call, Ok(Named::Taken(Token(5))));
    assert_eq!(asked(&mut core).1, [taken]);
    assert!(core.notify(&peer, &end_of(&place(7)), NOW));
    let (delete, _) = asked(&mut core);
    assert_eq!(frames(&mut core), 0, "the name is not free yet");
    core.exited(place(7).pid, NOW);
    assert!(asked(&mut core).0.is_empty(), "it is being freed already");
    answer(&mut core, delete[0], Ok(Found::Revision(0)));
    assert_eq!(frames(&mut core), 1);
    // Processes without names wait for nothing.
    assert!(core.notify(&peer, &end_of(&place(8)), NOW));
    assert_eq!(frames(&mut core), 1);
}

#[test]
fn a_name_that_is_being_taken_at_the_end_is_freed_before_another_node_learns_of_it() {
    let Victim { mut core, peer, .. } = Victim::new();
    frames(&mut core);
    core.register("n", &place(7), NOW);
    let (put, _) = asked(&mut core);
    assert!(core.notify(&peer, &end_of(&place(7)), NOW));
    answer(&mut core, put[0], Ok(Found::Revision(5)));
    let (delete, _) = asked(&mut core);
    assert_eq!(frames(&mut core), 0);
    // The server does not answer: the end is told all the same.
    let refusal = Refusal::Unavailable("no answer".to_owned());
    answer(&mut core, delete[0], Err(refusal));
    assert_eq!(frames(&mut core), 1);
}

#[test]
fn registrations_of_one_name_begin_one_after_the_other() {
    let Victim { mut core, .. } = Victim::new();
    frames(&mut core);
    let calls: Vec<_> = (1..=4)
        .map(|number| core.register("n", &place(number), NOW))
        .collect();
    let (put, others) = asked(&mut core);
    assert_eq!((put.len(), others.len()), (1, 0));
    core.exited(place(2).pid, NOW);
    let refusal = Refusal::Unavailable("no answer".to_owned());
    answer(&mut core, put[0], Err(refusal));
    let (put, others) = asked(&mut core);
    let kinds: Vec<_> = others
        .iter()
        .map(|output| match output {
            Output::Name(call, Err(error)) => (*call, error.kind.clone()),
            other => panic!("not expected: {other:?}"),
        })
        .collect();
    let expected = [(calls[1], Kind::NotFound), (calls[0], Kind::Unavailable)];
    assert_eq!(kinds, expected);
    answer(&mut core, put[0], Ok(Found::Revision(6)));
    let (asked, others) = asked(&mut core);
    assert!(asked.is_empty());
    let taken = Output::Name(calls[2], Ok(Named::Taken(Token(6))));
    assert_eq!(others[0], taken);
    let refused = match &others[1] {
        Output::Name(call, Err(error)) => (*call, error.kind.clone()),
        other => panic!("not expected: {other:?}"),
    };
    assert_eq!(refused, (calls[3], Kind::AlreadyExists));
}
