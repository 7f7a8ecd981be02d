//! The state of the screen, and the effects of keys.

use ratatui::widgets::TableState;
use warren::introspection::{Listing, ProcessInfo, Query, Sort};

use super::tree::{self, Shape};
use crate::report::processes::Seen;

/// Processes that are kept for scrolling.
pub(super) const LIMIT: usize = 1_000;

/// Rows that a page key moves.
const PAGE: usize = 20;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    Enter,
    /// Escape.
    Back,
    /// Backspace.
    Erase,
    /// Ctrl-C.
    Quit,
    Char(char),
}

/// The effect of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Draw again.
    Stay,
    /// Ask the program again.
    Refresh,
    /// End.
    Quit,
}

/// The state of the screen.
pub(super) struct App {
    pub(super) program: String,
    query: Query,
    pub(super) listing: Listing,
    /// The processes in the order of the screen, each with its depth.
    pub(super) rows: Vec<(usize, ProcessInfo)>,
    pub(super) shape: Shape,
    pub(super) selected: TableState,
    /// True while keys edit the filter.
    pub(super) editing: bool,
    pub(super) details: Option<Details>,
}

/// One process, in full.
pub(super) struct Details {
    pid: String,
    pub(super) content: Result<Box<Seen>, String>,
    /// Lines scrolled out of sight.
    pub(super) scrolled: u16,
}

/// The sort keys, in the order of the key `s`.
const SORTS: [Sort; 6] = [
    Sort::Load,
    Sort::Cpu,
    Sort::Memory,
    Sort::Messages,
    Sort::Oldest,
    Sort::Pid,
];

impl App {
    pub(super) fn new(program: &str, query: Query) -> App {
        App {
            program: program.to_owned(),
            query,
            listing: Listing::default(),
            rows: Vec::new(),
            shape: Shape::List,
            selected: TableState::default().with_selected(0),
            editing: false,
            details: None,
        }
    }

    pub(super) fn query(&self) -> &Query {
        &self.query
    }

    /// Returns the filter.
    pub(super) fn filter(&self) -> &str {
        self.query.text.as_deref().unwrap_or_default()
    }

    /// Returns the process whose details are shown.
    pub(super) fn details_of(&self) -> Option<&str> {
        self.details.as_ref().map(|details| details.pid.as_str())
    }

    /// Shows a new listing. The selection stays at its process if that is still
    /// there.
    pub(super) fn show(&mut self, mut listing: Listing) {
        let selected = self.selected_pid().map(str::to_owned);
        self.rows = tree::rows(std::mem::take(&mut listing.processes), self.shape);
        self.listing = listing;
        let at = selected.and_then(|pid| self.rows.iter().position(|(_, row)| row.pid == pid));
        let last = self.rows.len().saturating_sub(1);
        let at = at.or(self.selected.selected()).unwrap_or(0).min(last);
        self.selected.select(Some(at));
    }

    pub(super) fn show_details(&mut self, content: Seen) {
        if let Some(details) = &mut self.details {
            details.content = Ok(Box::new(content));
        }
    }

    pub(super) fn details_are_gone(&mut self, why: String) {
        if let Some(details) = &mut self.details {
            details.content = Err(why);
        }
    }

    pub(super) fn press(&mut self, key: Press) -> Step {
        if key == Press::Quit {
            return Step::Quit;
        }
        if self.editing {
            return self.edit(key);
        }
        match key {
            Press::Char('q') => return Step::Quit,
            Press::Up | Press::Char('k') => self.go(|at| at.saturating_sub(1)),
            Press::Down | Press::Char('j') => self.go(|at| at.saturating_add(1)),
            Press::PageUp => self.go(|at| at.saturating_sub(PAGE)),
            Press::PageDown => self.go(|at| at.saturating_add(PAGE)),
            Press::Home => self.go(|_| 0),
            Press::Enter => return self.open(),
            Press::Back if self.details.is_some() => self.details = None,
            Press::Back => return self.filter_by(String::new()),
            Press::Char('/') => {
                self.details = None;
                self.editing = true;
            }
            Press::Char('s') => {
                let at = SORTS.iter().position(|sort| *sort == self.query.sort);
                self.query.sort = SORTS[at.map_or(0, |at| (at + 1) % SORTS.len())];
                return Step::Refresh;
            }
            Press::Char('t') => return self.change_shape(Shape::Parents),
            Press::Char('l') => return self.change_shape(Shape::Links),
            Press::Char('r') => return Step::Refresh,
            Press::Erase | Press::Char(_) | Press::Quit => {}
        }
        Step::Stay
    }

    fn edit(&mut self, key: Press) -> Step {
        let mut text = self.filter().to_owned();
        match key {
            Press::Enter => self.editing = false,
            Press::Back => {
                self.editing = false;
                text.clear();
            }
            Press::Erase => {
                text.pop();
            }
            Press::Char(c) => text.push(c),
            _ => return Step::Stay,
        }
        self.filter_by(text)
    }

    fn filter_by(&mut self, text: String) -> Step {
        self.query.text = (!text.is_empty()).then_some(text);
        Step::Refresh
    }

    fn open(&mut self) -> Step {
        let Some(pid) = self.selected_pid() else {
            return Step::Stay;
        };
        self.details = Some(Details {
            pid: pid.to_owned(),
            content: Err("...".to_owned()),
            scrolled: 0,
        });
        Step::Refresh
    }

    /// Shows a tree, or the list again if that tree is shown.
    fn change_shape(&mut self, to: Shape) -> Step {
        self.shape = if self.shape == to { Shape::List } else { to };
        self.query.links = self.shape == Shape::Links;
        Step::Refresh
    }

    /// Moves the selection, or the shown details.
    fn go(&mut self, to: impl FnOnce(usize) -> usize) {
        if let Some(details) = &mut self.details {
            details.scrolled = u16::try_from(to(details.scrolled.into())).unwrap_or(u16::MAX);
            return;
        }
        let last = self.rows.len().saturating_sub(1);
        let at = to(self.selected.selected().unwrap_or(0)).min(last);
        self.selected.select(Some(at));
    }

    fn selected_pid(&self) -> Option<&str> {
        let (_, process) = self.rows.get(self.selected.selected()?)?;
        Some(process.pid.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::processes::tests::process;

    fn app(pids: &[&str]) -> App {
        let mut app = App::new("shop", Query::default());
        app.show(listing(pids));
        app
    }

    fn listing(pids: &[&str]) -> Listing {
        Listing {
            processes: pids.iter().map(|pid| process(pid, None)).collect(),
            ..Listing::default()
        }
    }

    #[test]
    fn the_selection_stays_at_its_process() {
        let mut app = app(&["a", "b", "c"]);
        app.press(Press::Down);
        assert_eq!(app.selected_pid(), Some("b"));
        app.show(listing(&["x", "c", "b"]));
        assert_eq!(app.selected_pid(), Some("b"));
        app.show(listing(&["x"]));
        assert_eq!(app.selected_pid(), Some("x"));
        app.show(listing(&[]));
        assert_eq!(app.selected_pid(), None);
        assert_eq!(app.press(Press::Enter), Step::Stay);
    }

    #[test]
    fn a_filter_is_typed_and_taken_back() {
        let mut app = app(&["a"]);
        app.press(Press::Char('/'));
        for c in "qw".chars() {
            assert_eq!(app.press(Press::Char(c)), Step::Refresh);
        }
        assert_eq!(app.query().text.as_deref(), Some("qw"));
        app.press(Press::Erase);
        app.press(Press::Enter);
        assert_eq!(app.query().text.as_deref(), Some("q"));
        assert_eq!(app.press(Press::Back), Step::Refresh);
        assert_eq!(app.query().text, None);
        assert_eq!(app.press(Press::Char('q')), Step::Quit);
    }

    #[test]
    fn each_order_has_its_turn() {
        let mut app = app(&[]);
        let mut seen = Vec::new();
        for _ in SORTS {
            assert_eq!(app.press(Press::Char('s')), Step::Refresh);
            seen.push(app.query().sort);
        }
        assert_eq!(seen, SORTS);
    }

    #[test]
    fn each_tree_has_a_key_that_also_leads_back() {
        let mut app = app(&["a"]);
        for (key, shape) in [('t', Shape::Parents), ('l', Shape::Links)] {
            assert_eq!(app.press(Press::Char(key)), Step::Refresh);
            assert_eq!(app.shape, shape);
            assert_eq!(app.query().links, shape == Shape::Links);
        }
        app.press(Press::Char('l'));
        assert_eq!((app.shape, app.query().links), (Shape::List, false));
    }

    #[test]
    fn details_are_opened_and_closed() {
        let mut app = app(&["a"]);
        assert_eq!(app.press(Press::Enter), Step::Refresh);
        assert_eq!(app.details_of(), Some("a"));
        app.details_are_gone("no such process".to_owned());
        app.press(Press::Back);
        assert_eq!(app.details_of(), None);
    }
}
