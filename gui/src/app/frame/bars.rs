//! The top bar with wallet, search, mask and lock, and the status bar with chain and unit.

use iced::widget::{container, row, space};
use iced::{Alignment, Length};
use ipc_schema::{LockState, Phase};

use super::{health, tint};
use crate::Element;
use crate::app::{App, Message};
use crate::model::{ChainKind as _, Model, amount, clock};
use crate::page::{Event, PageId, PrefsChange};
use crate::shortcuts::Action;
use crate::theme::{Icon, Press, Surface, Tone, fonts, size};
use crate::widget::button::step;
use crate::widget::{icon_button, layout, pressable, stop, text};

pub(super) fn top_bar(app: &App, width: f32) -> Element<'_, Message> {
    let model = &app.model;
    let narrow = width < size::HIDE_RAIL;
    let mut bar = row![switcher(model)]
        .spacing(size::S2)
        .align_y(Alignment::Center);
    bar = bar.push(space::horizontal());
    let search = row![
        text::icon(Icon::Search).class(Tone::Faint),
        text::line(if narrow {
            "Search"
        } else {
            "Search or type a command"
        })
        .class(Tone::Faint),
        text::caption("Ctrl+K"),
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center);
    bar = bar.push(
        pressable(search)
            .kind(Press::Secondary)
            .padding([0.0, size::S3])
            .height(size::CONTROL)
            .id("search")
            .on_press(Message::PaletteOpen("")),
    );
    let masked = model.prefs.masked;
    let (eye, help) = if masked {
        (Icon::EyeOff, "Show amounts (Ctrl+Shift+M)")
    } else {
        (Icon::Eye, "Hide amounts (Ctrl+Shift+M)")
    };
    bar = bar.push(icon_button(
        eye,
        help,
        "mask-eye",
        Some(Message::Action(Action::Mask)),
    ));
    if let Some(lock) = lock_button(model) {
        bar = bar.push(lock);
    }
    container(bar)
        .class(Surface::Chrome)
        .padding([0.0, size::S4])
        .center_y(size::TOP_BAR)
        .width(Length::Fill)
        .into()
}

fn switcher(model: &Model) -> Element<'_, Message> {
    let name = match &model.wallet {
        Some(wallet) if wallet.name.is_empty() => "Default wallet",
        Some(wallet) => wallet.name.as_str(),
        None => "No wallet",
    };
    let mut line = row![
        text::icon(Icon::Wallet),
        container(text::cut(name).font(fonts::MEDIUM)).max_width(220.0)
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center);
    let several = model.wallets.iter().filter(|item| item.loaded).count() > 1;
    let message = if several {
        line = line.push(text::icon(Icon::ChevronDown));
        Message::PaletteOpen("show wallet ")
    } else {
        Message::Open(PageId::Wallets)
    };
    let mut bar = row![
        pressable(line)
            .kind(Press::Ghost)
            .padding([0.0, size::S2])
            .height(size::CONTROL)
            .id("wallet-switcher")
            .on_press(message)
    ]
    .spacing(size::S2)
    .align_y(Alignment::Center);
    if tint(model).is_some() {
        bar = bar.push(layout::badge(model.params.network.id(), Tone::Soft));
    }
    bar.into()
}

fn lock_button(model: &Model) -> Option<Element<'_, Message>> {
    let wallet = model.wallet.as_ref()?;
    match wallet.lock() {
        LockState::Unencrypted => None,
        LockState::Locked => Some(icon_button(
            Icon::Lock,
            "Locked. Unlock",
            "lock",
            Some(Message::Wish(Event::Unlock)),
        )),
        LockState::Unlocked { until } => {
            let left = (until - model.now).max(0);
            let time = format!("{}:{:02}", left / 60, left % 60);
            let lock = icon_button(
                Icon::LockOpen,
                "Unlocked. Lock now (Ctrl+L)",
                "lock",
                Some(Message::Action(Action::Lock)),
            );
            Some(
                row![lock, text::caption(time)]
                    .align_y(Alignment::Center)
                    .into(),
            )
        }
    }
}

pub(super) fn status_bar(app: &App, width: f32) -> Element<'_, Message> {
    let model = &app.model;
    let (tone, glyph) = health(model);
    let mut facts = vec![format!(
        "{} {}",
        model.params.name,
        model.params.network.id()
    )];
    facts.push(sync_words(model));
    if width >= size::HIDE_RAIL
        && let Some(node) = model.node.as_ref().filter(|_| !model.params.is_private())
    {
        // A node without peer-to-peer network has nothing to say here.
        let peers = node.peers_in + node.peers_out;
        if node.network_active || peers > 0 {
            facts.push(format!("{peers} peers"));
        }
        let (down, up) = model.traffic_rate;
        if down + up > 0 {
            facts.push(format!(
                "↓ {}/s ↑ {}/s",
                clock::bytes(down),
                clock::bytes(up)
            ));
        }
    }
    let status = pressable(
        row![
            text::sized_icon(glyph, size::TEXT_SMALL).class(tone),
            text::line(facts.join("  ·  ")).size(size::TEXT_SMALL),
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center),
    )
    .kind(Press::Ghost)
    .padding([0.0, size::S2])
    .height(size::STATUS_BAR - size::S1)
    .id("status")
    .on_press(Message::Open(PageId::Status));
    let units = row(model.params.units.iter().enumerate().map(|(at, unit)| {
        let chosen = model.prefs.unit == at;
        pressable(text::line(unit.symbol).size(size::TEXT_SMALL))
            .kind(if chosen {
                Press::Nav { selected: true }
            } else {
                Press::Ghost
            })
            .padding([0.0, size::S2])
            .height(size::STATUS_BAR - size::S1)
            .id(format!("status-unit-{at}"))
            .skip_tab()
            .on_press(Message::Wish(Event::Prefs(PrefsChange::Unit(at))))
            .into()
    }));
    let (chosen, count) = (model.prefs.unit, model.params.units.len());
    let units = stop("status-units", units, move |key, _| {
        let next = step(key, chosen).filter(|next| *next < count)?;
        Some(Message::Wish(Event::Prefs(PrefsChange::Unit(next))))
    });
    let task = (width >= size::STATUS_TASK)
        .then(|| task_note(model))
        .flatten();
    let middle = container(task).align_right(Length::Fill);
    let bar = row![status, middle, Element::from(units)].align_y(Alignment::Center);
    container(bar)
        .class(Surface::Chrome)
        .padding([0.0, size::S2])
        .center_y(size::STATUS_BAR)
        .width(Length::Fill)
        .into()
}

/// What the newest task is and how far; a click shows all of them.
fn task_note(model: &Model) -> Option<Element<'_, Message>> {
    let task = model.tasks().into_iter().find(|task| !task.is_over())?;
    let small = size::TEXT_SMALL;
    let mut note = row![text::sized_icon(Icon::Loader, small).class(Tone::Accent)]
        .spacing(size::S2)
        .align_y(Alignment::Center);
    if let Some(progress) = task.progress {
        note = note.push(text::line(format!("{:.0} %", progress * 100.0)).size(small));
    }
    let title = task.title.trim_end_matches('…');
    let words = match model.running_tasks() {
        0 | 1 => title.to_owned(),
        all => format!("{title}, and {} more", all - 1),
    };
    let note = pressable(note.push(text::cut(words).size(small)))
        .kind(Press::Ghost)
        .padding([0.0, size::S2])
        .height(size::STATUS_BAR - size::S1)
        .id("status-task")
        .skip_tab()
        .on_press(Message::Open(PageId::Tasks));
    Some(note.into())
}

/// Where the chain stands, in a few words.
fn sync_words(model: &Model) -> String {
    let Some(node) = &model.node else {
        return "waiting for the node".to_owned();
    };
    if model.restarting && !model.connection.is_up() {
        return "restarting".to_owned();
    }
    if !model.connection.is_up() {
        return match model.now - model.node_seen {
            0..5 => "not connected".to_owned(),
            age => format!("not connected, as of {} ago", clock::duration(age)),
        };
    }
    if let Some(age) = model.stale_seconds() {
        return format!("no answer, as of {} ago", clock::duration(age));
    }
    match node.phase {
        Phase::Starting => "starting".to_owned(),
        Phase::Loading if node.message.is_empty() => "loading the chain".to_owned(),
        Phase::Loading | Phase::Failed => node.message.clone(),
        Phase::Stopping => "stopping".to_owned(),
        Phase::Running if model.is_catching_up() => {
            let progress = model.pace.progress().max(node.progress);
            let at = node.tip.map_or_else(String::new, |tip| {
                format!("block {}, ", amount::count(u64::from(tip.height)))
            });
            match model.pace.words(model.now) {
                Some(left) => format!("{at}{:.1} %, {}", progress * 100.0, left.to_lowercase()),
                None => format!("{at}{:.1} %", progress * 100.0),
            }
        }
        Phase::Running => match node.tip {
            Some(tip) if model.is_behind() => format!(
                "block {} of {}",
                amount::count(u64::from(tip.height)),
                amount::count(u64::from(node.headers_height))
            ),
            Some(tip) => format!("up to date, block {}", amount::count(u64::from(tip.height))),
            None => "up to date".to_owned(),
        },
    }
}
