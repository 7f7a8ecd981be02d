//! The screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table, Wrap};
use warren::introspection::{ProcessInfo, Sort, State};
use warren::text;

use super::app::{App, Details};
use super::tree::Shape;
use crate::report::{processes, quantity};

/// Deepest indentation of a tree.
const DEEPEST: usize = 10;

/// Draws the whole screen.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(4),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(totals(app)), head);
    match &mut app.details {
        Some(details) => draw_details(frame, body, details),
        None => draw_table(frame, body, app),
    }
    frame.render_widget(Line::from(help(app)).style(reversed()), foot);
}

fn totals(app: &App) -> Vec<Line<'static>> {
    let totals = &app.listing.totals;
    let states = State::ALL.iter().zip(totals.states);
    let states: Vec<String> = states
        .filter(|(_, count)| *count > 0)
        .map(|(state, count)| format!("{count} {}", state.as_str()))
        .collect();
    let ended = totals.returned + totals.failed + totals.terminated + totals.linked;
    vec![
        Line::from(format!(
            "{}   up {}   {} processes: {}",
            text::line(&app.program),
            quantity::duration(totals.uptime_ms),
            totals.processes,
            states.join(", "),
        )),
        Line::from(format!(
            "spawned {}   ended {ended}, {} of them failed   sent {}   {} wait for a worker",
            totals.spawned, totals.failed, totals.sent, totals.queued,
        )),
        Line::from(format!(
            "unread {} messages, {}   linear memory {}   names {}",
            totals.messages,
            quantity::bytes(totals.bytes as u64),
            quantity::bytes(totals.memory),
            totals.names,
        )),
        Line::from(format!("budget: {}", processes::budgets(totals))),
    ]
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let sort = app.query().sort;
    let heading = |name: &'static str, by: Option<Sort>| {
        let style = if by == Some(sort) {
            reversed().add_modifier(Modifier::BOLD)
        } else {
            reversed()
        };
        Cell::from(name).style(style)
    };
    let header = Row::new([
        heading("PID", Some(Sort::Pid)),
        heading("STATE", None),
        heading("DEFINITION", None),
        heading("LOAD", Some(Sort::Load)),
        heading("CPU", Some(Sort::Cpu)),
        heading("MEMORY", Some(Sort::Memory)),
        heading("HELD", None),
        heading("MESSAGES", Some(Sort::Messages)),
        heading("OLDEST", Some(Sort::Oldest)),
        heading("NAMES", None),
    ])
    .style(reversed());
    let widths = [
        Constraint::Length(28),
        Constraint::Length(8),
        Constraint::Min(14),
        Constraint::Length(6),
        Constraint::Length(7),
        Constraint::Length(10),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(7),
        Constraint::Min(10),
    ];
    let table = Table::new(
        app.rows.iter().map(|(depth, process)| row(*depth, process)),
        widths,
    )
    .header(header)
    .row_highlight_style(reversed());
    frame.render_stateful_widget(table, area, &mut app.selected);
}

fn row(depth: usize, process: &ProcessInfo) -> Row<'static> {
    let indent = "  ".repeat(depth.min(DEEPEST));
    Row::new([
        format!("{indent}{}", text::line(process.pid.as_str())),
        process.state.as_str().to_owned(),
        text::line(process.definition.as_deref().unwrap_or("-")).to_string(),
        quantity::percent(process.load),
        quantity::duration(process.cpu_ms),
        quantity::bytes(process.memory),
        quantity::bytes(process.held),
        process.messages.to_string(),
        process.oldest_ms.map_or("-".to_owned(), quantity::duration),
        processes::names(process),
    ])
}

fn draw_details(frame: &mut Frame<'_>, area: Rect, details: &mut Details) {
    let text = match &details.content {
        Ok(seen) => processes::lines(seen),
        Err(why) => text::line(why).to_string(),
    };
    // The last line stays in sight.
    let lines = u16::try_from(text.lines().count()).unwrap_or(u16::MAX);
    details.scrolled = details.scrolled.min(lines.saturating_sub(1));
    let paragraph = Paragraph::new(text)
        .wrap(Wrap { trim: false })
        .scroll((details.scrolled, 0))
        .block(Block::bordered().title("process"));
    frame.render_widget(paragraph, area);
}

fn help(app: &App) -> String {
    if app.editing {
        return format!("filter: {}_", text::line(app.filter()));
    }
    if app.details.is_some() {
        return "Esc back  Up/Down scroll  q quit".to_owned();
    }
    let filter = match app.filter() {
        "" => String::new(),
        filter => format!("  [{}, Esc: all]", text::line(filter)),
    };
    let shape = match app.shape {
        Shape::List => "",
        Shape::Parents => "  (under parents)",
        Shape::Links => "  (by links)",
    };
    format!("q quit  s sort  / filter  t tree  l links  Enter details{shape}{filter}")
}

fn reversed() -> Style {
    Style::default().add_modifier(Modifier::REVERSED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::processes::tests::process;
    use crate::top::app::Press;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use warren::introspection::{Listing, Query, Totals};

    fn screen(app: &mut App) -> String {
        let mut terminal = Terminal::new(TestBackend::new(110, 10)).unwrap();
        terminal.draw(|frame| draw(frame, app)).unwrap();
        terminal.backend().to_string()
    }

    fn app() -> App {
        let mut app = App::new("shop", Query::default());
        app.show(listing());
        app
    }

    fn listing() -> Listing {
        Listing {
            totals: Totals {
                processes: 2,
                states: [0, 0, 2, 0, 0, 0],
                ..Totals::default()
            },
            matched: 2,
            processes: vec![
                process("{a|0x00002}", Some("{a|0x00001}")),
                process("{a|0x00001}", None),
            ],
            took_us: 10,
        }
    }

    #[test]
    fn the_list_has_totals_rows_and_help() {
        let shown = screen(&mut app());
        for text in [
            "2 processes: 2 waiting",
            "PID",
            "{a|0x00002}",
            "50.0%",
            "1.5s",
            "q quit",
        ] {
            assert!(shown.contains(text), "{text}\n{shown}");
        }
    }

    #[test]
    fn a_tree_is_indented_below_parents() {
        let mut app = app();
        app.press(Press::Char('t'));
        app.show(listing());
        let shown = screen(&mut app);
        let (parent, child) = (shown.find("{a|0x00001}"), shown.find("  {a|0x00002}"));
        assert!(parent.unwrap() < child.unwrap(), "{shown}");
    }

    #[test]
    fn the_filter_is_seen_while_it_is_typed() {
        let mut app = app();
        app.press(Press::Char('/'));
        app.press(Press::Char('w'));
        assert!(screen(&mut app).contains("filter: w_"));
    }

    #[test]
    fn a_process_that_has_ended_says_so_in_its_details() {
        let mut app = app();
        app.press(Press::Enter);
        app.details_are_gone("process not found: {a|0x00002}".to_owned());
        assert!(screen(&mut app).contains("process not found: {a|0x00002}"));
    }

    #[test]
    fn any_size_will_do() {
        for (width, height) in [(1, 1), (5, 3), (300, 2)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(frame, &mut app())).unwrap();
        }
    }
}
