//! What the window says when the node is not as usual (gui.md 3.6): a card with a way out, never a frozen page.

use iced::widget::{column, container, row, space};
use iced::{Alignment, Length};

use super::{App, Message};
use crate::Element;
use crate::link::state::{Exit, Origin};
use crate::link::{Connection, Control, Repair};
use crate::model::{Model, clock};
use crate::page::Event;
use crate::theme::{Icon, Press, Surface, Tone, fonts, size};
use crate::widget::button::button_with;
use crate::widget::{VirtualList, button, layout, text};

/// Lines of the log in view in the card.
const LOG_LINES: f32 = 8.0;

/// The bar or card about the connection, if there is anything to say.
pub(super) fn banner<'a>(app: &'a App, large: bool) -> Option<Element<'a, Message>> {
    let model = &app.model;
    match &model.connection {
        Connection::Up { .. } => model.stale_seconds().map(|age| {
            let words = format!(
                "The node has not answered for {}. What is shown may be old; what you ask for waits.",
                clock::duration(age)
            );
            bar(Tone::Warn, Icon::Hourglass, words, vec![])
        }),
        Connection::Idle => None,
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
        Connection::Refused { reason } => Some(refused(reason)),
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

fn refused<'a>(reason: &'a str) -> Element<'a, Message> {
    let card = layout::notice(
        Tone::Bad,
        Icon::Ban,
        "This node cannot be used",
        text::body(reason),
        vec![
            action("refused-again", "Try again", Control::TryNow),
            action("refused-own", "Start my own", Control::StartOwn),
            button("Quit", Press::Ghost)
                .id("refused-quit")
                .on_press(Message::QuitNow)
                .into(),
        ],
    );
    container(card).padding([size::S4, size::S5]).into()
}

/// The card about a node that ended: cause, exit status, last lines of its log, what to do.
fn stopped<'a>(model: &'a Model, exit: &'a Exit) -> Element<'a, Message> {
    let mut words = column![text::body(&exit.cause)].spacing(size::S2);
    let mut facts = vec![exit.status.clone()];
    facts.retain(|fact| !fact.is_empty());
    if !exit.log_file.is_empty() {
        facts.push(format!("log: {}", exit.log_file));
    }
    words = words.push(text::caption(facts.join(" · ")));
    if exit.killed {
        words = words.push(text::body(
            "A smaller cache needs less memory: for good in Settings, General, dbcache.",
        ));
    }
    if exit.gave_up {
        words = words.push(text::body(
            "It ended several times in a row, so it is not started again by itself. \
             The last lines of the log below often name the reason.",
        ));
    }
    if !exit.log.is_empty() {
        words = words.push(log_well(&exit.log));
    }
    let seconds = exit.restart_at.map(|at| (at - model.now).max(0));
    let restart = match seconds {
        Some(seconds) => format!("Restart (by itself in {seconds} s)"),
        None => "Restart".to_owned(),
    };
    let mut actions: Vec<Element<'a, Message>> = vec![
        button_with(Icon::RefreshCw, restart, Press::Primary)
            .id("stopped-restart")
            .on_press(Message::Control(Control::Restart))
            .into(),
    ];
    if seconds.is_some() {
        actions.push(action(
            "stopped-wait",
            "Do not restart",
            Control::StopTrying,
        ));
    }
    if exit.killed {
        actions.push(action(
            "stopped-small",
            "Restart with 300 MiB",
            Control::Repair(Repair::SmallCache),
        ));
    }
    let report = format!("{}\n{}\n{}", exit.cause, exit.status, exit.log.join("\n"));
    actions.push(
        button("Copy report", Press::Ghost)
            .id("stopped-copy")
            .on_press(Message::Wish(Event::Copy(report, "Report")))
            .into(),
    );
    words = words.push(repairs());
    let title = if exit.at_start {
        "The node did not start".to_owned()
    } else {
        format!("Node stopped {}", model.zone.short(exit.at, model.now))
    };
    let card = layout::notice(Tone::Bad, Icon::Power, title, words, actions);
    container(card).padding([size::S4, size::S5]).into()
}

/// Starts for a node that does not come up as usual, each with what it costs.
fn repairs<'a>() -> Element<'a, Message> {
    let ways = [
        (
            "stopped-chainstate",
            "Rebuild the coins",
            Repair::Chainstate,
            "reads all blocks again",
        ),
        (
            "stopped-index",
            "Rebuild everything",
            Repair::Index,
            "reads all block files again",
        ),
        (
            "stopped-no-wallets",
            "Start without wallets",
            Repair::NoWallets,
            "they stay as they are",
        ),
    ];
    let buttons = ways.map(|(id, label, repair, cost)| {
        row![
            action(id, label, Control::Repair(repair)),
            text::caption(cost)
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center)
        .into()
    });
    column![
        text::caption("If it ends again and again, restart with a repair:"),
        row(buttons).spacing(size::S4).wrap(),
    ]
    .spacing(size::S2)
    .into()
}

fn log_well(lines: &[String]) -> Element<'_, Message> {
    let list = VirtualList::new("stopped-log", lines.len(), size::ROW_TEXT, |place| {
        lines.get(place).map_or_else(
            || space().into(),
            |line| {
                text::line(line)
                    .font(fonts::MONO)
                    .size(size::TEXT_SMALL)
                    .into()
            },
        )
    })
    .follow(true);
    #[expect(clippy::cast_precision_loss, reason = "thirty lines at most")]
    let rows = (lines.len() as f32).min(LOG_LINES);
    container(Element::from(list))
        .class(Surface::Well)
        .padding(size::S2)
        .clip(true)
        .height(rows * size::ROW_TEXT + 2.0 * size::S2)
        .into()
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
            "The node writes what it holds in memory to the disk ({}). Leave the computer on until this window is gone.",
            clock::bytes(bytes)
        ),
        None => "Leave the computer on until this window is gone.".to_owned(),
    };
    let note = text::caption("The window can be closed now: the node goes on stopping by itself.");
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
