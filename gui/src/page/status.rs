//! Node: what it is, its chain, its storage, its log, and how to stop or restart it.

use iced::widget::{column, container, responsive, row, space};
use iced::{Alignment, Length, Task};
use ipc_schema::{LogLevel, NodeStatus};

use super::{Context, Event, Update};
use crate::Element;
use crate::link::{Control, state::Origin};
use crate::model::amount::count;
use crate::model::{Model, clock};
use crate::theme::{Icon, Press, Surface, Tone, fonts, size};
use crate::widget::button::button_with;
use crate::widget::lines::{self, Piece};
use crate::widget::{Field, VirtualList, button, icon_button, layout, text};

/// Rows of the log in view.
const LOG_HEIGHT: f32 = 15.0 * size::ROW_TEXT;
/// Bytes of free disk under which the node is about to stop.
const DISK_RED: u64 = 1_000_000_000;
/// Bytes of free disk that are worth a warning.
const DISK_YELLOW: u64 = 5_000_000_000;

/// The page.
#[derive(Debug)]
pub struct Page {
    filter: String,
    follow: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            filter: String::new(),
            follow: true,
        }
    }
}

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// The log's filter was edited.
    Filter(String),
    /// Stay at the end of the log, or not.
    Follow,
    /// Copy the log.
    CopyLog,
    /// Copy a value.
    Copy(String, &'static str),
    /// Restart the node.
    Restart,
    /// Stop the node.
    Stop,
    /// Open the log with the system's program.
    OpenLog,
    /// It was opened, or not.
    Opened(Result<(), String>),
}

impl Page {
    /// Handles a message. A new filter of the log is handed to the caller, who owns the lines.
    pub fn update(
        &mut self,
        message: Message,
        context: &Context<'_>,
    ) -> (Update<Message>, Option<String>) {
        let update = match message {
            Message::Filter(text) => {
                self.filter.clone_from(&text);
                return (Update::none(), Some(text));
            }
            Message::Follow => {
                self.follow = !self.follow;
                Update::none()
            }
            Message::CopyLog => Update::event(Event::Copy(context.model.log.text(), "Log")),
            Message::Copy(value, what) => Update::event(Event::Copy(value, what)),
            Message::Opened(Ok(())) => Update::none(),
            Message::Opened(Err(error)) => Update::event(Event::Notify(Tone::Bad, error)),
            Message::Restart => Update::event(Event::Link(Control::Restart)),
            Message::Stop => Update::event(Event::Link(Control::Stop)),
            Message::OpenLog => {
                let path = context
                    .model
                    .node
                    .as_ref()
                    .map(|node| node.log_file.clone());
                let call = crate::link::open_path(path.unwrap_or_default());
                Update::task(Task::perform(call, Message::Opened))
            }
        };
        (update, None)
    }

    /// Draws the page.
    pub fn view<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let Some(node) = &model.node else {
            let card = layout::empty(
                Icon::Server,
                "The node has not answered yet",
                "What it tells about itself stands here.",
                Vec::new(),
            );
            return layout::page("node", layout::page_title("Node"), vec![layout::card(card)]);
        };
        let head = layout::heading_row("Node", actions(model));
        let mut blocks = Vec::new();
        blocks.extend(node.warnings.iter().map(|warning| {
            layout::notice(
                Tone::Warn,
                Icon::TriangleAlert,
                "Warning",
                text::body(warning),
                Vec::new(),
            )
        }));
        blocks.extend(disk_card(node));
        blocks.push(tiles(model, node));
        blocks.push(information(model, node));
        blocks.push(self.log_card(model));
        layout::page("node", head, blocks)
    }

    fn log_card<'a>(&'a self, model: &'a Model) -> Element<'a, Message> {
        let filter = Field::new("log-filter", &self.filter)
            .placeholder("Filter")
            .on_input(Message::Filter)
            .width(180.0);
        let has_file = model
            .node
            .as_ref()
            .is_some_and(|node| !node.log_file.is_empty());
        let head = row![
            text::heading("Log"),
            space::horizontal(),
            Element::from(filter),
            icon_button(
                if self.follow { Icon::Pause } else { Icon::Play },
                if self.follow {
                    "Stop following"
                } else {
                    "Follow"
                },
                "log-follow",
                Some(Message::Follow),
            ),
            icon_button(
                Icon::Copy,
                "Copy all lines",
                "log-copy",
                Some(Message::CopyLog)
            ),
            icon_button(
                Icon::ExternalLink,
                "Open the log file",
                "log-open",
                has_file.then_some(Message::OpenLog)
            ),
        ]
        .spacing(size::S1)
        .align_y(Alignment::Center);
        let follow = self.follow;
        let list = responsive(move |room| {
            let columns = lines::columns(room.width - size::S4, size::TEXT_SMALL);
            let texts = (0..model.log.len()).filter_map(|row| model.log.row(row));
            let pieces = lines::pieces(texts.map(|line| line.text.as_str()), columns);
            VirtualList::new("log", pieces.len(), size::ROW_TEXT, move |place| {
                pieces
                    .get(place)
                    .map_or_else(|| space().into(), |piece| log_line(model, *piece))
            })
            .follow(follow)
            .into()
        });
        let well = container(Element::from(list))
            .class(Surface::Well)
            .padding(size::S2)
            .clip(true)
            .height(LOG_HEIGHT + 2.0 * size::S2)
            .width(Length::Fill);
        layout::card(column![head, well].spacing(size::S3))
    }
}

fn log_line(model: &Model, piece: Piece) -> Element<'_, Message> {
    let Some(line) = model.log.row(piece.line) else {
        return space().into();
    };
    let tone = match line.level {
        LogLevel::Error => Tone::Bad,
        LogLevel::Warning => Tone::Warn,
        LogLevel::Info => Tone::Main,
        LogLevel::Debug | LogLevel::Trace => Tone::Faint,
    };
    let words = line.text.get(piece.start..piece.end).unwrap_or_default();
    text::line(words)
        .font(fonts::MONO)
        .size(size::TEXT_SMALL)
        .class(tone)
        .into()
}

/// What there is to say about the free disk, if anything.
pub(crate) fn disk_words(node: &NodeStatus) -> Option<(Tone, String)> {
    let free = node.disk_free?;
    let (tone, words) = match free {
        0..DISK_RED => (
            Tone::Bad,
            "The node stops by itself when nothing is left: free some space now.",
        ),
        DISK_RED..DISK_YELLOW => (Tone::Warn, "Free some space before the node has to stop."),
        _ => return None,
    };
    let words = format!(
        "Only {} free on the disk of the chain. {words}",
        clock::bytes(free)
    );
    Some((tone, words))
}

/// A first warning; the last one stands above every page.
fn disk_card(node: &NodeStatus) -> Option<Element<'_, Message>> {
    let (Tone::Warn, words) = disk_words(node)? else {
        return None;
    };
    Some(layout::notice(
        Tone::Warn,
        Icon::HardDrive,
        "The disk is filling up",
        text::body(words),
        Vec::new(),
    ))
}

fn tiles<'a>(model: &'a Model, node: &'a NodeStatus) -> Element<'a, Message> {
    let tile = |glyph: Icon, title: &'static str, value: String, note: String| {
        layout::card(
            column![
                row![text::icon(glyph).class(Tone::Faint), text::caption(title)]
                    .spacing(size::S2)
                    .align_y(Alignment::Center),
                text::heading(value),
                text::caption(note),
            ]
            .spacing(size::S1),
        )
    };
    let (height, age) = node.tip.map_or_else(
        || ("–".to_owned(), "the chain is loading".to_owned()),
        |tip| {
            let age = clock::ago(tip.time, model.now);
            (format!("block {}", count(u64::from(tip.height))), age)
        },
    );
    let free = node
        .disk_free
        .map_or("free space unknown".to_owned(), |free| {
            format!("{} free", clock::bytes(free))
        });
    let free = match node.prune_height {
        Some(_) => format!("pruned, {free}"),
        None => free,
    };
    let pool_note = format!(
        "{} of {}",
        clock::bytes(node.mempool.usage),
        clock::bytes(node.mempool.max_usage)
    );
    let mut all = vec![
        tile(Icon::Blocks, "Chain", height, age),
        tile(
            Icon::HardDrive,
            "Storage",
            clock::bytes(node.disk_used),
            free,
        ),
        tile(
            Icon::Database,
            "Mempool",
            format!("{} waiting", count(node.mempool.count)),
            pool_note,
        ),
    ];
    let (used, allowed) = node.cache;
    if allowed > 0 {
        let note = format!("of {} for coins", clock::bytes(allowed));
        all.push(tile(Icon::Cpu, "Cache", clock::bytes(used), note));
    }
    row(all).spacing(size::S3).into()
}

/// Who talks to this node.
fn connections(node: &NodeStatus) -> String {
    let (inward, outward) = (node.peers_in, node.peers_out);
    if node.network_active || inward + outward > 0 {
        format!("{} (in {inward}, out {outward})", inward + outward)
    } else {
        "none: this version has no connections to peers".to_owned()
    }
}

fn information<'a>(model: &'a Model, node: &'a NodeStatus) -> Element<'a, Message> {
    let row_of = |label: &'static str, id: &'static str, value: String, mono: bool| {
        let shown = if value.is_empty() {
            "–".to_owned()
        } else {
            value.clone()
        };
        let shown = if mono {
            text::mono(shown)
        } else {
            text::body(shown)
        };
        let line = row![
            container(text::body(label).class(Tone::Soft)).width(size::LABEL),
            container(shown.wrapping(iced::widget::text::Wrapping::WordOrGlyph))
                .width(Length::Fill),
            icon_button(
                Icon::Copy,
                "Copy",
                id,
                (!value.is_empty()).then_some(Message::Copy(value, label))
            ),
        ]
        .spacing(size::S3)
        .align_y(Alignment::Center);
        Element::from(line)
    };
    let line = |label, id, value| row_of(label, id, value, false);
    let code = |label, id, value| row_of(label, id, value, true);
    let origin = match model.connection.origin() {
        Some(Origin::Attached) => "was running before this window",
        _ => "started by this window",
    };
    let name = model
        .session
        .as_ref()
        .map_or("bitq-node", |session| session.identity.program.as_str());
    let program = format!("{name} {}, {origin}", node.version);
    let agent = format!("/{}:{}/", model.params.user_agent_name, node.version);
    let network = format!(
        "{}, {}",
        model.params.name,
        crate::model::network_words(model.params.network)
    );
    let tip_hash = node.tip.map(|tip| tip.hash.to_string()).unwrap_or_default();
    let tip_time = node
        .tip
        .map(|tip| model.zone.full(tip.time))
        .unwrap_or_default();
    let body = column![
        line("Program", "info-version", program),
        line("Network", "info-network", network),
        line("Connections", "info-connections", connections(node)),
        line("Local addresses", "info-local", "none".to_owned()),
        code("User agent", "info-agent", agent),
        code("Last block", "info-tip", tip_hash),
        line("Its time", "info-tip-time", tip_time),
        line("Started", "info-started", model.zone.full(node.started)),
        line("Data directory", "info-datadir", node.datadir.clone()),
        line("Block files", "info-blocks", node.blocks_dir.clone()),
        line("Log file", "info-log", node.log_file.clone()),
    ];
    let stored = node.prune_height.map(|first| {
        let words = format!(
            "from block {} on; older ones were pruned",
            count(first.into())
        );
        line("Stored blocks", "info-stored", words)
    });
    layout::titled_card("Information", body.push(stored))
}

fn actions(model: &Model) -> Element<'_, Message> {
    let up = model.connection.is_up();
    row![
        button_with(Icon::RefreshCw, "Restart", Press::Secondary)
            .id("node-restart")
            .on_press_maybe(up.then_some(Message::Restart)),
        button("Stop", Press::Danger)
            .id("node-stop")
            .on_press_maybe(up.then_some(Message::Stop)),
    ]
    .spacing(size::S2)
    .into()
}
