//! One process of the model, by itself.

use std::collections::BTreeMap;

use super::{EVENTS, INBOX, Item, Phase, Process};

impl Process {
    pub(super) fn new() -> Self {
        Process {
            phase: Phase::Live,
            trap: false,
            inbox: false,
            events: false,
            listeners: BTreeMap::new(),
            mail: Vec::new(),
            news: Vec::new(),
            execs: BTreeMap::new(),
            waited_for_by: None,
            next_subscription: 3,
            doom: None,
            deadline: None,
            interest: Vec::new(),
            wakes: 0,
            outcome: None,
            abandoned: Vec::new(),
        }
    }

    /// Messages, bytes, events.
    pub(crate) fn depth(&self) -> (usize, usize, usize) {
        let bytes = self.mail.iter().map(|mail| mail.bytes).sum();
        (self.mail.len(), bytes, self.news.len())
    }

    pub(crate) fn open_inbox(&mut self) {
        self.inbox = true;
        for mail in &mut self.mail {
            if mail.at == 0 {
                mail.at = INBOX;
            }
        }
    }

    pub(crate) fn unlisten(&mut self, number: u32) {
        if self.listeners.remove(&number).is_some() {
            let to = if self.inbox { INBOX } else { 0 };
            for mail in self.mail.iter_mut().filter(|mail| mail.at == number) {
                mail.at = to;
            }
        }
    }

    pub(crate) fn receive(&mut self, wanted: &[u32], wait: bool) -> Option<(u32, Item)> {
        let received = wanted
            .iter()
            .find_map(|&number| Some((number, self.take(number)?)));
        self.interest.clear();
        if wait && received.is_none() {
            self.interest.extend(wanted);
        }
        received
    }

    pub(super) fn take(&mut self, number: u32) -> Option<Item> {
        if number == EVENTS {
            return (self.events && !self.news.is_empty()).then(|| self.news.remove(0));
        }
        if let Some((_, Some(_))) = self.execs.get(&number) {
            let (_, outcome) = self.execs.remove(&number)?;
            return outcome.map(Item::Exec);
        }
        let known = number == INBOX || self.listeners.contains_key(&number);
        let index = self.mail.iter().position(|mail| mail.at == number)?;
        known.then(|| self.mail.remove(index).item)
    }

    pub(super) fn tell(&mut self, item: Item) {
        self.news.push(item);
        if self.events {
            self.readable(EVENTS);
        }
    }

    pub(super) fn doom(&mut self, outcome: &str, by_link: bool) {
        if self.doom.is_none() {
            self.doom = Some((outcome.to_owned(), by_link));
            self.wakes += 1;
        }
    }

    pub(super) fn readable(&mut self, number: u32) {
        if number != 0 && self.interest.contains(&number) {
            self.interest.clear();
            self.wakes += 1;
        }
    }

    pub(super) fn allocate(&mut self) -> u32 {
        self.next_subscription += 1;
        self.next_subscription - 1
    }
}
