//! What the window says when the node is not as usual (gui.md 3.6): a card with a way out, never a frozen page.

mod stopped;

use iced::widget::{column, container, row};
use iced::{Alignment, Length, Padding};
use ipc_schema::WalletLink;
use primitives::{ChainParams, Coin, Network};

use self::stopped::stopped;
use super::{App, Message};
use crate::Element;
use crate::link::state::Origin;
use crate::link::{Connection, Control};
use crate::model::{Model, clock, network_words};
use crate::theme::{Icon, Press, Surface, Tone, size};
use crate::widget::{button, layout, text};

/// The bar or card about the connection, if there is anything to say.
pub(super) fn banner<'a>(app: &'a App, large: bool) -> Option<Element<'a, Message>> {
    let model = &app.model;
    match &model.connection {
        Connection::Up { .. } => match model.stale_seconds() {
            Some(age) => {
                let words = format!(
                    "The node does not answer. What is shown is as of {} ago; what you ask for waits.",
                    clock::duration(age)
                );
                Some(bar(Tone::Warn, Icon::Hourglass, words, vec![]))
            }
            None => running(model),
        },
        Connection::Idle => None,
        Connection::Connecting { .. } | Connection::Stopping
            if model.restarting && model.node.is_some() =>
        {
            let words = "The node is being restarted…".to_owned();
            Some(bar(Tone::Accent, Icon::Loader, words, vec![]))
        }
        Connection::Connecting { origin } if model.node.is_some() => Some(bar(
            Tone::Accent,
            Icon::Loader,
            match origin {
                Origin::Spawned => "Starting the node…".to_owned(),
                Origin::Attached => "Looking for the node…".to_owned(),
            },
            vec![],
        )),
        Connection::Connecting { .. } => None,
        Connection::Stopping => Some(bar(
            Tone::Accent,
            Icon::Loader,
            "The node is stopping…".to_owned(),
            vec![],
        )),
        Connection::Ended => Some(bar(
            Tone::Warn,
            Icon::Power,
            "The node is stopped.".to_owned(),
            vec![action("node-start", "Start it", Control::Restart)],
        )),
        Connection::Lost {
            since,
            attempts,
            next,
            reason,
        } => Some(lost(model, *since, *attempts, *next, reason)),
        Connection::Refused { reason, other } => Some(refused(reason, *other)),
        Connection::Stopped(exit) if large => Some(stopped(model, exit)),
        Connection::Stopped(exit) => Some(bar(
            Tone::Bad,
            Icon::Power,
            format!(
                "Node stopped {}. {}",
                model.zone.short(exit.at, model.now),
                exit.cause
            ),
            vec![
                action("node-restart-bar", "Restart", Control::Restart),
                Element::from(
                    button("Details", Press::Ghost)
                        .id("node-details")
                        .on_press(Message::Open(crate::page::PageId::Overview)),
                ),
            ],
        )),
    }
}

fn action<'a>(id: &'static str, label: &'static str, control: Control) -> Element<'a, Message> {
    button(label, Press::Secondary)
        .id(id)
        .on_press(Message::Control(control))
        .into()
}

fn bar<'a>(
    tone: Tone,
    icon: Icon,
    words: String,
    actions: Vec<Element<'a, Message>>,
) -> Element<'a, Message> {
    let line = row![
        text::icon(icon).class(tone),
        container(text::body(words)).width(Length::Fill),
        row(actions).spacing(size::S2),
    ]
    .spacing(size::S3)
    .align_y(Alignment::Center);
    container(line)
        .class(Surface::Bar(tone))
        .padding([size::S2, size::S4])
        .width(Length::Fill)
        .into()
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (1, n) if n != 11 => "st",
        (2, n) if n != 12 => "nd",
        (3, n) if n != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn lost<'a>(
    model: &Model,
    since: i64,
    attempts: u32,
    next: Option<i64>,
    reason: &str,
) -> Element<'a, Message> {
    let when = model.zone.short(since, model.now);
    let words = match next {
        Some(next) => format!(
            "Lost the node {when}: {reason}. Trying again in {} s ({} try).",
            (next - model.now).max(0),
            ordinal(attempts + 1)
        ),
        None => format!("Lost the node {when}: {reason}. Not trying again."),
    };
    let mut actions = vec![
        action("lost-now", "Try now", Control::TryNow),
        action("lost-own", "Start my own", Control::StartOwn),
    ];
    if next.is_some() {
        actions.push(action("lost-stop", "Stop trying", Control::StopTrying));
    }
    bar(Tone::Warn, Icon::Unplug, words, actions)
}

/// A node that cannot be used, with a way to the chain it has, or to another one.
fn refused(reason: &str, other: Option<(Coin, Network)>) -> Element<'_, Message> {
    let mut actions: Vec<Element<'_, Message>> = Vec::new();
    if let Some((coin, network)) = other {
        let label = format!(
            "Switch to {}, {}",
            ChainParams::get(coin, network).name,
            network_words(network)
        );
        actions.push(
            button(label, Press::Primary)
                .id("refused-switch")
                .on_press(Message::SwitchChain(coin, network))
                .into(),
        );
        actions.push(
            button("Choose another", Press::Secondary)
                .id("refused-choose")
                .on_press(Message::ChooseChain)
                .into(),
        );
    }
    actions.push(action("refused-again", "Try again", Control::TryNow));
    actions.push(action("refused-own", "Start my own", Control::StartOwn));
    actions.push(
        button("Quit", Press::Ghost)
            .id("refused-quit")
            .on_press(Message::QuitNow)
            .into(),
    );
    let card = layout::notice(
        Tone::Bad,
        Icon::Ban,
        "This node cannot be used",
        text::body(reason),
        actions,
    );
    placed(card)
}

/// A card in the column of the page below it.
fn placed<'a>(card: Element<'a, Message>) -> Element<'a, Message> {
    let card = container(card)
        .max_width(size::PAGE)
        .padding(Padding::new(size::S5).top(size::S4).bottom(0.0));
    container(card).center_x(Length::Fill).into()
}

/// What a node that answers has to say on every page: a disk that is nearly full, or that it is older than the window.
fn running<'a>(model: &Model) -> Option<Element<'a, Message>> {
    let node = model.node.as_ref()?;
    if let Some((Tone::Bad, words)) = crate::page::status::disk_words(node) {
        return Some(bar(Tone::Bad, Icon::HardDrive, words, vec![]));
    }
    let theirs = &model.session.as_ref()?.identity;
    (theirs.protocol < ipc_schema::PROTOCOL).then(|| {
        let words = format!(
            "{} {} is older than this window ({}). What it does not offer says so where it is asked for.",
            theirs.program,
            theirs.build,
            common::VERSION
        );
        bar(Tone::Warn, Icon::Info, words, vec![])
    })
}

/// The bar of the wallet's pages while the wallet process is away.
pub(super) fn wallet_banner(app: &App) -> Option<Element<'_, Message>> {
    let wallet = &app.model.node.as_ref()?.wallet;
    let of_wallet = crate::page::PageId::WALLET.contains(&app.page);
    if wallet.link != WalletLink::Down || !app.model.connection.is_up() || !of_wallet {
        return None;
    }
    let words = if wallet.message.is_empty() {
        "The wallet process ended. The node goes on; what is shown of wallets is old until it runs again.".to_owned()
    } else {
        format!("The wallet is not running. {}", wallet.message)
    };
    let restart = action("restart-wallet", "Restart wallet", Control::RestartWallet);
    Some(bar(Tone::Bad, Icon::Unplug, words, vec![restart]))
}

/// The phases of a start, in the window itself.
pub(super) fn starting(app: &App) -> Element<'_, Message> {
    let step = |done: bool, now: bool, words: &'static str| -> Element<'_, Message> {
        let (icon, tone) = match (done, now) {
            (true, _) => (Icon::CircleCheck, Tone::Good),
            (false, true) => (Icon::Loader, Tone::Accent),
            (false, false) => (Icon::Circle, Tone::Faint),
        };
        row![
            text::icon(icon).class(tone),
            text::body(words).class(if now { Tone::Main } else { Tone::Soft })
        ]
        .spacing(size::S3)
        .align_y(Alignment::Center)
        .into()
    };
    let place = match &app.model.connection {
        Connection::Idle => 0,
        Connection::Connecting {
            origin: Origin::Attached,
        } => 1,
        Connection::Connecting {
            origin: Origin::Spawned,
        } => 2,
        _ => 3,
    };
    let steps = column![
        step(place > 0, place == 0, "Reading the settings"),
        step(place > 1, place == 1, "Looking for a running node"),
        step(place > 2, place == 2, "Starting the node"),
        step(false, place == 3, "Waiting for its first answer"),
    ]
    .spacing(size::S3);
    let params = app.model.params;
    let head = column![
        text::title(format!("bitq {}", common::VERSION)),
        text::body(format!(
            "{}, {}",
            params.name,
            crate::model::network_words(params.network)
        ))
        .class(Tone::Soft),
    ]
    .spacing(size::S1);
    let card = layout::card(column![head, steps].spacing(size::S5));
    container(container(card).max_width(380.0))
        .center(Length::Fill)
        .into()
}

/// The program ends when the node has stopped.
pub(super) fn stopping(app: &App) -> Element<'_, Message> {
    let node = app.model.node.as_ref();
    let cache = node.map(|node| node.cache.0).filter(|bytes| *bytes > 0);
    let words = match cache {
        Some(bytes) => format!(
            "The node writes what it holds in memory to the disk ({}). Leave the computer on until that is done.",
            clock::bytes(bytes)
        ),
        None => "The node writes what it holds in memory to the disk. Leave the computer on until that is done."
            .to_owned(),
    };
    let note = text::caption(
        "This window then closes by itself. Closed earlier, it leaves the node to finish alone.",
    );
    let close = button("Close the window", Press::Secondary)
        .id("stopping-close")
        .on_press(Message::QuitNow);
    let card = layout::card(
        column![
            row![
                text::icon(Icon::Power).class(Tone::Accent),
                text::heading("Stopping")
            ]
            .spacing(size::S3),
            text::body(words),
            note,
            close,
        ]
        .spacing(size::S3),
    );
    container(container(card).max_width(460.0))
        .center(Length::Fill)
        .into()
}
