//! The window's own choices.

use iced::Alignment;
use iced::widget::{column, row};

use super::{Message, setting};
use crate::Element;
use crate::model::{Model, network_words, prefs};
use crate::page::PrefsChange;
use crate::theme::{Choice, Contrast, Icon, Press, size};
use crate::widget::button::{check, segments};
use crate::widget::{button, icon_button, layout, text};

/// Times for which a wallet may stay unlocked, in seconds.
const UNLOCK: [u32; 4] = [60, 300, 900, 3600];

pub(super) fn view(model: &Model) -> Vec<Element<'_, Message>> {
    vec![
        appearance(model),
        amounts(model),
        behaviour(model),
        about(model),
    ]
}

fn appearance(model: &Model) -> Element<'_, Message> {
    let prefs = &model.prefs;
    let theme = segments(
        "theme",
        [
            (Choice::System, "As the system".to_owned()),
            (Choice::Light, "Light".to_owned()),
            (Choice::Dark, "Dark".to_owned()),
        ],
        prefs.theme,
        |choice| Message::Prefs(PrefsChange::Theme(choice)),
    );
    let contrast = check(
        "high-contrast",
        "High contrast",
        prefs.contrast == Contrast::High,
        Some(Message::Prefs(PrefsChange::Contrast(
            match prefs.contrast {
                Contrast::High => Contrast::Normal,
                Contrast::Normal => Contrast::High,
            },
        ))),
    );
    let (least, most, step) = prefs::SCALE;
    let to = |scale: u16| {
        (least..=most)
            .contains(&scale)
            .then_some(Message::Prefs(PrefsChange::Scale(scale)))
    };
    let scale = row![
        icon_button(
            Icon::Minus,
            "Smaller (Ctrl+minus)",
            "scale-down",
            to(prefs.scale - step)
        ),
        text::line(format!("{} %", prefs.scale)),
        icon_button(
            Icon::Plus,
            "Larger (Ctrl+plus)",
            "scale-up",
            to(prefs.scale + step)
        ),
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center);
    let compact = check(
        "compact",
        "Compact rows",
        prefs.compact,
        Some(Message::Prefs(PrefsChange::Compact(!prefs.compact))),
    );
    layout::titled_card(
        "Appearance",
        column![
            setting("Theme", "Changes at once.", theme),
            setting("Contrast", "Black and white with strong lines.", contrast),
            setting("Scale", "Size of everything in this window.", scale),
            setting("Lists", "More rows on the screen.", compact),
        ]
        .spacing(size::S4),
    )
}

fn amounts(model: &Model) -> Element<'_, Message> {
    let units = segments(
        "unit",
        model
            .params
            .units
            .iter()
            .enumerate()
            .map(|(at, unit)| (at, unit.symbol.to_owned())),
        model.prefs.unit,
        |unit| Message::Prefs(PrefsChange::Unit(unit)),
    );
    let masked = check(
        "mask",
        "Hide amounts",
        model.prefs.masked,
        Some(Message::Prefs(PrefsChange::Masked(!model.prefs.masked))),
    );
    layout::titled_card(
        "Amounts",
        column![
            setting("Unit", "For every amount at once.", units),
            setting(
                "Privacy",
                "On every page, also at the next start (Ctrl+Shift+M).",
                masked
            ),
        ]
        .spacing(size::S4),
    )
}

fn behaviour(model: &Model) -> Element<'_, Message> {
    let quit = segments(
        "quit",
        [
            (None, "Ask".to_owned()),
            (Some(true), "Leave it running".to_owned()),
            (Some(false), "Stop it".to_owned()),
        ],
        model.prefs.leave_node_running,
        |choice| Message::Prefs(PrefsChange::LeaveNodeRunning(choice)),
    );
    let unlock = segments(
        "unlock",
        UNLOCK.map(|seconds| (seconds, crate::model::clock::duration(i64::from(seconds)))),
        model.prefs.unlock_seconds,
        |seconds| Message::Prefs(PrefsChange::UnlockSeconds(seconds)),
    );
    layout::titled_card(
        "Behaviour",
        column![
            setting(
                "Closing the window",
                "What becomes of a node that this window started.",
                quit
            ),
            setting(
                "Unlocked wallets",
                "Lock themselves after this time.",
                unlock
            ),
        ]
        .spacing(size::S4),
    )
}

fn about(model: &Model) -> Element<'_, Message> {
    let about = button("About", Press::Secondary)
        .id("about")
        .on_press(Message::About);
    let options = button("Command line options", Press::Secondary)
        .id("about-options")
        .on_press(Message::CommandLine);
    let chain = button("Choose another…", Press::Secondary)
        .id("choose-chain")
        .on_press(Message::ChooseChain);
    let reset = button("Reset…", Press::Danger)
        .id("reset-window")
        .on_press(Message::Reset);
    layout::titled_card(
        "This program",
        column![
            setting(
                format!("bitq {}", common::VERSION),
                "Version, copyright, licence.",
                row![about, options].spacing(size::S2)
            ),
            setting(
                format!(
                    "{}, {}",
                    model.params.name,
                    network_words(model.params.network)
                ),
                "Coin and network of this window. Wallets and blocks of each stay where they are.",
                chain
            ),
            setting(
                "Reset",
                "Sets all choices of this window back, keeps the old files, and ends the window.",
                reset
            ),
        ]
        .spacing(size::S4),
    )
}
