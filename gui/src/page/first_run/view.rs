//! How the first run looks.

use iced::widget::{column, container, row, scrollable, space};
use iced::{Alignment, Length, Padding};
use primitives::{ChainParams, Coin, Network};

use super::{Message, Page, WalletChoice};
use crate::Element;
use crate::model::first_run::{Place, Step, chain_size};
use crate::model::{Model, amount, clock};
use crate::theme::{Icon, Press, Tone, size};
use crate::widget::button::{button_with, radio, segments};
use crate::widget::{Field, button, layout, pressable, text};

pub(super) fn view<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let step = page.progress.step;
    let (title, content) = match step {
        Step::Coin if page.leads_out() => ("Coin and network", coin_step(page, model)),
        Step::Coin => ("Welcome", coin_step(page, model)),
        Step::Storage => ("Where to keep the chain", storage_step(page)),
        Step::Wallet => ("A wallet", wallet_step(page, model)),
        Step::Backup => ("Make a backup, then prove that it works", backup_step(page)),
    };
    let head = row![
        text::title(title),
        space::horizontal(),
        dots(step),
        text::caption(format!("step {} of {}", step.number(), Step::ALL.len())),
    ]
    .spacing(size::S3)
    .align_y(Alignment::Center);
    let card = layout::card(container(content).padding(size::S2));
    let block = column![head, card, foot(page)]
        .spacing(size::S4)
        .max_width(size::COLUMN)
        .padding(Padding::new(size::S5));
    // In the middle of a high window; in a low one it scrolls.
    let block = scrollable(container(block).center_x(Length::Fill))
        .id("first-run")
        .width(Length::Fill);
    container(block).center_y(Length::Fill).into()
}

/// Small marks for the steps done, in view and to come.
fn dots<'a>(now: Step) -> Element<'a, Message> {
    row(Step::ALL.map(|step| {
        let tone = match step.cmp(&now) {
            std::cmp::Ordering::Less => Tone::Good,
            std::cmp::Ordering::Equal => Tone::Accent,
            std::cmp::Ordering::Greater => Tone::Mask,
        };
        let glyph = if step < now {
            Icon::CircleCheck
        } else {
            Icon::Circle
        };
        text::sized_icon(glyph, size::TEXT_SMALL).class(tone).into()
    }))
    .spacing(size::S1)
    .into()
}

fn coin_step<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    let coins = segments(
        "coin",
        Coin::ALL.map(|coin| (coin, ChainParams::get(coin, Network::Main).name.to_owned())),
        page.progress.coin,
        Message::Coin,
    );
    let networks = segments(
        "network",
        [
            Network::Main,
            Network::Test,
            Network::Testnet4,
            Network::Signet,
            Network::Regtest,
        ]
        .map(|network| (network, short_network(network).to_owned())),
        page.progress.network,
        Message::Network,
    );
    let hint = match page.progress.network {
        Network::Main => "The network where money has a value.",
        Network::Regtest => "A chain of your own: blocks come when you ask for them.",
        Network::Test | Network::Testnet4 | Network::Signet => {
            "Coins of test networks have no real value."
        }
    };
    let mut body = column![
        text::body("bitq keeps the whole chain on this computer, checks every block itself, and holds your keys.")
            .class(Tone::Soft),
        column![text::label("Which coin?"), coins].spacing(size::S2),
        column![text::label("Network"), networks, text::caption(hint)].spacing(size::S2),
    ]
    .spacing(size::S5);
    if let Some(found) = &page.found {
        let height = found.height.map_or_else(String::new, |height| {
            format!(", block {}", amount::count(u64::from(height)))
        });
        let words = format!(
            "{} {}{height}, started {}.",
            found.program,
            found.version,
            clock::ago(found.started, model.now)
        );
        let attach = button("Use it", Press::Primary)
            .id("use-running")
            .on_press(Message::UseRunning);
        body = body.push(layout::notice(
            Tone::Accent,
            Icon::Server,
            "A node is already running on this computer",
            text::body(words),
            vec![attach.into()],
        ));
    }
    let sandbox = button_with(Icon::FlaskConical, "Try it safely", Press::Secondary)
        .id("sandbox")
        .on_press(Message::Sandbox);
    let try_words = "A private chain with play money: mine, send and receive without any risk. Nothing is downloaded.";
    body.push(layout::hairline())
        .push(
            row![
                sandbox,
                container(text::caption(try_words)).width(Length::Fill)
            ]
            .spacing(size::S3)
            .align_y(Alignment::Center),
        )
        .into()
}

fn short_network(network: Network) -> &'static str {
    match network {
        Network::Main => "Main",
        Network::Test => "Testnet 3",
        Network::Testnet4 => "Testnet 4",
        Network::Signet => "Signet",
        Network::Regtest => "Private",
    }
}

fn storage_step(page: &Page) -> Element<'_, Message> {
    let default = page.default_dir.as_ref().map_or_else(
        || "no home folder was found".to_owned(),
        |path| at_home(path),
    );
    let mut body = column![
        radio(
            "dir-default",
            default,
            !page.own_dir,
            Some(Message::OwnDir(false))
        ),
        radio(
            "dir-own",
            "Another place",
            page.own_dir,
            Some(Message::OwnDir(true))
        ),
    ]
    .spacing(size::S2);
    if page.own_dir {
        let browse = button("Choose…", Press::Secondary)
            .id("dir-browse")
            .on_press(Message::BrowseDir);
        body = body.push(
            container(Element::from(
                Field::new("dir-path", &page.dir_text)
                    .placeholder("/path/to/folder")
                    .mono()
                    .on_input(Message::Dir)
                    .on_submit(Message::Continue)
                    .after(browse),
            ))
            .padding(Padding::ZERO.left(size::S5)),
        );
    }
    let params = page.params();
    let size_words = match chain_size(params) {
        0 => "The chain is small and grows as it is used.".to_owned(),
        bytes => format!(
            "The whole chain takes about {} today and grows. Everything in it is checked on this computer.",
            clock::bytes(bytes)
        ),
    };
    // What is known of the place stands apart from the choice of it.
    let about = column![place_line(&page.place), text::caption(size_words)].spacing(size::S1);
    column![body, layout::hairline(), about]
        .spacing(size::S4)
        .into()
}

/// A path as people write it: their home folder is "~".
fn at_home(path: &std::path::Path) -> String {
    let home = directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let below = home.as_ref().and_then(|home| path.strip_prefix(home).ok());
    below.map_or_else(
        || path.display().to_string(),
        |below| format!("~/{}", below.display()),
    )
}

fn place_line(place: &Place) -> Element<'_, Message> {
    let (icon, tone, words) = match place {
        Place::Unknown => (Icon::Loader, Tone::Faint, "looking at the disk…".to_owned()),
        Place::Fine { free } => (
            Icon::CircleCheck,
            Tone::Good,
            format!("{} free", clock::bytes(*free)),
        ),
        Place::TooSmall { free, needed } => (
            Icon::CircleAlert,
            Tone::Bad,
            format!(
                "Only {} free, the whole chain with room to work needs {}. The node stops when the disk is full; it can go on from \
                 there on a larger one.",
                clock::bytes(*free),
                clock::bytes(*needed)
            ),
        ),
        Place::Unusable(reason) => (Icon::CircleAlert, Tone::Bad, reason.clone()),
    };
    let words = container(text::body(words).class(tone)).width(Length::Fill);
    row![text::icon(icon).class(tone), words]
        .spacing(size::S2)
        .align_y(Alignment::Center)
        .into()
}

fn wallet_step<'a>(page: &'a Page, model: &'a Model) -> Element<'a, Message> {
    if let Some(name) = &page.progress.wallet {
        return layout::notice(
            Tone::Good,
            Icon::CircleCheck,
            format!("The wallet {name} is there"),
            text::body("Go on to its backup."),
            Vec::new(),
        );
    }
    let choice =
        |value: WalletChoice, id: &'static str, icon, title: &'static str, words: &'static str| {
            let content = column![text::icon(icon), text::strong(title), text::caption(words)]
                .spacing(size::S1);
            pressable(content)
                .kind(Press::Choice {
                    selected: page.choice == value,
                })
                .width(Length::Fill)
                .align(Alignment::Start)
                .padding(size::S3)
                .id(id)
                .on_press(Message::Choose(value))
        };
    let choices = row![
        choice(
            WalletChoice::Create,
            "wallet-create",
            Icon::Plus,
            "Create",
            "New keys on this computer"
        ),
        choice(
            WalletChoice::Restore,
            "wallet-from-backup",
            Icon::ArchiveRestore,
            "Restore",
            "From a backup file"
        ),
        choice(
            WalletChoice::Later,
            "wallet-later",
            Icon::Server,
            "Later",
            "Use the node alone"
        ),
    ]
    .spacing(size::S2);
    let mut body = column![choices].spacing(size::S4);
    if !model.can_use_wallets() && page.choice != WalletChoice::Later {
        let (icon, tone, words) = node_words(model);
        body = body.push(
            row![text::icon(icon).class(tone), text::body(words).class(tone)].spacing(size::S2),
        );
    }
    match page.choice {
        WalletChoice::Create => body
            .push(page.create.view(model).map(Message::Create))
            .into(),
        WalletChoice::Restore => body
            .push(page.restore.view(model).map(Message::Restore))
            .into(),
        WalletChoice::Later => body
            .push(
                text::body("The node runs without a wallet. One can be made at any time.")
                    .class(Tone::Soft),
            )
            .into(),
    }
}

/// How far the node is that starts behind the steps.
fn node_words(model: &Model) -> (Icon, Tone, String) {
    use crate::link::Connection;
    match &model.connection {
        Connection::Stopped(exit) => (
            Icon::CircleAlert,
            Tone::Bad,
            format!("The node does not run. {}", exit.cause),
        ),
        Connection::Refused { reason, .. } => (Icon::CircleAlert, Tone::Bad, reason.clone()),
        _ => (
            Icon::Loader,
            Tone::Faint,
            "The node is starting behind this page…".to_owned(),
        ),
    }
}

fn backup_step(page: &Page) -> Element<'_, Message> {
    match &page.backup {
        Some(form) => form.view().map(Message::Backup),
        None => text::body("There is no wallet to back up.").into(),
    }
}

fn foot<'a>(page: &'a Page) -> Element<'a, Message> {
    let step = page.progress.step;
    let back: Element<'a, Message> = if step == Step::Coin && !page.leads_out() {
        space().into()
    } else {
        button_with(Icon::ArrowLeft, "Back", Press::Secondary)
            .id("first-run-back")
            .on_press(Message::Back)
            .into()
    };
    let proved = page
        .backup
        .as_ref()
        .is_some_and(super::backup::Form::is_proved);
    let (label, ready) = match step {
        Step::Coin => ("Continue", true),
        Step::Storage => ("Continue", page.place.can_be_chosen()),
        Step::Wallet if page.choice == WalletChoice::Later => ("Finish", true),
        Step::Wallet => ("Continue", page.progress.wallet.is_some()),
        Step::Backup if proved => ("Finish", true),
        Step::Backup => ("Finish without checking", true),
    };
    let kind = if step == Step::Backup && !proved {
        Press::Secondary
    } else {
        Press::Primary
    };
    let mut line = row![back, space::horizontal()].spacing(size::S2);
    // While a wallet is being made, the button of its form is the way on.
    if step != Step::Wallet || ready {
        line = line.push(
            button_with(Icon::ArrowRight, label, kind)
                .id("first-run-continue")
                .on_press_maybe(ready.then_some(Message::Continue)),
        );
    }
    line.into()
}
