//! Overview: what there is, what is next, what happened last.

use iced::widget::{column, container, responsive, row, space};
use iced::{Alignment, Length};
use ipc_schema::{NodeStatus, Phase, TxRow, WalletLink};
use primitives::{Amount, Txid};

use super::{Context, Event, PageId, Update};
use crate::Element;
use crate::link::Control;
use crate::model::wallet::Backup;
use crate::model::{ChainKind as _, Model, clock};
use crate::theme::{Icon, Press, Tone, fonts, size};
use crate::widget::button::{button_with, helped};
use crate::widget::{button, layout, pressable, text};

/// Rows of recent activity.
const RECENT: usize = 5;

/// What can happen on this page.
#[derive(Debug, Clone)]
pub enum Message {
    /// Show another page.
    Open(PageId),
    /// Begin a backup.
    Backup,
    /// Show a transaction.
    Show(Txid),
    /// Make blocks.
    Mine(u32),
    /// Show the form for a new wallet.
    Create {
        /// It only watches.
        watch_only: bool,
    },
    /// Show the form for a backup file.
    Restore,
    /// Start the wallet process again.
    RestartWallet,
}

/// Handles a message.
pub fn update(message: Message, _context: &Context<'_>) -> Update<Message> {
    Update::event(match message {
        Message::Open(page) => Event::Open(page),
        Message::Backup => Event::OpenBackup,
        Message::Show(txid) => Event::ShowTransaction(txid),
        Message::Mine(blocks) => Event::Mine(blocks),
        Message::Create { watch_only } => Event::NewWallet { watch_only },
        Message::Restore => Event::RestoreWallet,
        Message::RestartWallet => Event::Link(Control::RestartWallet),
    })
}

/// Draws the page.
pub fn view(model: &Model) -> Element<'_, Message> {
    let mut blocks = Vec::new();
    if model.is_catching_up() {
        blocks.push(sync_card(model));
    }
    // Without a wallet there is one thing to say, and it is said once.
    if model.wallet.is_none() && model.wallets_known {
        blocks.push(beginning(model));
        return layout::page("overview", layout::page_title("Overview"), blocks);
    }
    blocks.push(balance_card(model));
    let next = if model.is_catching_up() {
        None
    } else {
        next_card(model)
    };
    if let Some(next) = next {
        blocks.push(next);
    }
    blocks.push(recent_card(model));
    layout::page("overview", layout::page_title("Overview"), blocks)
}

/// What can be done where no wallet is open.
fn beginning(model: &Model) -> Element<'_, Message> {
    let ready = model.can_use_wallets();
    let choice = |id: &'static str, icon, title: &'static str, words: &'static str, message| {
        let content = column![
            text::icon(icon).class(Tone::Accent),
            text::strong(title),
            text::caption(words)
        ]
        .spacing(size::S1);
        pressable(content)
            .kind(Press::Choice { selected: false })
            .width(Length::Fill)
            .align(Alignment::Start)
            .padding(size::S3)
            .id(id)
            .on_press_maybe(ready.then_some(message))
    };
    let cards = row![
        choice(
            "begin-create",
            Icon::Plus,
            "Create",
            "New keys on this computer",
            Message::Create { watch_only: false }
        ),
        choice(
            "begin-restore",
            Icon::ArchiveRestore,
            "Restore",
            "From a backup file",
            Message::Restore
        ),
        choice(
            "begin-watch",
            Icon::Eye,
            "Watch",
            "Descriptors without keys",
            Message::Create { watch_only: true }
        ),
    ]
    .spacing(size::S2);
    let others = row![
        button("Open a wallet", Press::Secondary)
            .id("no-wallet")
            .on_press(Message::Open(PageId::Wallets)),
        button("Use the node alone", Press::Ghost)
            .id("begin-node")
            .on_press(Message::Open(PageId::Status)),
    ]
    .spacing(size::S2);
    layout::titled_card(
        "No wallet is open",
        column![cards, others].spacing(size::S4),
    )
}

/// Catching up with the chain: phases, a range of time once steady, what it waits for.
fn sync_card(model: &Model) -> Element<'_, Message> {
    let Some(node) = model.node.as_ref() else {
        return space().into();
    };
    let height = node.tip.map_or(0, |tip| tip.height);
    let progress = model.pace.progress().max(node.progress);
    let percent = format!("{:.1} %", progress * 100.0);
    let phase = |number: &'static str, words: String, tone: Tone| {
        row![
            text::strong(number).class(tone),
            text::body(words).class(tone)
        ]
        .spacing(size::S1)
    };
    let headers_done = node.headers_height > 0;
    let phases = row![
        phase(
            "1",
            format!("headers{}", if headers_done { " ✓" } else { "" }),
            if headers_done {
                Tone::Soft
            } else {
                Tone::Accent
            }
        ),
        phase("2", format!("blocks {percent}"), Tone::Accent),
        phase("3", "wallet waits".to_owned(), Tone::Faint),
    ]
    .spacing(size::S5)
    .wrap();
    let time = match (model.pace.words(model.now), model.pace.stalled(model.now)) {
        _ if !model.connection.is_up() => "Stands still: the node is away.".to_owned(),
        (None, _) if !has_peers(node) => {
            "Limited by: this version has no connections to peers. Blocks come from block files alone.".to_owned()
        }
        (_, Some(age)) if node.peers_in + node.peers_out == 0 => {
            format!("Limited by: no peers for {}.", clock::duration(age))
        }
        (_, Some(age)) => format!("Nothing came for {}.", clock::duration(age)),
        (Some(words), None) => format!("{words}."),
        (None, None) => "Measuring how long this will take.".to_owned(),
    };
    let place = format!(
        "At block {} of {}. You can close the window, the node can go on.",
        crate::model::amount::count(u64::from(height)),
        crate::model::amount::count(u64::from(node.headers_height.max(height))),
    );
    let details = button("Details", Press::Secondary)
        .id("sync-details")
        .on_press(Message::Open(PageId::Status));
    let body = column![
        phases,
        layout::progress(progress, Tone::Accent),
        text::body(time),
        text::caption(place),
        details,
    ]
    .spacing(size::S3);
    layout::titled_card("Catching up with the chain", body)
}

/// Whether blocks can come over the network at all.
fn has_peers(node: &NodeStatus) -> bool {
    node.network_active || node.peers_in + node.peers_out > 0
}

/// Why an amount is not known, in words; `None` when it is.
fn unknown_reason(model: &Model) -> Option<&'static str> {
    let node = model.node.as_ref();
    let phase = node.map(|node| node.phase);
    match (&model.wallet, node.map(|node| node.wallet.link)) {
        (Some(wallet), _) if wallet.state.is_some() => None,
        (_, Some(WalletLink::Off)) => Some("This node runs without wallets."),
        _ if phase.is_none() => Some("Waiting for the node."),
        _ if matches!(phase, Some(Phase::Starting | Phase::Loading)) => {
            Some("The node is loading the chain.")
        }
        (_, Some(WalletLink::Starting)) => Some("The wallet is starting."),
        (_, Some(WalletLink::Down)) => Some("The wallet is not running."),
        (Some(_), _) => Some("The wallet is being read."),
        (None, _) if model.wallets_known => Some("No wallet is open."),
        (None, _) => Some("Looking for wallets."),
    }
}

fn balance_card(model: &Model) -> Element<'_, Message> {
    let money = model.money();
    let reason = unknown_reason(model);
    let total = model.wallet.as_ref().and_then(crate::model::Wallet::total);
    let unit = text::heading(money.unit().symbol).class(Tone::Soft);
    let figure = match total {
        Some(total) => row![text::hero(money.number(total)), unit],
        None => row![text::hero("–"), unit],
    }
    .spacing(size::S2)
    .align_y(Alignment::End);
    let head = row![
        column![text::label("Total"), figure].spacing(size::S1),
        space::horizontal(),
        container(text::caption(as_of(model)).class(as_of_tone(model))).padding([size::S1, 0.0]),
    ]
    .spacing(size::S3);
    let mut card = column![head].spacing(size::S4);
    if let Some(reason) = reason {
        card = card.push(text::body(reason).class(Tone::Soft));
    }
    if let Some(state) = model
        .wallet
        .as_ref()
        .and_then(|wallet| wallet.state.as_ref())
    {
        let balances = &state.balances;
        let mut parts = row![part(
            &money,
            "Ready to spend",
            balances.trusted,
            "Confirmed money, and change of your own payments."
        )]
        .spacing(size::S6);
        parts = parts.push(part(
            &money,
            "Arriving",
            balances.pending,
            "Payments from others that are not in a block yet.",
        ));
        if balances.immature != Amount::ZERO {
            parts = parts.push(part(
                &money,
                "Maturing",
                balances.immature,
                "Mined money, which can be spent after some more blocks.",
            ));
        }
        card = card.push(parts.wrap().vertical_spacing(size::S3));
    }
    if model.is_catching_up() && total.is_some() {
        let words = "Payments after that block are not visible yet.";
        card = card.push(text::body(words).class(Tone::Soft));
    }
    card = card.push(actions(model));
    layout::card(card)
}

fn part<'a>(
    money: &crate::model::Money<'_>,
    label: &'static str,
    amount: Amount,
    help: &'static str,
) -> Element<'a, Message> {
    let content = column![
        text::caption(label),
        text::line(money.with_unit(amount)).font(fonts::MEDIUM),
    ]
    .spacing(2.0);
    helped(content, help)
}

fn actions(model: &Model) -> Element<'_, Message> {
    let has_wallet = model.wallet.is_some();
    let open = |page| has_wallet.then_some(Message::Open(page));
    let mut buttons = row![
        button_with(Icon::ArrowUpRight, "Send", Press::Primary)
            .id("overview-send")
            .on_press_maybe(open(PageId::Send)),
        button_with(Icon::ArrowDownLeft, "Receive", Press::Secondary)
            .id("overview-receive")
            .on_press_maybe(open(PageId::Receive)),
    ]
    .spacing(size::S2);
    if model.params.is_private() {
        let ready = has_wallet && model.can_use_wallets();
        buttons = buttons.push(space::horizontal().width(size::S3));
        let (one, many) = (model.blocks_to_mine(1), model.blocks_to_mine(101));
        let button_for = |id: &'static str, blocks: u32| {
            let label = if blocks == 1 {
                "Mine 1 block".to_owned()
            } else {
                format!("Mine {blocks}")
            };
            button_with(Icon::Pickaxe, label, Press::Secondary)
                .id(id)
                .on_press_maybe(ready.then_some(Message::Mine(blocks)))
        };
        if one != many {
            buttons = buttons.push(button_for("mine-1", one));
        }
        let help = if many > 101 {
            "This chain begins with blocks that come at a fixed pace and counts as behind until they are there, so all \
             of them are made at once."
        } else {
            "The reward of a block can be spent when a hundred more are on top of it."
        };
        buttons = buttons.push(helped(button_for("mine-101", many), help));
    }
    buttons.wrap().vertical_spacing(size::S2).into()
}

fn as_of_tone(model: &Model) -> Tone {
    let old = model.stale_seconds().is_some()
        || model.is_catching_up()
        || model
            .wallet
            .as_ref()
            .is_some_and(|wallet| !wallet.is_current());
    if old { Tone::Warn } else { Tone::Faint }
}

/// "block 968 431, 4 min ago".
fn as_of(model: &Model) -> String {
    let state = model
        .wallet
        .as_ref()
        .and_then(|wallet| wallet.state.as_ref());
    let height = state.and_then(|state| state.block.map(|(_, height)| height));
    let Some(height) = height.or_else(|| model.height()) else {
        return String::new();
    };
    let block = format!(
        "as of block {}",
        crate::model::amount::count(u64::from(height))
    );
    if let Some(age) = model.stale_seconds() {
        return format!("{block}, heard {} ago", clock::duration(age));
    }
    match model.node.as_ref().and_then(|node| node.tip) {
        Some(tip) if tip.height == height => {
            format!("{block}, {}", clock::ago(tip.time, model.now))
        }
        _ => format!("{block}, catching up"),
    }
}

/// The one next thing to do, if there is any.
fn next_card(model: &Model) -> Option<Element<'_, Message>> {
    let wallet = model.wallet.as_ref()?;
    let has_money = wallet.total().is_some_and(|total| total > Amount::ZERO);
    let (title, words) = match wallet.backup()? {
        Backup::Missing if has_money || wallet.history.known() > 0 => (
            "This wallet has no backup",
            "Without one, a broken disk means the money is gone. It takes a minute.".to_owned(),
        ),
        Backup::Unchecked(made) => (
            "The backup was never read back",
            format!(
                "It was made {}. A backup counts once it was checked.",
                clock::ago(made, model.now)
            ),
        ),
        Backup::Outdated(made) => (
            "The backup is out of date",
            format!(
                "It was made {}, and something worth keeping came since.",
                clock::ago(made, model.now)
            ),
        ),
        Backup::Missing | Backup::Checked(_) => return None,
    };
    let back_up = button("Back up", Press::Secondary)
        .id("next-backup")
        .on_press(Message::Backup);
    Some(layout::notice(
        Tone::Warn,
        Icon::ShieldCheck,
        title,
        text::body(words),
        vec![back_up.into()],
    ))
}

fn recent_card(model: &Model) -> Element<'_, Message> {
    let all = pressable(text::line("all activity →"))
        .kind(Press::Link)
        .padding([0.0, size::S1])
        .id("all-activity")
        .on_press(Message::Open(PageId::Activity));
    let head = row![text::heading("Recent"), space::horizontal(), all].align_y(Alignment::Center);
    let rows: Vec<&TxRow> = model
        .wallet
        .as_ref()
        .map(|wallet| wallet.history.newest(RECENT).collect())
        .unwrap_or_default();
    let body: Element<'_, Message> = if rows.is_empty() {
        text::body("Nothing here yet.").class(Tone::Faint).into()
    } else {
        responsive_rows(model, rows)
    };
    layout::card(column![head, body].spacing(size::S2))
}

#[expect(clippy::cast_precision_loss, reason = "five rows at most")]
fn responsive_rows<'a>(model: &'a Model, rows: Vec<&'a TxRow>) -> Element<'a, Message> {
    let height = rows.len() as f32 * size::ROW;
    responsive(move |space| {
        let columns = super::activity::rows::Columns::for_width(space.width);
        iced::widget::Column::with_children(rows.iter().map(|tx| {
            pressable(super::activity::rows::row(model, tx, columns))
                .kind(Press::Row { selected: false })
                .padding(0.0)
                .width(Length::Fill)
                .height(size::ROW)
                .id(format!("recent-{}", tx.txid))
                .on_press(Message::Show(tx.txid))
                .into()
        }))
        .into()
    })
    .height(height)
    .into()
}
