//! The end of the node's log, bounded.

use std::collections::VecDeque;

use ipc_schema::{LogLevel, LogLine};

/// Lines that are kept.
const KEPT: usize = 5000;

/// The newest lines of the log.
#[derive(Debug, Default)]
pub struct LogBuffer {
    lines: VecDeque<LogLine>,
    filter: String,
    shown: Vec<usize>,
    removed: usize,
}

impl LogBuffer {
    /// Adds lines; `dropped` before them never came.
    pub fn extend(&mut self, lines: Vec<LogLine>, dropped: u64) {
        if dropped > 0 {
            let text = format!("({dropped} lines were left out, they are in the file)");
            self.push(LogLine {
                level: LogLevel::Warning,
                text,
                ..LogLine::default()
            });
        }
        for line in lines {
            self.push(line);
        }
        let gone = self.removed;
        let first_kept = self.shown.partition_point(|number| *number < gone);
        self.shown.drain(..first_kept);
    }

    fn push(&mut self, line: LogLine) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.removed += 1;
        }
        if matches(&line, &self.filter) {
            self.shown.push(self.removed + self.lines.len());
        }
        self.lines.push_back(line);
    }

    /// Shows only lines that contain `filter`, in either case.
    pub fn set_filter(&mut self, filter: &str) {
        self.filter = filter.to_lowercase();
        let removed = self.removed;
        self.shown = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| matches(line, &self.filter))
            .map(|(index, _)| removed + index)
            .collect();
    }

    /// Number of lines shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether no line is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The line in row `row` of those shown.
    pub fn row(&self, row: usize) -> Option<&LogLine> {
        self.lines
            .get(self.shown.get(row)?.checked_sub(self.removed)?)
    }

    /// All lines shown, as one text.
    pub fn text(&self) -> String {
        let rows = (0..self.len()).filter_map(|row| self.row(row));
        rows.map(|line| line.text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The last `count` lines of all.
    pub fn tail(&self, count: usize) -> Vec<&LogLine> {
        self.lines
            .iter()
            .skip(self.lines.len().saturating_sub(count))
            .collect()
    }
}

fn matches(line: &LogLine, filter: &str) -> bool {
    filter.is_empty() || line.text.to_lowercase().contains(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(range: std::ops::Range<u64>) -> Vec<LogLine> {
        range
            .map(|n| LogLine {
                sequence: n,
                text: format!("line {n}"),
                ..LogLine::default()
            })
            .collect()
    }

    #[test]
    fn old_lines_make_room_and_rows_stay_right() {
        let mut log = LogBuffer::default();
        log.extend(lines(0..4000), 0);
        log.set_filter("9");
        log.extend(lines(4000..9000), 0);
        assert!((0..log.len()).all(|row| log.row(row).is_some_and(|l| l.text.contains('9'))));
        assert_eq!(log.row(0).map(|l| l.text.as_str()), Some("line 4009"));
        log.set_filter("");
        assert_eq!(log.len(), KEPT);
        assert_eq!(log.row(0).map(|l| l.sequence), Some(4000));
        assert_eq!(log.tail(2)[1].text, "line 8999");
    }

    #[test]
    fn lost_lines_are_told() {
        let mut log = LogBuffer::default();
        log.extend(lines(0..1), 7);
        assert!(log.text().starts_with("(7 lines were left out"));
    }
}
