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

/// A column of the table.
struct Column {
    heading: &'static str,
    /// The key that sorts by this column.
    sort: Option<Sort>,
    /// The width; of a column that grows, the least one.
    width: u16,
    /// True for a column that takes a share of the room that is left.
    grows: bool,
}

impl Column {
    const fn new(heading: &'static str, sort: Option<Sort>, width: u16) -> Column {
        Column {
            heading,
            sort,
            width,
            grows: false,
        }
    }

    const fn growing(mut self) -> Column {
        self.grows = true;
        self
    }

    fn constraint(&self) -> Constraint {
        match self.grows {
            true => Constraint::Min(self.width),
            false => Constraint::Length(self.width),
        }
    }
}

/// The columns, in the order of the cells of [`cells`].
static COLUMNS: [Column; 10] = [
    Column::new("PID", Some(Sort::Pid), 28),
    Column::new("STATE", None, 8),
    Column::new("DEFINITION", None, 14).growing(),
    Column::new("LOAD", Some(Sort::Load), 6),
    Column::new("CPU", Some(Sort::Cpu), 7),
    Column::new("MEMORY", Some(Sort::Memory), 10),
    Column::new("HELD", None, 9),
    Column::new("MESSAGES", Some(Sort::Messages), 8),
    Column::new("OLDEST", Some(Sort::Oldest), 7),
    Column::new("NAMES", None, 10).growing(),
];

/// The columns that a narrow terminal does without, in the order in which they go.
const DISPENSABLE: [&str; 8] = [
    "NAMES", "HELD", "OLDEST", "CPU", "STATE", "MESSAGES", "MEMORY", "LOAD",
];

/// Returns the places of the columns that fit into a width. The column of the sort key stays.
fn columns(width: u16, sort: Sort) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..COLUMNS.len()).collect();
    for name in DISPENSABLE {
        // A space is between two columns.
        let needed: u16 = shown.iter().map(|column| COLUMNS[*column].width + 1).sum();
        if needed <= width.saturating_add(1) {
            break;
        }
        shown.retain(|column| {
            let column = &COLUMNS[*column];
            column.heading != name || column.sort == Some(sort)
        });
    }
    shown
}

/// Joins parts, in as many lines of this width as they need.
fn packed(
    parts: impl IntoIterator<Item = String>,
    between: &str,
    width: u16,
) -> Vec<Line<'static>> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let further = between.len() + part.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + further <= usize::from(width) => {
                line.push_str(between);
                line.push_str(&part);
            }
            _ => lines.push(part),
        }
    }
    lines.into_iter().map(Line::from).collect()
}

/// Draws the whole screen.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let area = frame.area();
    let (totals, help) = (totals(app, area.width), packed(help(app), "  ", area.width));
    // The table has a third of the screen at least.
    let height = |lines: &[Line<'_>]| {
        let lines = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        Constraint::Length(lines.min(area.height / 3).max(1))
    };
    let [head, body, foot] =
        Layout::vertical([height(&totals), Constraint::Min(1), height(&help)]).areas(area);
    frame.render_widget(Paragraph::new(totals), head);
    match &mut app.details {
        Some(details) => draw_details(frame, body, details),
        None => draw_table(frame, body, app),
    }
    frame.render_widget(Paragraph::new(help).style(reversed()), foot);
}

/// Returns the totals: four lines, or more on a narrow terminal.
fn totals(app: &App, width: u16) -> Vec<Line<'static>> {
    let totals = &app.listing.totals;
    let states = State::ALL.iter().zip(totals.states);
    let states: Vec<String> = states
        .filter(|(_, count)| *count > 0)
        .map(|(state, count)| format!("{count} {}", state.as_str()))
        .collect();
    let ended = totals.returned + totals.failed + totals.terminated + totals.linked;
    let budgets = format!("budget: {}", processes::budgets(totals));
    let lines = [
        vec![
            text::line(&app.program).to_string(),
            format!("up {}", quantity::duration(totals.uptime_ms)),
            format!("{} processes: {}", totals.processes, states.join(", ")),
        ],
        vec![
            format!("spawned {}", totals.spawned),
            format!("ended {ended}, {} of them failed", totals.failed),
            format!("sent {}", totals.sent),
            format!("{} wait for a worker", totals.queued),
        ],
        vec![
            format!(
                "unread {} messages, {}",
                totals.messages,
                quantity::bytes(totals.bytes as u64)
            ),
            format!("linear memory {}", quantity::bytes(totals.memory)),
            format!("names {}", totals.names),
        ],
        budgets.split(BETWEEN).map(str::to_owned).collect(),
    ];
    let lines = lines.into_iter();
    lines
        .flat_map(|parts| packed(parts, BETWEEN, width))
        .collect()
}

/// The space between two totals of a line.
const BETWEEN: &str = "   ";

fn draw_table(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let sort = app.query().sort;
    let shown = columns(area.width, sort);
    let headings = shown.iter().map(|column| {
        let column = &COLUMNS[*column];
        let style = if column.sort == Some(sort) {
            reversed().add_modifier(Modifier::BOLD)
        } else {
            reversed()
        };
        Cell::from(column.heading).style(style)
    });
    let header = Row::new(headings).style(reversed());
    let rows = app.rows.iter().map(|(depth, process)| {
        let cells = cells(*depth, process);
        Row::new(shown.iter().map(|column| cells[*column].clone()))
    });
    let widths = shown.iter().map(|column| COLUMNS[*column].constraint());
    let table = Table::new(rows, widths)
        .header(header)
        .row_highlight_style(reversed());
    frame.render_stateful_widget(table, area, &mut app.selected);
}

fn cells(depth: usize, process: &ProcessInfo) -> [String; 10] {
    let indent = "  ".repeat(depth.min(DEEPEST));
    [
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
    ]
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

/// Returns the keys that do something now, and the filter.
fn help(app: &App) -> Vec<String> {
    if app.editing {
        return vec![format!("filter: {}_", text::line(app.filter()))];
    }
    let keys: &[&str] = match app.details {
        Some(_) => &["Esc back", "Up/Down scroll", "q quit"],
        None => &[
            "q quit",
            "s sort",
            "/ filter",
            "t tree",
            "l links",
            "Enter details",
        ],
    };
    let mut parts: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    if app.details.is_some() {
        return parts;
    }
    match app.shape {
        Shape::List => {}
        Shape::Parents => parts.push("(under parents)".to_owned()),
        Shape::Links => parts.push("(by links)".to_owned()),
    }
    if !app.filter().is_empty() {
        parts.push(format!("[{}, Esc: all]", text::line(app.filter())));
    }
    parts
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
        screen_of(app, 110, 12)
    }

    fn screen_of(app: &mut App, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
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
    fn a_narrow_terminal_has_whole_columns() {
        let pid = "{app:processes|0x0002a}";
        let narrow = |width| {
            let mut app = app();
            app.show(Listing {
                processes: vec![process(pid, None)],
                ..listing()
            });
            screen_of(&mut app, width, 24)
        };
        let (of_80, of_50) = (narrow(80), narrow(50));
        for shown in [&of_80, &of_50] {
            for text in [
                pid,
                "app:worker",
                "spawned 0",
                "0 wait for a worker",
                "names 0",
                "budget: memory",
                "q quit",
                "Enter details",
            ] {
                assert!(shown.contains(text), "{text}\n{shown}");
            }
            assert!(!shown.contains("NAMES"), "{shown}");
        }
        for text in ["waiting ", "50.0%", "1.0 MiB", "MESSAGES"] {
            assert!(of_80.contains(text), "{text}\n{of_80}");
        }
    }

    #[test]
    fn the_column_of_the_sort_key_stays() {
        let headings = |width, sort| -> Vec<&'static str> {
            let shown = columns(width, sort).into_iter();
            shown.map(|column| COLUMNS[column].heading).collect()
        };
        assert_eq!(headings(116, Sort::Load).len(), COLUMNS.len());
        assert_eq!(headings(115, Sort::Load).len(), COLUMNS.len() - 1);
        assert_eq!(headings(50, Sort::Load), ["PID", "DEFINITION", "LOAD"]);
        assert_eq!(headings(50, Sort::Oldest), ["PID", "DEFINITION", "OLDEST"]);
        assert_eq!(headings(1, Sort::Pid), ["PID", "DEFINITION"]);
        for name in DISPENSABLE {
            assert!(
                COLUMNS.iter().any(|column| column.heading == name),
                "{name}"
            );
        }
    }

    #[test]
    fn parts_go_on_in_the_next_line() {
        let parts = ["one", "two", "three", "seventeen"].map(str::to_owned);
        let lines = packed(parts, "  ", 8);
        let lines: Vec<String> = lines.iter().map(Line::to_string).collect();
        assert_eq!(lines, ["one  two", "three", "seventeen"]);
    }

    #[test]
    fn any_size_will_do() {
        for (width, height) in [(1, 1), (5, 3), (300, 2)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(frame, &mut app())).unwrap();
        }
    }
}
