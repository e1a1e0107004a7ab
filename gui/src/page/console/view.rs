//! How the console looks.

use iced::keyboard::{Key, Modifiers, key};
use iced::widget::{column, container, responsive, row, space};
use iced::{Alignment, Length, Padding};
use ipc_schema::Phase;

use super::{Kind, Line, Message, Page};
use crate::Element;
use crate::model::{Model, console};
use crate::theme::{Icon, Press, Surface, Tone, fonts, size};
use crate::widget::button::check;
use crate::widget::lines::{self, Piece};
use crate::widget::{Field, Scope, VirtualList, icon_button, keys, layout, pressable, text};

/// Name of the input.
pub(super) const INPUT: &str = "console-input";
/// Completions shown.
const OFFERED: usize = 8;

/// What `help-console` prints.
pub(super) const SYNTAX_HELP: &str = "\
Commands and their arguments stand in one line, with spaces or commas between them:
  getblockhash 0
Parentheses put the result of one command into another; calls nest as deep as you like:
  getblock(getblockhash(0), 1)
Square brackets pick from a result, by name or by number:
  getblock(getblockhash(0) 1)[tx][0]
Text with spaces stands in quotes. Inside '…' everything stands for itself;
inside \"…\" a backslash protects a quotation mark or another backslash.
Lists and objects are written as JSON, without quotes around them.
Keys and passphrases are never shown again and never remembered.";

pub(super) fn view<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let forget = (!page.history.lines().is_empty()).then_some(Message::ForgetHistory);
    let tools = row![
        icon_button(
            Icon::Minus,
            "Smaller text",
            "console-smaller",
            Some(Message::Size(false))
        ),
        icon_button(
            Icon::Plus,
            "Larger text",
            "console-larger",
            Some(Message::Size(true))
        ),
        icon_button(
            Icon::Copy,
            "Copy everything",
            "console-copy",
            Some(Message::CopyAll)
        ),
        icon_button(
            Icon::Trash,
            "Clear the screen (Ctrl+L)",
            "console-clear",
            Some(Message::Clear)
        ),
        icon_button(
            Icon::History,
            "Forget what was typed",
            "console-forget",
            forget
        ),
    ];
    let text_size = f32::from(model.prefs.console_size);
    let row_height = (text_size * 1.55).ceil();
    let list = responsive(move |room| {
        let columns = lines::columns(room.width - PREFIX - text_size - size::S5, text_size);
        let pieces = lines::pieces(page.lines.iter().map(|line| line.text.as_str()), columns);
        let line_at: Vec<usize> = pieces.iter().map(|piece| piece.line).collect();
        let (by_click, by_copy) = (line_at.clone(), line_at.clone());
        let selected = page
            .selected
            .and_then(|line| line_at.iter().position(|at| *at == line));
        VirtualList::new("console-output", pieces.len(), row_height, move |place| {
            let piece = pieces.get(place);
            piece.map_or_else(
                || space().into(),
                |piece| line_view(page, model, *piece, text_size),
            )
        })
        .follow(true)
        .selected(selected)
        .on_select(move |place| Message::Select(by_click.get(place).copied().unwrap_or(0)))
        .on_copy(move |place| Message::CopyLine(by_copy.get(place).copied().unwrap_or(0)))
        .into()
    });
    let well = container(Element::from(list))
        .class(Surface::Well)
        .padding(size::S2)
        .clip(true)
        .width(Length::Fill)
        .height(Length::Fill);
    let mut body = column![layout::heading_row("Console", tools), well]
        .spacing(size::S3)
        .padding(Padding::new(size::S5).bottom(size::S4));
    // Every part keeps its place, so that the input keeps its focus while others come and go.
    let notes = column(page.running.iter().map(running_row)).push(keys_warning(page));
    body = body.push(notes);
    let body = body.push(offers(page, model)).push(prompt(page, model));
    let completes = !console::complete(&model.commands, &page.input).is_empty();
    keys(Scope::Anywhere, body, move |key, modifiers| {
        on_key(key, modifiers, completes)
    })
    .into()
}

/// Arrows walk through the history, Tab completes, and letters go to the input wherever the focus is.
fn on_key(key: &Key, modifiers: Modifiers, completes: bool) -> Option<Message> {
    match key {
        Key::Named(key::Named::ArrowUp) => Some(Message::Back),
        Key::Named(key::Named::ArrowDown) => Some(Message::Forward),
        Key::Named(key::Named::PageUp) => Some(Message::Page { up: true }),
        Key::Named(key::Named::PageDown) => Some(Message::Page { up: false }),
        Key::Named(key::Named::Tab) if completes && !modifiers.shift() => {
            Some(Message::CompleteFirst)
        }
        Key::Character(text) if !modifiers.command() && !modifiers.alt() => {
            Some(Message::Type(text.to_string()))
        }
        _ => None,
    }
}

fn keys_warning(page: &Page) -> Element<'_, Message> {
    if !console::reveals_keys(&page.input) {
        return space().into();
    }
    let words = "The answer shows private keys. Whoever sees them can take the money.";
    let bar = row![
        text::icon(Icon::TriangleAlert).class(Tone::Bad),
        text::body(words)
    ];
    container(bar.spacing(size::S2))
        .class(Surface::Bar(Tone::Bad))
        .padding(size::S2)
        .width(Length::Fill)
        .into()
}

/// Width of the time before a line.
const PREFIX: f32 = size::S5 * 3.0;

fn line_view<'a>(
    page: &'a Page,
    model: &'a Model,
    piece: Piece,
    text_size: f32,
) -> Element<'a, Message> {
    let Some(line) = page.lines.get(piece.line) else {
        return space().into();
    };
    let first = piece.start == 0;
    let marked = first && (line.at.is_some() || matches!(line.kind, Kind::Warning | Kind::Hint));
    let mark: Element<'a, Message> = if marked {
        text::sized_icon(mark_of(line), text_size)
            .class(line.kind.tone())
            .into()
    } else {
        space().into()
    };
    let time = line
        .at
        .filter(|_| first)
        .map(|at| model.zone.clock(at))
        .unwrap_or_default();
    let words = line.text.get(piece.start..piece.end).unwrap_or_default();
    row![
        text::line(time)
            .font(fonts::MONO)
            .size(size::TEXT_SMALL)
            .class(Tone::Faint)
            .width(PREFIX),
        container(mark).width(text_size + size::S1),
        text::line(words)
            .font(fonts::MONO)
            .size(text_size)
            .class(line.kind.tone()),
    ]
    .spacing(size::S1)
    .align_y(Alignment::Center)
    .into()
}

fn mark_of(line: &Line) -> Icon {
    match line.kind {
        Kind::Warning => Icon::TriangleAlert,
        Kind::Hint => Icon::Info,
        Kind::Input => Icon::ChevronRight,
        Kind::Output => Icon::CornerDownRight,
        Kind::Error => Icon::CircleAlert,
    }
}

fn running_row(running: &super::Running) -> Element<'_, Message> {
    row![
        text::icon(Icon::Loader).class(Tone::Accent),
        text::cut(&running.line)
            .font(fonts::MONO)
            .width(Length::Fill),
        icon_button(
            Icon::X,
            "Stop waiting for the answer",
            format!("console-cancel-{}", running.id),
            Some(Message::Cancel(running.id)),
        ),
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center)
    .into()
}

fn offers<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let found = console::complete(&model.commands, &page.input);
    if found.is_empty() {
        // As tall as the names offered, so that the answers above stay still.
        return container(hint(page, model)).padding([2.0, 0.0]).into();
    }
    let more = found.len().saturating_sub(OFFERED);
    let mut line = row(found.into_iter().take(OFFERED).map(|command| {
        pressable(
            text::line(&command.name)
                .font(fonts::MONO)
                .size(size::TEXT_SMALL),
        )
        .kind(Press::Choice { selected: false })
        .padding([2.0, size::S2])
        .id(format!("offer-{}", command.name))
        .on_press(Message::Complete(command.name.clone()))
        .into()
    }))
    .spacing(size::S1);
    if more > 0 {
        line = line.push(text::caption(format!("and {more} more")));
    }
    line.wrap().vertical_spacing(size::S1).into()
}

/// The arguments of the command being typed.
fn hint<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let name = page.input.split([' ', '(']).next().unwrap_or_default();
    let known = model
        .commands
        .iter()
        .find(|command| !name.is_empty() && command.name == name);
    match known {
        Some(command) => {
            let arguments = command.arguments.join(" ");
            text::caption(format!(
                "{} {arguments} — {}",
                command.name, command.summary
            ))
            .into()
        }
        None => text::caption(" ").into(),
    }
}

fn prompt<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let up = model.connection.is_up();
    let phase = model.node.as_ref().map(|node| node.phase);
    let placeholder = match (up, phase) {
        (false, _) => "The node is not connected",
        (true, Some(Phase::Running)) => "Type a command",
        (true, _) => "The node is still loading: most commands answer when it is done",
    };
    let mut field = Field::new(INPUT, &page.input)
        .placeholder(placeholder)
        .mono();
    if up {
        field = field.on_input(Message::Input).on_submit(Message::Submit);
    }
    let mut line = row![Element::from(field)]
        .spacing(size::S3)
        .align_y(Alignment::Center);
    if let Some(wallet) = &model.wallet {
        line = line.push(check(
            "console-wallet",
            format!("Wallet {}", wallet.name),
            !page.without_wallet,
            Some(Message::Wallet(page.without_wallet)),
        ));
    }
    line.into()
}
