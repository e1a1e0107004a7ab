//! What lies over the window: the palette, the passphrase prompt, the question at quit, the list of keys.

use iced::widget::{column, container, row, space};
use iced::{Alignment, Length, Padding};

use super::{App, Message, Overlay};
use crate::Element;
use crate::palette;
use crate::shortcuts::Action;
use crate::theme::{Icon, Press, Surface, Tone, size};
use crate::widget::button::{button_with, check};
use crate::widget::{Field, button, icon_button, layout, text};

/// Draws it, if there is anything.
pub(super) fn view(app: &App) -> Option<Element<'_, Message>> {
    let (content, top): (Element<'_, Message>, bool) = match &app.overlay {
        Overlay::None => return None,
        Overlay::Palette(palette) => (palette.view(&app.model), true),
        Overlay::Unlock {
            passphrase,
            error,
            busy,
        } => (unlock(app, passphrase, error.as_deref(), *busy), false),
        Overlay::Quit { remember } => (quit(*remember), false),
        Overlay::Keys => (palette::keys_view(), false),
        Overlay::Options => (options(app), false),
        Overlay::About => (about(app), false),
        Overlay::Reset => (reset(), false),
    };
    let placed = container(content).padding(if top {
        Padding::new(size::S4).top(size::TOP_BAR + size::S4)
    } else {
        Padding::new(size::S4)
    });
    let placed = if top {
        placed.center_x(Length::Fill).height(Length::Fill)
    } else {
        placed.center(Length::Fill)
    };
    let veil = iced::widget::mouse_area(
        container(space())
            .class(Surface::Veil)
            .width(Length::Fill)
            .height(Length::Fill),
    )
    .on_press(Message::CloseOverlay);
    Some(iced::widget::stack![veil, placed].into())
}

fn card<'a>(content: impl Into<Element<'a, Message>>) -> Element<'a, Message> {
    container(content)
        .class(Surface::Raised)
        .padding(size::S5)
        .max_width(440.0)
        .into()
}

fn unlock<'a>(
    app: &'a App,
    passphrase: &'a str,
    error: Option<&str>,
    busy: bool,
) -> Element<'a, Message> {
    let name = app
        .model
        .wallet
        .as_ref()
        .map(|wallet| wallet.name.as_str())
        .unwrap_or_default();
    let time = crate::model::clock::duration(i64::from(app.model.prefs.unlock_seconds));
    let field = Field::new("unlock-passphrase", passphrase)
        .label(format!("Passphrase of {name}"))
        .secure(true)
        .on_input(Message::Passphrase)
        .on_submit(Message::Unlock)
        .hint(format!("It locks itself again after {time}."));
    let field = if app.model.capitals {
        field.note(crate::page::CAPITALS, Tone::Warn)
    } else {
        field
    };
    let field = field.error(error);
    let label = if busy { "Unlocking…" } else { "Unlock" };
    let buttons = row![
        space::horizontal(),
        button("Cancel", Press::Secondary)
            .id("unlock-cancel")
            .on_press(Message::CloseOverlay),
        button_with(Icon::LockOpen, label, Press::Primary)
            .id("unlock-confirm")
            .on_press_maybe((!busy && !passphrase.is_empty()).then_some(Message::Unlock)),
    ]
    .spacing(size::S2);
    card(
        column![
            text::heading("Unlock the wallet"),
            Element::from(field),
            buttons
        ]
        .spacing(size::S4),
    )
}

fn quit<'a>(remember: bool) -> Element<'a, Message> {
    let words = "The node can go on in the background: it keeps up with the chain, and the next start is quick.";
    let buttons = row![
        space::horizontal(),
        button("Cancel", Press::Secondary)
            .id("quit-cancel")
            .on_press(Message::Action(Action::Escape)),
        button("Leave it running", Press::Secondary)
            .id("quit-leave")
            .on_press(Message::QuitChosen(true)),
        button("Stop it", Press::Primary)
            .id("quit-stop")
            .on_press(Message::QuitChosen(false)),
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center);
    card(
        column![
            text::heading("Leave the node running?"),
            text::body(words).class(Tone::Soft),
            check(
                "quit-remember",
                "Remember and do not ask again",
                remember,
                Some(Message::QuitRemember)
            ),
            buttons,
        ]
        .spacing(size::S4),
    )
}

/// What this program is: version, licence, where its source is.
fn about(app: &App) -> Element<'_, Message> {
    let line = |words: String| text::body(words).class(Tone::Soft);
    let mut body = column![
        row![
            text::icon(Icon::Blocks).class(Tone::Accent),
            text::heading(format!("bitq {}", common::VERSION))
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center),
        line(format!(
            "A full node, wallet and window for {} and its relatives.",
            app.model.params.name
        )),
        line("Copyright © 2026 the bitq developers.".to_owned()),
        line("Free software under the MIT licence, without any warranty.".to_owned()),
        line("Fonts: Noto Sans and JetBrains Mono (OFL 1.1). Icons: Lucide (ISC).".to_owned()),
    ]
    .spacing(size::S3);
    // Where the package names no place, there is none to lead to.
    let source = env!("CARGO_PKG_REPOSITORY");
    let mut buttons = row![].spacing(size::S2);
    if !source.is_empty() {
        body = body.push(text::caption(source));
        buttons = buttons.push(
            button_with(Icon::ExternalLink, "Source code", Press::Secondary)
                .id("about-source")
                .on_press(Message::OpenOutside(source.to_owned())),
        );
    }
    let buttons = buttons.push(space::horizontal()).push(
        button("Close", Press::Primary)
            .id("about-close")
            .on_press(Message::CloseOverlay),
    );
    card(body.push(buttons))
}

/// Whether all choices of the window are to be set back.
fn reset<'a>() -> Element<'a, Message> {
    let words = "Theme, scale, unit, history of the console and all other choices of this window go back to what they \
                 were at first. The old files are kept beside the new ones. Wallets, chain and options of the node stay \
                 as they are. The window ends afterwards.";
    let buttons = row![
        space::horizontal(),
        button("Cancel", Press::Secondary)
            .id("reset-cancel")
            .on_press(Message::CloseOverlay),
        button("Reset and quit", Press::Danger)
            .id("reset-confirm")
            .on_press(Message::Reset),
    ]
    .spacing(size::S2);
    card(
        column![
            text::heading("Reset the window's settings?"),
            text::body(words).class(Tone::Soft),
            buttons
        ]
        .spacing(size::S4),
    )
}

/// The help page of the command line.
fn options(app: &App) -> Element<'_, Message> {
    let program = common::options::Program::Gui;
    let page = common::options::help_page(program, "bitq-gui", app.model.params.coin, false);
    let head = row![
        text::heading("Command line options"),
        space::horizontal(),
        icon_button(
            Icon::X,
            "Close (Esc)",
            "options-close",
            Some(Message::CloseOverlay)
        ),
    ]
    .align_y(Alignment::Center);
    let list = layout::scrolled("options-page", text::mono(page).into());
    container(column![head, list].spacing(size::S3))
        .class(Surface::Raised)
        .padding(size::S4)
        .max_width(size::COLUMN)
        .max_height(560.0)
        .into()
}
