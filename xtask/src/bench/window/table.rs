//! The table of the window's measures.

use crate::output::say;

/// What was found out about a measure.
pub(super) enum Found {
    /// A figure in the unit of its row.
    Figure(f64),
    /// Why there is none.
    None(&'static str),
}

/// One line of the table.
struct Row {
    measure: &'static str,
    unit: &'static str,
    target: f64,
    limit: f64,
    found: Found,
    note: String,
}

/// All lines, in the order in which they were added.
#[derive(Default)]
pub(super) struct Table(Vec<Row>);

impl Table {
    /// Adds a figure beside its target and the limit above which it fails.
    pub(super) fn add(
        &mut self,
        (measure, unit): (&'static str, &'static str),
        (target, limit): (f64, f64),
        figure: f64,
        note: impl Into<String>,
    ) {
        self.0.push(Row {
            measure,
            unit,
            target,
            limit,
            found: Found::Figure(figure),
            note: note.into(),
        });
    }

    /// Adds a measure that was not made, and why.
    pub(super) fn leave_out(
        &mut self,
        (measure, unit): (&'static str, &'static str),
        (target, limit): (f64, f64),
        why: &'static str,
    ) {
        self.0.push(Row {
            measure,
            unit,
            target,
            limit,
            found: Found::None(why),
            note: String::new(),
        });
    }

    /// Prints it.
    pub(super) fn print(&self) {
        say(&format!(
            "{:<44}{:>6}{:>9}{:>9}{:>11}  verdict",
            "measure", "unit", "target", "at most", "measured"
        ));
        for row in &self.0 {
            let (figure, verdict) = match &row.found {
                Found::Figure(figure) if *figure <= row.target => (number(*figure), "on target"),
                Found::Figure(figure) if *figure <= row.limit => (number(*figure), "within"),
                Found::Figure(figure) => (number(*figure), "ABOVE"),
                Found::None(why) => ("-".to_owned(), *why),
            };
            let note = if row.note.is_empty() {
                String::new()
            } else {
                format!("; {}", row.note)
            };
            say(&format!(
                "{:<44}{:>6}{:>9}{:>9}{figure:>11}  {verdict}{note}",
                row.measure,
                row.unit,
                number(row.target),
                number(row.limit),
            ));
        }
    }
}

/// Two digits below ten, one below a hundred, none above.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    match text.split_once('.') {
        Some((whole, part)) if part.chars().all(|digit| digit == '0') => whole.to_owned(),
        _ => text,
    }
}
