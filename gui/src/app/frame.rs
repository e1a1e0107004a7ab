//! The frame around the pages: rail, top bar, status bar, notices.

use iced::widget::{column, container, responsive, row, rule, space, stack};
use iced::{Alignment, Color, Length, Padding};
use ipc_schema::{LockState, Phase};

use super::{App, Message, Screen, overlay, states};
use crate::Element;
use crate::model::{ChainKind as _, Model, amount, clock};
use crate::page::{Event, PageId, PrefsChange, overview, tasks};
use crate::shortcuts::Action;
use crate::theme::{Icon, Press, Surface, Theme, Tone, fonts, size};
use crate::widget::button::{button_with, helped};
use crate::widget::{icon_button, inert, layout, pressable, text};

/// How wide the rail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rail {
    Full,
    Folded,
    Hidden,
}

/// Draws the window.
pub(super) fn view(app: &App) -> Element<'_, Message> {
    let base: Element<'_, Message> = match &app.screen {
        Screen::Starting => states::starting(app),
        Screen::FirstRun(page) => page.view(&app.model).map(Message::FirstRun),
        Screen::Main => responsive(move |space| main(app, space.width)).into(),
        Screen::Stopping => states::stopping(app),
    };
    let over = overlay::view(app);
    let covered = over.is_some();
    let layers = stack![
        inert(with_notices(app, base), covered),
        toasts(app),
        over.unwrap_or_else(|| space().into()),
    ];
    container(layers)
        .class(Surface::Page)
        .width(Length::Fill)
        .height(Length::Fill)
        .into()
}

/// Notices of the start stand above everything until they are read.
fn with_notices<'a>(app: &'a App, base: Element<'a, Message>) -> Element<'a, Message> {
    let mut notices = column![];
    for broken in &app.broken {
        let words = format!(
            "A settings file could not be read ({}). It was kept as {}; the window starts with defaults.",
            broken.reason,
            broken.kept.display()
        );
        notices = notices.push(notice_bar(words, Message::DismissBroken, None));
    }
    if let Some(report) = &app.crash {
        let copy = Message::Wish(Event::Copy(report.clone(), "Report"));
        let words =
            "The window ended unexpectedly last time. Nothing was sent anywhere.".to_owned();
        notices = notices.push(notice_bar(words, Message::DismissCrash, Some(copy)));
    }
    column![notices, base].into()
}

fn notice_bar<'a>(words: String, dismiss: Message, copy: Option<Message>) -> Element<'a, Message> {
    let mut line = row![
        text::icon(Icon::TriangleAlert).class(Tone::Warn),
        container(text::body(words)).width(Length::Fill),
    ]
    .spacing(size::S3)
    .align_y(Alignment::Center);
    if let Some(copy) = copy {
        line = line.push(icon_button(
            Icon::Copy,
            "Copy the report",
            "crash-copy",
            Some(copy),
        ));
    }
    line = line.push(icon_button(
        Icon::X,
        "Dismiss",
        "notice-dismiss",
        Some(dismiss),
    ));
    container(line)
        .class(Surface::Bar(Tone::Warn))
        .padding([size::S1, size::S4])
        .width(Length::Fill)
        .into()
}

fn main(app: &App, width: f32) -> Element<'_, Message> {
    let rail_kind = match width {
        w if w < size::HIDE_RAIL => Rail::Hidden,
        w if w < size::FOLD_RAIL => Rail::Folded,
        _ => Rail::Full,
    };
    let page = container(page(app))
        .width(Length::Fill)
        .height(Length::Fill);
    let large = matches!(app.page, PageId::Overview | PageId::Status);
    // Every part keeps its place, so that a page keeps its state when a banner comes or goes.
    let banner = states::banner(app, large).unwrap_or_else(|| space().into());
    let content = column![top_bar(app, width), layout::hairline(), banner, page];
    let line: iced::widget::Rule<'_, Theme> = rule::vertical(size::LINE);
    let body: Element<'_, Message> = match rail_kind {
        Rail::Hidden => column![
            content.height(Length::Fill),
            layout::hairline(),
            bottom_rail(app)
        ]
        .into(),
        kind => row![rail(app, kind), line, content]
            .height(Length::Fill)
            .into(),
    };
    column![
        strip(&app.model),
        body,
        layout::hairline(),
        status_bar(app, width)
    ]
    .into()
}

/// The tint of a test network; the main network has none.
fn tint(model: &Model) -> Option<Color> {
    use primitives::Network;
    Some(match model.params.network {
        Network::Main => return None,
        Network::Test => Color::from_rgb8(0x3C, 0x9D, 0x5B),
        Network::Testnet4 => Color::from_rgb8(0x2B, 0x8F, 0x9E),
        Network::Signet => Color::from_rgb8(0xB0, 0x7D, 0x12),
        Network::Regtest => Color::from_rgb8(0x5B, 0x7F, 0xD9),
    })
}

fn strip(model: &Model) -> Element<'_, Message> {
    match tint(model) {
        Some(color) => container(space())
            .class(Surface::Fill(color))
            .width(Length::Fill)
            .height(size::STRIP)
            .into(),
        None => space().into(),
    }
}

fn page(app: &App) -> Element<'_, Message> {
    let model = &app.model;
    match app.page {
        PageId::Overview => overview::view(model).map(Message::Overview),
        PageId::Send | PageId::Receive | PageId::Activity if model.wallet.is_none() => {
            no_wallet(model)
        }
        PageId::Send => app.pages.send.view(model).map(Message::Send),
        PageId::Receive => app.pages.receive.view(model).map(Message::Receive),
        PageId::Activity => app.pages.activity.view(model).map(Message::Activity),
        PageId::Wallets => app.pages.wallets.view(model).map(Message::Wallets),
        PageId::Status => app.pages.status.view(model).map(Message::Status),
        PageId::Console => app.pages.console.view(model).map(Message::Console),
        PageId::Tasks => tasks::view(model).map(Message::Tasks),
        PageId::Settings => app.pages.settings.view(model).map(Message::Settings),
    }
}

fn no_wallet(model: &Model) -> Element<'_, Message> {
    let ready = model.is_node_running();
    let words = if ready {
        "Make a new one, restore one from a backup, or use the node alone."
    } else {
        "Wallets can be opened when the node runs."
    };
    let create = button_with(Icon::Plus, "New wallet", Press::Primary)
        .id("none-create")
        .on_press_maybe(ready.then_some(Message::NewWallet));
    let restore = button_with(Icon::ArchiveRestore, "Restore", Press::Secondary)
        .id("none-restore")
        .on_press_maybe(ready.then_some(Message::RestoreWallet));
    let card = layout::empty(
        Icon::Wallet,
        "No wallet is open",
        words,
        vec![create.into(), restore.into()],
    );
    container(card).center(Length::Fill).into()
}

/// Whether this node has wallets; without them the node's own page is the main one.
pub(super) fn has_wallets(model: &Model) -> bool {
    use ipc_schema::WalletLink;
    model
        .node
        .as_ref()
        .is_none_or(|node| node.wallet.link != WalletLink::Off)
}

fn rail(app: &App, kind: Rail) -> Element<'_, Message> {
    let full = kind == Rail::Full;
    let name: Element<'_, Message> = if full {
        row![
            text::icon(Icon::Blocks).class(Tone::Accent),
            text::heading("bitq")
        ]
        .spacing(size::S2)
        .align_y(Alignment::Center)
        .into()
    } else {
        text::icon(Icon::Blocks).class(Tone::Accent).into()
    };
    let name = container(name)
        .padding([0.0, size::S3])
        .height(size::TOP_BAR)
        .center_y(size::TOP_BAR);
    let mut groups = column![].spacing(2.0);
    let entries = |pages: &[PageId]| -> Vec<Element<'_, Message>> {
        pages.iter().map(|page| nav(app, *page, full)).collect()
    };
    if has_wallets(&app.model) {
        groups = groups.extend(entries(&PageId::WALLET)).push(gap());
    }
    groups = groups.extend(entries(&PageId::NODE));
    let foot = column(entries(&[PageId::Tasks, PageId::Settings])).spacing(2.0);
    // A low window scrolls the upper part; the lower one stays where it is.
    let upper = layout::scrolled("rail", groups.into());
    container(column![name, upper, foot].spacing(2.0))
        .class(Surface::Chrome)
        .padding(Padding::new(size::S2).bottom(size::S3))
        .width(if full { size::RAIL } else { size::RAIL_FOLDED })
        .height(Length::Fill)
        .into()
}

fn gap<'a>() -> Element<'a, Message> {
    container(layout::hairline())
        .padding([size::S2, size::S1])
        .into()
}

fn nav(app: &App, page: PageId, full: bool) -> Element<'_, Message> {
    let selected = app.page == page;
    let mut line = row![text::icon(page.icon())]
        .spacing(size::S3)
        .align_y(Alignment::Center);
    if full {
        line = line.push(text::line(page.label()).font(fonts::MEDIUM));
        if let Some(count) = badge(&app.model, page) {
            line = line.push(space::horizontal()).push(count);
        }
    }
    let entry = pressable(line)
        .kind(Press::Nav { selected })
        .padding([0.0, size::S3])
        .height(size::ROW)
        .width(Length::Fill)
        .align(if full {
            Alignment::Start
        } else {
            Alignment::Center
        })
        .id(page.id())
        .on_press(Message::Open(page));
    if full {
        entry.into()
    } else {
        helped(entry, page.label())
    }
}

fn badge<'a>(model: &Model, page: PageId) -> Option<Element<'a, Message>> {
    match page {
        PageId::Status => {
            let (tone, glyph) = health(model);
            Some(text::sized_icon(glyph, size::TEXT_SMALL).class(tone).into())
        }
        PageId::Tasks => {
            let count = model.running_tasks();
            (count > 0).then(|| layout::badge(count.to_string(), Tone::Accent))
        }
        _ => None,
    }
}

/// How the node is: a tone and a shape, never colour alone.
fn health(model: &Model) -> (Tone, Icon) {
    match (
        model.connection.is_up(),
        model.node.as_ref().map(|node| node.phase),
    ) {
        (true, Some(Phase::Running)) if !model.is_catching_up() => (Tone::Good, Icon::Check),
        (true, _) => (Tone::Accent, Icon::Loader),
        (false, _) => (Tone::Bad, Icon::CircleAlert),
    }
}

/// The rail of narrow windows: a row of icons at the bottom.
fn bottom_rail(app: &App) -> Element<'_, Message> {
    let pages = PageId::ALL.iter().map(|page| {
        pressable(text::icon(page.icon()))
            .kind(Press::Nav {
                selected: app.page == *page,
            })
            .padding(0.0)
            .width(Length::Fill)
            .height(size::ROW)
            .id(page.id())
            .on_press(Message::Open(*page))
            .into()
    });
    container(row(pages))
        .class(Surface::Chrome)
        .padding(size::S1)
        .width(Length::Fill)
        .into()
}

fn top_bar(app: &App, width: f32) -> Element<'_, Message> {
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
        container(text::strong(name)).max_width(220.0).clip(true)
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

fn status_bar(app: &App, width: f32) -> Element<'_, Message> {
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
        let peers = node.peers_in + node.peers_out;
        facts.push(if node.network_active {
            format!("{peers} peers")
        } else {
            "network switched off".to_owned()
        });
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
            .on_press(Message::Wish(Event::Prefs(PrefsChange::Unit(at))))
            .into()
    }));
    let bar = row![status, space::horizontal(), units].align_y(Alignment::Center);
    container(bar)
        .class(Surface::Chrome)
        .padding([0.0, size::S2])
        .center_y(size::STATUS_BAR)
        .width(Length::Fill)
        .into()
}

/// Where the chain stands, in a few words.
fn sync_words(model: &Model) -> String {
    let Some(node) = &model.node else {
        return "waiting for the node".to_owned();
    };
    if !model.connection.is_up() {
        let age = clock::duration(model.now - model.node_seen);
        return format!("not connected, as of {age} ago");
    }
    match node.phase {
        Phase::Starting => "starting".to_owned(),
        Phase::Loading if node.message.is_empty() => "loading the chain".to_owned(),
        Phase::Loading | Phase::Failed => node.message.clone(),
        Phase::Stopping => "stopping".to_owned(),
        Phase::Running if model.is_catching_up() => {
            let progress = model.pace.progress().max(node.progress);
            match model.pace.words(model.now) {
                Some(left) => format!("{:.1} %, {}", progress * 100.0, left.to_lowercase()),
                None => format!("{:.1} %", progress * 100.0),
            }
        }
        Phase::Running => match node.tip {
            Some(tip) => format!("up to date, block {}", amount::count(u64::from(tip.height))),
            None => "up to date".to_owned(),
        },
    }
}

fn toasts(app: &App) -> Element<'_, Message> {
    if app.toasts.is_empty() {
        return space().into();
    }
    let list = column(app.toasts.iter().map(|toast| {
        let icon = match toast.tone {
            Tone::Bad => Icon::CircleAlert,
            Tone::Warn => Icon::TriangleAlert,
            _ => Icon::CircleCheck,
        };
        let line = row![
            text::icon(icon).class(toast.tone),
            container(text::body(&toast.text)).max_width(420.0),
            icon_button(
                Icon::X,
                "Dismiss",
                format!("toast-{}", toast.id),
                Some(Message::ToastOver(toast.id))
            ),
        ]
        .spacing(size::S3)
        .align_y(Alignment::Center);
        container(line)
            .class(Surface::Raised)
            .padding([size::S1, size::S3])
            .into()
    }))
    .spacing(size::S2)
    .align_x(Alignment::End);
    container(list)
        .padding(Padding::new(size::S4).bottom(size::STATUS_BAR + size::S4))
        .align_right(Length::Fill)
        .align_bottom(Length::Fill)
        .into()
}
