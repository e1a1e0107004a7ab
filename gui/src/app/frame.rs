//! The frame around the pages: rail, top bar, status bar, notices.

mod bars;
mod rail;

use iced::widget::{column, container, responsive, row, rule, space, stack};
use iced::{Alignment, Color, Length, Padding};
use ipc_schema::Phase;

use self::bars::{status_bar, top_bar};
use self::rail::{Rail, bottom_rail, rail};
use super::{App, Message, Screen, overlay, states, trouble};
use crate::Element;
use crate::model::Model;
use crate::page::{Event, PageId, overview, tasks};
use crate::theme::{Icon, Press, Surface, Theme, Tone, size};
use crate::widget::button::button_with;
use crate::widget::{anew, icon_button, inert, layout, text};

/// Draws the window.
pub(super) fn view(app: &App) -> Element<'_, Message> {
    let base: Element<'_, Message> = match &app.screen {
        Screen::Starting => states::starting(app),
        Screen::FirstRun(page) => page.view(&app.model).map(Message::FirstRun),
        Screen::Main => responsive(move |space| main(app, space)).into(),
        Screen::Trouble(trouble) => trouble::view(app, trouble),
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

fn main(app: &App, room: iced::Size) -> Element<'_, Message> {
    let width = room.width;
    let rail_kind = match width {
        w if w < size::HIDE_RAIL => Rail::Hidden,
        w if w < size::FOLD_RAIL => Rail::Folded,
        _ => Rail::Full,
    };
    let whole = container(page(app))
        .width(Length::Fill)
        .height(Length::Fill);
    // A page, or a part of it, does not begin where another one was scrolled to.
    let page = anew((app.page, app.pages.part(app.page)), whole);
    let large = matches!(app.page, PageId::Overview | PageId::Status);
    // Every part keeps its place, so that a page keeps its state when a banner comes or goes.
    // A tall card leaves half of a low window to the page.
    let banner = match states::banner(app, large) {
        Some(banner) => layout::at_most("banner", banner, room.height / 2.0),
        None => space().into(),
    };
    let wallet_banner = states::wallet_banner(app).unwrap_or_else(|| space().into());
    let content = column![
        top_bar(app, width),
        layout::hairline(),
        banner,
        wallet_banner,
        page
    ];
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
        PageId::Send | PageId::Receive | PageId::Activity | PageId::Coins
            if model.wallet.is_none() =>
        {
            no_wallet(model)
        }
        PageId::Send => app.pages.send.view(model).map(Message::Send),
        PageId::Receive => app.pages.receive.view(model).map(Message::Receive),
        PageId::Activity => app.pages.activity.view(model).map(Message::Activity),
        PageId::Coins => app.pages.coins.view(model).map(Message::Coins),
        PageId::Wallets => app.pages.wallets.view(model).map(Message::Wallets),
        PageId::Status => app.pages.status.view(model).map(Message::Status),
        PageId::Console => app.pages.console.view(model).map(Message::Console),
        PageId::Tasks => tasks::view(model).map(Message::Tasks),
        PageId::Settings => app.pages.settings.view(model).map(Message::Settings),
    }
}

fn no_wallet(model: &Model) -> Element<'_, Message> {
    let ready = model.can_use_wallets();
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

/// How the node is: a tone and a shape, never colour alone.
fn health(model: &Model) -> (Tone, Icon) {
    if model.connection.is_up() && model.stale_seconds().is_some() {
        return (Tone::Warn, Icon::Hourglass);
    }
    match (
        model.connection.is_up(),
        model.node.as_ref().map(|node| node.phase),
    ) {
        (true, Some(Phase::Running)) if !model.is_catching_up() && !model.is_behind() => {
            (Tone::Good, Icon::Check)
        }
        (true, _) => (Tone::Accent, Icon::Loader),
        (false, _) if model.restarting => (Tone::Accent, Icon::Loader),
        (false, _) => (Tone::Bad, Icon::CircleAlert),
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
