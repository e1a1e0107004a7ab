//! An address as it is compared by eye: whole, in groups of four, in two alternating tones.

use iced::Length;
use iced::widget::row;

use super::text;
use crate::Element;
use crate::theme::{Tone, fonts, size};

/// Characters in a group.
const GROUP: usize = 4;

/// Cuts an address into groups of four characters.
pub fn groups(address: &str) -> Vec<String> {
    let chars: Vec<char> = address.chars().collect();
    chars
        .chunks(GROUP)
        .map(|group| group.iter().collect())
        .collect()
}

/// An address in one line: its first two and its last two groups.
pub fn short(address: &str) -> String {
    let groups = groups(address);
    match groups.as_slice() {
        [first, second, .., before, last] if groups.len() > 4 => {
            let tail: String = format!("{before}{last}")
                .chars()
                .rev()
                .take(2 * GROUP)
                .collect();
            let tail: Vec<char> = tail.chars().rev().collect();
            let (a, b) = tail.split_at(tail.len() / 2);
            let (a, b): (String, String) = (a.iter().collect(), b.iter().collect());
            format!("{first} {second} … {a} {b}")
        }
        _ => groups.join(" "),
    }
}

/// The whole address; wraps between groups and is never cut.
pub fn address<'a, Message: 'a>(address: &str) -> Element<'a, Message> {
    row(groups(address)
        .into_iter()
        .enumerate()
        .map(|(index, group)| {
            let tone = if index % 2 == 0 {
                Tone::Main
            } else {
                Tone::Accent
            };
            text::line(group).font(fonts::MONO).class(tone).into()
        }))
    .spacing(size::S2)
    .width(Length::Fill)
    .wrap()
    .vertical_spacing(size::S1)
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_every_character_in_order() {
        let address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
        assert_eq!(groups(address).concat(), address);
        assert!(
            groups(address)
                .iter()
                .rev()
                .skip(1)
                .all(|group| group.len() == 4)
        );
    }

    #[test]
    fn the_short_form_keeps_both_ends() {
        assert_eq!(
            short("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"),
            "bcrt 1qw5 … 7kyg t080"
        );
        assert_eq!(short("abcdefgh"), "abcd efgh");
    }
}
