//! Draws every page, light and dark, into PNG files without a display: `pictures <folder> [width height]`.

#[path = "../testdata/demo.rs"]
mod demo;

use std::path::{Path, PathBuf};

use gui::app::{App, Message, Overlay, Screen};
use gui::link::Connection;
use gui::link::state::Exit;
use gui::model::first_run::{Progress, Step};
use gui::page::{PageId, activity, console, first_run, receive, send, settings, wallets};
use gui::palette::Palette;
use gui::theme::{Choice, Contrast};
use ipc_schema::{LockState, NodeEvent, PreparedInput, PreparedOutput, PreparedSend, WalletEvent};
use primitives::{Amount, Coin, FeeRate, Network};

fn main() {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().unwrap_or_else(|| "pictures".to_owned()));
    let mut side = |default: f32| {
        args.next()
            .and_then(|arg| arg.parse().ok())
            .unwrap_or(default)
    };
    let size = iced::Size::new(side(1280.0), side(800.0));
    let only = args.next();
    for (name, app) in scenes() {
        if only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
        {
            draw(&folder, name, app, size);
        }
    }
}

fn draw(folder: &Path, name: &str, mut app: App, size: iced::Size) {
    for (choice, mode) in [(Choice::Light, "light"), (Choice::Dark, "dark")] {
        app.model.prefs.theme = choice;
        let settings = iced::Settings {
            default_font: gui::theme::fonts::TEXT,
            fonts: gui::theme::fonts::all(),
            ..iced::Settings::default()
        };
        let theme = app.theme();
        let mut simulator = iced_test::Simulator::with_size(settings, size, app.view());
        let snapshot = simulator.snapshot(&theme).expect("drawn without a display");
        let path = folder.join(format!("{name}-{mode}.png"));
        let written = folder.join(format!("{name}-{mode}-tiny-skia.png"));
        drop(std::fs::remove_file(&written));
        snapshot
            .matches_image(&path)
            .expect("the folder can be written");
        halve(&written, &path).expect("the folder can be written");
        drop(std::fs::remove_file(&written));
    }
}

/// The simulator draws two pixels for each one of the window; the repository keeps one.
fn halve(from: &Path, to: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let file = std::io::BufReader::new(std::fs::File::open(from)?);
    let mut reader = png::Decoder::new(file).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large")?];
    let info = reader.next_frame(&mut pixels)?;
    let row = usize::try_from(info.width)? * 4;
    let mut half = Vec::with_capacity(pixels.len() / 4);
    for rows in pixels[..info.buffer_size()].chunks_exact(2 * row) {
        for x in (0..row).step_by(8) {
            for channel in x..x + 3 {
                let sum: u32 = [channel, channel + 4, row + channel, row + channel + 4]
                    .iter()
                    .map(|at| u32::from(rows[*at]))
                    .sum();
                half.push(u8::try_from(sum.div_ceil(4).min(255))?);
            }
        }
    }
    let file = std::io::BufWriter::new(std::fs::File::create(to)?);
    let mut encoder = png::Encoder::new(file, info.width / 2, info.height / 2);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(&half)?;
    Ok(())
}

fn full() -> App {
    demo::full(Coin::Bitcoin, Network::Main)
}

fn at(page: PageId) -> App {
    let mut app = full();
    app.page = page;
    app
}

/// Every page and state of the window, by name. A test looks at the same ones.
pub(crate) fn scenes() -> Vec<(&'static str, App)> {
    let mut scenes = vec![
        ("overview", at(PageId::Overview)),
        ("send", sending()),
        ("review", reviewing()),
        ("receive", receiving()),
        ("activity", at(PageId::Activity)),
        ("activity-details", details()),
        ("activity-menu", activity_menu()),
        ("coins", at(PageId::Coins)),
        ("wallets", at(PageId::Wallets)),
        ("wallet-new", new_wallet()),
        ("wallet-backup", backup()),
        ("node", at(PageId::Status)),
        ("console", console()),
        ("tasks", at(PageId::Tasks)),
        ("settings", at(PageId::Settings)),
        ("settings-node", node_settings()),
        ("palette", palette()),
        ("unlock", unlock()),
        ("quit", quit()),
        ("stopped", stopped()),
        ("lost", lost()),
        ("syncing", syncing()),
        ("sandbox", sandbox()),
        ("masked", masked()),
        ("high-contrast", high_contrast()),
        ("starting", starting()),
        ("stopping", stopping()),
        ("no-wallet", no_wallet()),
    ];
    for (name, step) in [
        ("first-run-1", Step::Coin),
        ("first-run-2", Step::Storage),
        ("first-run-3", Step::Wallet),
        ("first-run-4", Step::Backup),
    ] {
        scenes.push((name, first_run_at(step)));
    }
    scenes
}

fn sending() -> App {
    let mut app = at(PageId::Send);
    let address = app
        .model
        .wallet
        .as_ref()
        .map(|w| w.history.newest(9).last().cloned());
    let address = address
        .flatten()
        .map(|row| row.outputs[0].address.clone())
        .unwrap_or_default();
    for edit in [
        send::Edit::Address(0, address),
        send::Edit::Label(0, "Rent September".to_owned()),
        send::Edit::Amount(0, "0.012".to_owned()),
        send::Edit::Rate("8.25".to_owned()),
    ] {
        demo::tell(&mut app, Message::Send(send::Message::Form(edit)));
    }
    let preview = send::Message::Previewed(4, Ok(prepared(&app)));
    demo::tell(&mut app, Message::Send(preview));
    demo::tell(&mut app, Message::Send(send::Message::FoldCoins));
    app
}

fn prepared(app: &App) -> PreparedSend {
    let wallet = app.model.wallet.as_ref().expect("the demo has a wallet");
    let to = wallet
        .history
        .newest(9)
        .last()
        .expect("the demo has rows")
        .outputs[0]
        .address
        .clone();
    let inputs = wallet.coins.iter().take(2).map(|coin| PreparedInput {
        outpoint: coin.outpoint,
        address: coin.address.clone(),
        label: coin.label.clone(),
        amount: coin.amount,
    });
    PreparedSend {
        id: 1,
        fee: Amount::from_sat(1_163),
        fee_rate: FeeRate::from_sat_per_kvb(8_250),
        vsize: 141,
        total: Amount::from_sat(1_201_163),
        inputs: inputs.collect(),
        outputs: vec![
            PreparedOutput {
                address: to,
                label: "Rent September".to_owned(),
                amount: Amount::from_sat(1_200_000),
                is_change: false,
            },
            PreparedOutput {
                address: wallet
                    .coins
                    .get(2)
                    .expect("there are coins")
                    .address
                    .clone(),
                label: String::new(),
                amount: Amount::from_sat(23_998_837),
                is_change: true,
            },
        ],
        warnings: Vec::new(),
        needs_unlock: true,
        expires: demo::NOW + 600,
    }
}

fn lock(app: &mut App) {
    let wallet = app.model.wallet.as_mut().expect("the demo has a wallet");
    let mut state = wallet.state.clone().expect("the demo has a state");
    state.lock = LockState::Locked;
    wallet.apply(WalletEvent::State(Box::new(state)));
}

fn reviewing() -> App {
    let mut app = sending();
    lock(&mut app);
    demo::tell(&mut app, Message::Send(send::Message::Review));
    app
}

fn receiving() -> App {
    let mut app = at(PageId::Receive);
    demo::tell(&mut app, Message::Receive(receive::Message::Select(0)));
    app
}

fn details() -> App {
    let mut app = at(PageId::Activity);
    demo::tell(&mut app, Message::Activity(activity::Message::Open(3)));
    app
}

fn activity_menu() -> App {
    let mut app = at(PageId::Activity);
    for message in [
        activity::Message::Pick(2, gui::model::Pick::Only),
        activity::Message::Pick(5, gui::model::Pick::Range),
        activity::Message::Menu(3, iced::Point::new(520.0, 330.0)),
    ] {
        demo::tell(&mut app, Message::Activity(message));
    }
    app
}

fn new_wallet() -> App {
    let mut app = at(PageId::Wallets);
    demo::tell(&mut app, Message::Wallets(wallets::Message::NewWallet));
    for message in [
        wallets::create::Message::Name("Holiday".to_owned()),
        wallets::create::Message::Passphrase("seven purple ducks walk over bridges".to_owned()),
        wallets::create::Message::More,
    ] {
        demo::tell(
            &mut app,
            Message::Wallets(wallets::Message::Create(message)),
        );
    }
    app
}

fn backup() -> App {
    let mut app = at(PageId::Wallets);
    demo::tell(&mut app, Message::Wallets(wallets::Message::Backup));
    let path = wallets::backup::Message::Path("/media/usb/Savings.bitq-backup".to_owned());
    demo::tell(
        &mut app,
        Message::Wallets(wallets::Message::BackupForm(path)),
    );
    app
}

fn console() -> App {
    let mut app = at(PageId::Console);
    for (id, line, answer) in [
        (1, "getblockcount", Ok("968431".to_owned())),
        (
            2,
            "getblockhash(0)",
            Ok("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f".to_owned()),
        ),
        (3, "walletpassphrase secret 60", Ok("null".to_owned())),
        (
            4,
            "getblok 1",
            Err("Nothing was sent: there is no command getblok.".to_owned()),
        ),
    ] {
        demo::tell(
            &mut app,
            Message::Console(console::Message::Input(line.to_owned())),
        );
        demo::tell(&mut app, Message::Console(console::Message::Submit));
        demo::tell(
            &mut app,
            Message::Console(console::Message::Done(id, answer)),
        );
    }
    demo::tell(
        &mut app,
        Message::Console(console::Message::Input("getblo".to_owned())),
    );
    app
}

fn node_settings() -> App {
    let mut app = at(PageId::Settings);
    let category = settings::Message::Category(Some("Options".to_owned()));
    demo::tell(&mut app, Message::Settings(category));
    app
}

fn palette() -> App {
    let mut app = full();
    app.overlay = Overlay::Palette(Palette::new("ba"));
    app
}

fn unlock() -> App {
    let mut app = full();
    lock(&mut app);
    demo::tell(&mut app, Message::Wish(gui::page::Event::Unlock));
    app
}

fn quit() -> App {
    let mut app = full();
    app.overlay = Overlay::Quit { remember: false };
    app
}

fn stopped() -> App {
    let mut app = full();
    app.model.connection = Connection::Stopped(Exit {
        at: demo::NOW - 3,
        cause: "The node was killed. If nobody did that, the computer ran out of memory."
            .to_owned(),
        status: "signal 9".to_owned(),
        log: (0..12)
            .map(|n| {
                format!(
                    "2026-08-30T14:01:{n:02}Z UpdateTip: new best=0000…{n:02} height=9684{n:02}"
                )
            })
            .collect(),
        log_file: "/home/me/.local/share/bitq/debug.log".to_owned(),
        killed: true,
        restart_at: Some(demo::NOW + 7),
        ..Exit::default()
    });
    app.model.node_seen = demo::NOW - 8;
    app
}

fn lost() -> App {
    let mut app = at(PageId::Activity);
    app.model.connection = Connection::Lost {
        since: demo::NOW - 12,
        attempts: 2,
        next: Some(demo::NOW + 4),
        reason: "the node closed the connection".to_owned(),
    };
    app.model.node_seen = demo::NOW - 12;
    app
}

fn syncing() -> App {
    let mut app = full();
    for second in 0..60_i64 {
        let mut status = demo::status(app.model.params);
        status.initial_download = true;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let progress = 0.55 + 0.001 * second as f64;
        status.progress = progress;
        if let Some(tip) = &mut status.tip {
            tip.height = 702_000 + u32::try_from(second).unwrap_or(0);
            tip.time = demo::NOW - 150_000_000;
        }
        app.model.now = demo::NOW - 300 + second * 5;
        app.model.apply_node(NodeEvent::Status(Box::new(status)));
    }
    // A wallet that was made today knows no payments yet, and its block is the node's.
    let old = app.model.wallet.take().and_then(|wallet| wallet.state);
    let mut state = old.expect("the demo has a state");
    state.balances = Default::default();
    state.block = state.block.map(|(hash, _)| (hash, 702_059));
    (state.at_tip, state.transactions) = (false, 0);
    (state.backup, state.backup_outdated) = (None, false);
    let mut wallet = gui::model::Wallet::new("Savings".to_owned());
    wallet.apply(WalletEvent::State(Box::new(state)));
    app.model.wallet = Some(wallet);
    app
}

fn sandbox() -> App {
    let mut app = demo::full(Coin::Bitquantum, Network::Regtest);
    app.page = PageId::Overview;
    app
}

fn masked() -> App {
    let mut app = full();
    app.model.prefs.masked = true;
    app
}

fn high_contrast() -> App {
    let mut app = full();
    app.model.prefs.contrast = Contrast::High;
    app
}

fn starting() -> App {
    let mut app = demo::empty(Coin::Bitquantum, Network::Main);
    app.model.connection = Connection::Connecting {
        origin: gui::link::state::Origin::Spawned,
    };
    app.screen = Screen::Starting;
    app
}

fn stopping() -> App {
    let mut app = full();
    app.screen = Screen::Stopping;
    app
}

fn no_wallet() -> App {
    let mut app = demo::empty(Coin::Bitquantum, Network::Main);
    demo::connect(&mut app);
    app.model.wallets_known = true;
    app
}

fn first_run_at(step: Step) -> App {
    let mut app = demo::empty(Coin::Bitquantum, Network::Main);
    demo::connect(&mut app);
    let wallet = (step == Step::Backup).then(|| "Savings".to_owned());
    let progress = Progress {
        step,
        wallet,
        ..Progress::default()
    };
    let backing_up = step == Step::Backup;
    let (mut page, _task) = first_run::Page::new(progress);
    page.prepare(&app.model);
    app.screen = Screen::FirstRun(Box::new(page));
    let place = gui::model::first_run::Place::Fine {
        free: 1_212_000_000_000,
    };
    demo::tell(
        &mut app,
        Message::FirstRun(first_run::Message::Judged(1, place)),
    );
    if backing_up {
        let path = wallets::backup::Message::Path("/media/usb/Savings.bitq-backup".to_owned());
        let message = Message::FirstRun(first_run::Message::Backup(path));
        demo::tell(&mut app, message);
    }
    app
}
