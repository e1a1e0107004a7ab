//! Long lines of fixed-pitch text, cut to the width at hand.

/// Width of a character of the fixed-pitch font, as a share of its size.
const ADVANCE: f32 = 0.6;

/// Characters of size `text_size` that fit into `width`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float to integer cast saturates, and widths are small"
)]
pub fn columns(width: f32, text_size: f32) -> usize {
    ((width / (text_size * ADVANCE)).floor() as usize).max(20)
}

/// A piece of a line: the line's number and where the piece begins and ends in it, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Which line.
    pub line: usize,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// Where a piece of `text` ends that may have `most` bytes: behind a space, unless the word is long.
fn at_space(text: &str, most: usize) -> usize {
    match text[..most].rfind(' ') {
        Some(space) if space >= most / 2 => space + 1,
        _ => most,
    }
}

/// Cuts `lines` into pieces of at most `columns` characters, between words where that is possible.
pub fn pieces<'a>(lines: impl Iterator<Item = &'a str>, columns: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (line, text) in lines.enumerate() {
        // Most lines are short, and then nothing is counted.
        if text.len() <= columns {
            pieces.push(Piece {
                line,
                start: 0,
                end: text.len(),
            });
            continue;
        }
        let mut start = 0;
        while start < text.len() {
            let rest = &text[start..];
            let end = rest
                .char_indices()
                .nth(columns)
                .map_or(text.len(), |(at, _)| start + at_space(rest, at));
            pieces.push(Piece { line, start, end });
            start = end;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_where_lines_are_cut() {
        let lines = ["", "short", "größer als zehn Zeichen", "0123456789"];
        let pieces = pieces(lines.into_iter(), 10);
        for (number, line) in lines.iter().enumerate() {
            let joined: String = pieces
                .iter()
                .filter(|p| p.line == number)
                .map(|p| &line[p.start..p.end])
                .collect();
            assert_eq!(joined, **line);
        }
        assert!(
            pieces
                .iter()
                .all(|p| lines[p.line][p.start..p.end].chars().count() <= 10)
        );
        let word_by_word: Vec<&str> = pieces
            .iter()
            .filter(|p| p.line == 2)
            .map(|p| &lines[2][p.start..p.end])
            .collect();
        assert_eq!(word_by_word, ["größer ", "als zehn ", "Zeichen"]);
        assert_eq!(
            pieces.iter().filter(|p| p.line == 0).count(),
            1,
            "an empty line stays a line"
        );
    }
}
