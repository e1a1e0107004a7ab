use common::options::{CommandLine, Program};
use ipc_schema::WalletListItem;
use primitives::{ChainParams, Coin, Network};

use super::*;
use crate::link::Connection;
use crate::model::{Prefs, Wallet};
use crate::page::wallets;

/// A window on a private chain that knows nothing yet, with its files in `folder`.
fn window(folder: &std::path::Path) -> App {
    let launch = Launch {
        command_line: CommandLine::empty(Program::Gui, "bitq-gui"),
        store: Store::new(folder.to_owned()),
        link: None,
        minimised: false,
        programs: None,
    };
    let (mut app, _) = App::boot(launch);
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    app.model = Model::new(params, Prefs::default(), 0);
    app.screen = Screen::Main;
    app
}

fn listed(name: &str, loaded: bool) -> WalletListItem {
    WalletListItem {
        name: name.to_owned(),
        loaded,
        ..WalletListItem::default()
    }
}

#[test]
fn a_closed_wallet_stays_closed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    app.model.wallet = Some(Wallet::new("Savings".to_owned()));
    app.model.prefs.wallet = "Savings".to_owned();
    app.model.wallets = vec![listed("Savings", true)];
    let closed = wallets::Message::Closed("Savings".to_owned(), Ok(()));
    drop(app.update(Message::Wallets(closed)));
    assert!(app.model.wallet.is_none());
    assert_eq!(
        app.model.prefs.wallet, "",
        "the next start does not open it either"
    );
    let list = Message::WalletList(Ok(vec![listed("Savings", false)]));
    let task = app.update(list);
    assert_eq!(task.units(), 0, "nobody asked to open it again");
    assert!(app.model.wallet.is_none());
}

#[test]
fn another_open_wallet_takes_the_place_of_a_closed_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    app.model.wallet = Some(Wallet::new("Savings".to_owned()));
    app.model.prefs.wallet = "Savings".to_owned();
    let closed = wallets::Message::Closed("Savings".to_owned(), Ok(()));
    drop(app.update(Message::Wallets(closed)));
    let list = vec![listed("Savings", false), listed("Travel", true)];
    drop(app.update(Message::WalletList(Ok(list))));
    let shown = app.model.wallet.map(|wallet| wallet.name);
    assert_eq!(shown.as_deref(), Some("Travel"));
}

#[test]
fn a_wallet_closed_by_a_command_stays_closed_and_one_lost_with_the_node_comes_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    app.model.wallet = Some(Wallet::new("Savings".to_owned()));
    app.model.prefs.wallet = "Savings".to_owned();
    // The first list after a connection was made: the wallet of last time is to be opened.
    let list = || Message::WalletList(Ok(vec![listed("Savings", false)]));
    assert_eq!(app.update(list()).units(), 1, "it is opened");
    assert_eq!(app.model.prefs.wallet, "Savings");
    app.model.wallet = Some(Wallet::new("Savings".to_owned()));
    drop(app.update(list()));
    assert!(app.model.wallet.is_none());
    assert_eq!(app.model.prefs.wallet, "");
    assert_eq!(app.update(list()).units(), 0, "nobody opens it");
}

#[test]
fn a_wanted_restart_is_told_calmly() {
    use crate::link::state::{Exit, Origin};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    app.model.node = Some(ipc_schema::NodeStatus {
        message: "Starting the wallet…".to_owned(),
        ..ipc_schema::NodeStatus::default()
    });
    let origin = Origin::Spawned;
    let told = |app: &mut App, connection: Connection| {
        drop(app.update(Message::LinkTold(link::Event::Connection(connection))));
    };
    told(&mut app, Connection::Up { origin });
    app.model.restarting = true;
    let shows = |app: &App, text: &str| iced_test::simulator(app.view()).find(text).is_ok();
    for connection in [Connection::Stopping, Connection::Connecting { origin }] {
        told(&mut app, connection);
        assert!(shows(&app, "The node is being restarted…"));
        let node = app.model.node.as_ref().expect("it stays in view");
        assert_eq!(node.message, "", "what the start before said is over");
    }
    told(&mut app, Connection::Stopped(Exit::default()));
    assert!(!shows(&app, "The node is being restarted…"));
    assert!(!app.model.restarting);
}

#[test]
fn a_node_with_blocks_left_to_connect_is_not_up_to_date() {
    use crate::link::state::Origin;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    let origin = Origin::Spawned;
    let up = link::Event::Connection(Connection::Up { origin });
    drop(app.update(Message::LinkTold(up)));
    for (headers, words) in [
        (313, "up to date, block 313"),
        (314, "up to date, block 313"),
        (467, "block 313 of 467"),
    ] {
        app.model.node = Some(ipc_schema::NodeStatus {
            phase: ipc_schema::Phase::Running,
            tip: Some(ipc_schema::BlockTip {
                height: 313,
                ..ipc_schema::BlockTip::default()
            }),
            headers_height: headers,
            ..ipc_schema::NodeStatus::default()
        });
        app.model.node_seen = app.model.now;
        let bar = format!("Bitcoin regtest  ·  {words}");
        assert!(
            iced_test::simulator(app.view()).find(&*bar).is_ok(),
            "{bar}"
        );
    }
}

#[test]
fn a_link_that_comes_first_waits_for_its_wallet() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    let address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let link = format!("bitcoin:{address}?amount=1.5&label=Shop");
    drop(app.update(Message::Link(link)));
    assert_eq!(app.page, PageId::Send);
    // A payment that was begun in that wallet earlier gives way.
    let old = serde_json::json!({"recipients": [{"address": "old"}]});
    app.model.prefs.drafts.insert("Savings".to_owned(), old);
    app.model.prefs.wallet = "Savings".to_owned();
    drop(app.update(Message::WalletList(Ok(vec![listed("Savings", true)]))));
    let draft = app.pages.send.draft().expect("the link is still there");
    assert!(draft.to_string().contains(address), "{draft}");
    // In another wallet it has nothing to do.
    drop(app.show_wallet("Travel".to_owned()));
    assert_eq!(app.pages.send.draft(), None);
    drop(app.show_wallet("Savings".to_owned()));
    let draft = app.pages.send.draft().expect("kept with its wallet");
    assert!(draft.to_string().contains(address), "{draft}");
}

#[test]
fn a_task_of_the_wallet_is_listed_once() {
    use ipc_schema::Task as Work;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    let task = |id: u64, wallet: &str, kind: &str| Work {
        id,
        wallet: wallet.to_owned(),
        kind: kind.to_owned(),
        ..Work::default()
    };
    app.model.wallet_tasks = vec![task(1, "Savings", "rescan")];
    // Its own of the same number, what the wallet told it of, and a task of a wallet process that is gone.
    app.model.node_tasks = vec![
        task(1, "", "import"),
        task(1, "Savings", "rescan"),
        task(7, "Travel", "rescan"),
    ];
    assert_eq!(app.model.tasks().len(), 3);
    assert_eq!(app.model.running_tasks(), 3);
}

#[test]
fn a_wallet_is_made_unasked_for_play_money_alone() {
    use crate::model::first_run::Progress;
    use crate::page::first_run::Outcome;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut app = window(folder.path());
    drop(app.first_run_outcome(Outcome::Sandbox(Coin::Bitcoin)));
    let task = app.update(Message::WalletList(Ok(Vec::new())));
    assert_eq!(task.units(), 1, "the wallet of the sandbox");
    let progress = Progress {
        coin: Coin::Bitcoin,
        network: Network::Main,
        ..Progress::default()
    };
    drop(app.first_run_outcome(Outcome::Start(progress)));
    let task = app.update(Message::WalletList(Ok(Vec::new())));
    assert_eq!(task.units(), 0, "real money waits for its owner");
}
