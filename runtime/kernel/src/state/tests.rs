//! The state machine by itself.

use std::num::NonZeroU64;

use super::*;
use crate::events::Notice;
use crate::message::Message;
use crate::moment::Timestamp;
use crate::relation::Relation;

fn pid(number: u64) -> Pid {
    Pid::new(NonZeroU64::new(number).unwrap())
}

fn notice(number: u64, outcome: Outcome) -> Notice {
    Notice {
        pid: pid(number),
        text: pid(number).text("a:b"),
        at: Timestamp(0),
        outcome: Arc::new(outcome),
    }
}

fn doom(message: &str, by_link: bool) -> Doom {
    Doom {
        outcome: Arc::new(Outcome::Failed(Box::new(crate::Error::internal(message)))),
        by_link,
    }
}

#[test]
fn after_the_exit_every_signal_is_refused_and_a_second_exit_is_none() {
    let config = HostConfig::default();
    let mut state = State::new(Account::default());
    assert!(state.exit().is_some());
    assert!(state.exit().is_none());
    let message = Message::new(None, "t", b"");
    assert_eq!(
        state.deliver("t", message, &config, Monotonic(1)),
        Err(Refusal::Exited)
    );
    assert_eq!(state.doom(doom("x", false)), Err(Refusal::Exited));
    assert_eq!(state.link(pid(2), &config), Err(Refusal::Exited));
    assert_eq!(state.monitor(pid(2), &config), Err(Refusal::Exited));
    assert_eq!(state.set_monitored(pid(2), true), Err(Refusal::Exited));
    let told = state.peer_exited(&notice(2, Outcome::Returned(None)), None);
    assert_eq!(told, Effect::Nothing);
}

#[test]
fn the_first_doom_holds() {
    let mut state = State::new(Account::default());
    assert_eq!(state.doom(doom("first", false)), Ok(Effect::Doomed));
    assert_eq!(state.doom(doom("second", true)), Ok(Effect::Nothing));
    let held = state.doomed_to().unwrap();
    assert_eq!(held.outcome, doom("first", false).outcome);
    assert!(!held.by_link);
}

#[test]
fn the_effect_of_a_failure_depends_on_tie_and_trap() {
    let config = HostConfig::default();
    let failed = notice(2, Outcome::terminated());
    let fall = doom("fall", true);
    let mut stranger = State::new(Account::default());
    assert_eq!(stranger.peer_exited(&failed, Some(&fall)), Effect::Nothing);
    let mut linked = State::new(Account::default());
    linked.link(pid(2), &config).unwrap();
    assert_eq!(linked.peer_exited(&failed, Some(&fall)), Effect::Doomed);
    assert_eq!(linked.ties().links(), 0);
    let mut trapping = State::new(Account::default());
    trapping.set_trap_links(true);
    trapping.link(pid(2), &config).unwrap();
    assert_eq!(trapping.peer_exited(&failed, Some(&fall)), Effect::Nothing);
    assert_eq!(trapping.events().link_downs(), 1);
    let mut watching = State::new(Account::default());
    watching.monitor(pid(2), &config).unwrap();
    watching.open_events();
    assert!(watching.poll_receive(&[Subscription::EVENTS]).is_none());
    assert_eq!(watching.peer_exited(&failed, Some(&fall)), Effect::Wake);
    assert_eq!(watching.peer_exited(&failed, Some(&fall)), Effect::Nothing);
    assert_eq!(watching.events().exits(), 1);
}

#[test]
fn adoption_is_undone_whole() {
    let config = HostConfig::default();
    let mut state = State::new(Account::default());
    let child = crate::execs::Callee {
        pid: pid(2),
        process: crate::sync::Weak::<crate::process::Process>::new(),
    };
    let relation = Relation {
        monitored: true,
        linked: true,
    };
    let exec = state.adopt(child, relation, true, &config).unwrap();
    assert_eq!((state.ties().peers(), state.execs().len()), (1, 1));
    state.disown(pid(2), exec);
    assert_eq!((state.ties().peers(), state.execs().len()), (0, 0));
}

#[test]
fn looking_for_an_item_takes_none_and_registers_the_wish() {
    let config = HostConfig::default();
    let mut state = State::new(Account::default());
    state.open_inbox();
    let wanted = [Subscription::EVENTS, Subscription::INBOX];
    assert!(!state.poll_ready(&wanted));
    assert!(state.is_waiting());
    let deliver = |state: &mut State| {
        let message = Message::new(None, "t", b"");
        state.deliver("t", message, &config, Monotonic(1))
    };
    assert_eq!(deliver(&mut state), Ok(Effect::Wake));
    assert!(state.poll_ready(&wanted));
    assert!(!state.is_waiting());
    assert!(!state.poll_ready(&wanted[..1]), "nobody wants it");
    assert!(state.try_receive(&wanted).is_some());
    assert!(!state.poll_ready(&wanted));
}
