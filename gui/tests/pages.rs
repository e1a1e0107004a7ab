//! Clicks and keys on the pages, as a person would do them, without a display.

#[path = "../testdata/demo.rs"]
mod demo;

use gui::app::{App, Message, Overlay};
use gui::link::Connection;
use gui::link::state::Exit;
use gui::page::PageId;
use gui::theme::fonts;
use iced::keyboard::key::Named;
use iced_test::selector::id;
use iced_test::{Simulator, simulator};
use ipc_schema::{Task, TaskState};
use primitives::{Coin, Network};

type Window<'a> = Simulator<'a, Message, gui::theme::Theme>;

fn settings() -> iced::Settings {
    iced::Settings {
        default_font: fonts::TEXT,
        fonts: fonts::all(),
        ..iced::Settings::default()
    }
}

fn window(app: &App) -> Window<'_> {
    Simulator::with_size(settings(), iced::Size::new(1280.0, 800.0), app.view())
}

/// Does something in the window and feeds what came of it back.
fn act(app: &mut App, what: impl FnOnce(&mut Window<'_>)) {
    let mut window = window(app);
    what(&mut window);
    let messages: Vec<Message> = window.into_messages().collect();
    for message in messages {
        demo::tell(app, message);
    }
}

fn click(app: &mut App, target: &'static str) {
    act(app, |window| {
        window
            .click(id(target))
            .unwrap_or_else(|error| panic!("{target}: {error}"));
    });
}

fn shows(app: &App, text: &str) -> bool {
    window(app).find(text).is_ok()
}

fn full() -> App {
    demo::full(Coin::Bitcoin, Network::Main)
}

#[test]
fn every_page_opens_from_the_rail() {
    let mut app = full();
    for page in PageId::ALL {
        click(&mut app, page.id());
        assert_eq!(app.page, page);
        assert!(window(&app).find(id(page.id())).is_ok());
    }
}

#[test]
fn every_page_fits_small_windows_and_holds_no_empty_screen() {
    for size in [iced::Size::new(480.0, 400.0), iced::Size::new(800.0, 600.0)] {
        let mut app = full();
        for page in PageId::ALL {
            app.page = page;
            let mut window = Simulator::with_size(settings(), size, app.view());
            let target = window
                .find(id(page.id()))
                .expect("the rail is there in every size");
            let bounds = target.visible_bounds().expect("and in view");
            assert!(
                bounds.x + bounds.width <= size.width && bounds.y + bounds.height <= size.height
            );
            window.snapshot(&app.theme()).expect("drawn");
        }
    }
}

#[test]
fn amounts_are_hidden_everywhere_at_once() {
    let mut app = full();
    assert!(shows(&app, "0.481\u{2009}203\u{2009}55"));
    click(&mut app, "mask-eye");
    assert!(app.model.prefs.masked);
    for page in PageId::ALL {
        app.page = page;
        assert!(!shows(&app, "0.481\u{2009}203\u{2009}55"), "{page:?}");
        assert!(!shows(&app, "+0.210\u{2009}000\u{2009}00"), "{page:?}");
    }
    app.page = PageId::Activity;
    assert!(shows(&app, "•••••"));
}

#[test]
fn the_unit_changes_every_amount_at_once() {
    let mut app = full();
    click(&mut app, "status-unit-3");
    assert!(shows(&app, "48\u{2009}120\u{2009}355"));
}

#[test]
fn the_status_bar_names_what_is_at_work() {
    let mut app = full();
    app.page = PageId::Overview;
    assert!(shows(&app, "Rescan \"Savings\" from January 2023"));
    app.model.node_tasks.push(Task {
        id: 9,
        title: "Reindexing blocks on disk…".to_owned(),
        progress: Some(0.314),
        started: i64::MAX,
        ..Task::default()
    });
    assert!(shows(&app, "31 %"));
    assert!(shows(&app, "Reindexing blocks on disk, and 1 more"));
    click(&mut app, "status-task");
    assert_eq!(app.page, PageId::Tasks);
    // What ended last stands before what began later and ended earlier.
    let over = |title: &str, started, finished| Task {
        title: title.to_owned(),
        state: TaskState::Done,
        started,
        finished: Some(finished),
        ..Task::default()
    };
    app.model.node_tasks = vec![over("late", 1, 9), over("early", 5, 6)];
    let titles = app.model.tasks();
    assert_eq!(titles[0].title, "late");
    app.model.node_tasks.clear();
    app.model.wallet_tasks.clear();
    assert!(window(&app).find(id("status-task")).is_err());
}

#[test]
fn a_pruned_node_says_which_blocks_it_has() {
    let mut app = full();
    app.page = PageId::Status;
    assert!(window(&app).find(id("info-stored")).is_err());
    let node = app.model.node.as_mut().expect("a node at rest");
    node.prune_height = Some(812_345);
    assert!(shows(&app, "pruned, 202 GB free"));
    let words = "from block 812\u{2009}345 on; older ones were pruned";
    assert!(shows(&app, words));
}

#[test]
fn the_filter_finds_and_lets_go() {
    let mut app = full();
    app.page = PageId::Activity;
    act(&mut app, |window| {
        window.click(id("activity-filter")).expect("the field");
        window.typewrite("b");
    });
    let typed = gui::page::activity::Message::Filter("bicycle".to_owned());
    demo::tell(&mut app, Message::Activity(typed));
    assert!(shows(&app, "Bicycle") && !shows(&app, "Rent, landlord"));
    let nothing = gui::page::activity::Message::Filter("no such thing".to_owned());
    demo::tell(&mut app, Message::Activity(nothing));
    assert!(shows(&app, "Nothing matches"));
    click(&mut app, "activity-clear-empty");
    assert!(shows(&app, "Rent, landlord"));
}

#[test]
fn a_row_opens_its_details_and_escape_closes_them() {
    let mut app = full();
    app.page = PageId::Activity;
    demo::tell(
        &mut app,
        Message::Activity(gui::page::activity::Message::Open(3)),
    );
    assert!(shows(&app, "Details") && shows(&app, "Transaction id"));
    demo::tell(&mut app, Message::Action(gui::shortcuts::Action::Escape));
    assert!(!shows(&app, "Details"));
}

#[test]
fn the_palette_finds_the_backup_by_its_first_letters() {
    let mut app = full();
    click(&mut app, "search");
    assert!(matches!(app.overlay, Overlay::Palette(_)));
    demo::tell(&mut app, Message::PaletteQuery("back".to_owned()));
    act(&mut app, |window| {
        window.click(id("palette-0")).expect("the first entry");
    });
    assert_eq!(app.page, PageId::Wallets);
    assert!(shows(&app, "Save the backup to another disk"));
}

#[test]
fn what_lies_under_the_palette_cannot_be_clicked() {
    let mut app = full();
    click(&mut app, "search");
    assert!(window(&app).click(id("nav-settings")).is_err());
}

#[test]
fn enter_and_space_press_what_tab_reached() {
    let mut app = full();
    let focus = |key: Named| {
        let press = gui::widget::button("Press me", gui::theme::Press::Primary)
            .id("target")
            .on_press("pressed");
        let element: gui::Element<'_, &str> = press.into();
        let mut window = simulator(element);
        window
            .find(iced_test::selector::is_focused())
            .expect_err("nothing is focused yet");
        window.click(id("target")).expect("the button");
        window.tap_key(key);
        window.into_messages().count()
    };
    assert_eq!((focus(Named::Enter), focus(Named::Space)), (2, 2));
    demo::tell(&mut app, Message::Action(gui::shortcuts::Action::Next));
}

#[test]
fn a_stopped_node_is_told_with_its_last_words_and_a_way_out() {
    let mut app = full();
    app.model.connection = Connection::Stopped(Exit {
        at: demo::NOW,
        cause: "The node crashed or was ended from outside.".to_owned(),
        status: "signal 11".to_owned(),
        log: vec!["the last line".to_owned()],
        log_file: "/x/debug.log".to_owned(),
        ..Exit::default()
    });
    assert!(shows(&app, "the last line") && shows(&app, "signal 11 · log: /x/debug.log"));
    assert!(shows(&app, "0.481\u{2009}203\u{2009}55"), "old data stays");
    assert!(window(&app).click(id("stopped-restart")).is_ok());
    app.page = PageId::Activity;
    assert!(window(&app).click(id("node-restart-bar")).is_ok());
}

#[test]
fn a_lost_node_is_counted_down() {
    let mut app = full();
    app.model.connection = Connection::Lost {
        since: demo::NOW - 12,
        attempts: 2,
        next: Some(demo::NOW + 4),
        reason: "gone".to_owned(),
    };
    assert!(shows(
        &app,
        "Lost the node today 14:01: gone. Trying again in 4 s (3rd try)."
    ));
    for button in ["lost-now", "lost-own", "lost-stop"] {
        assert!(window(&app).click(id(button)).is_ok(), "{button}");
    }
}

#[test]
fn nothing_is_shown_as_zero_before_it_is_known() {
    let mut app = demo::empty(Coin::Bitquantum, Network::Main);
    app.model.connection = Connection::Connecting {
        origin: gui::link::state::Origin::Spawned,
    };
    assert!(shows(&app, "–") && shows(&app, "Waiting for the node."));
    assert!(!shows(&app, "0.000\u{2009}000\u{2009}00"));
}

#[test]
fn quitting_asks_once_and_remembers() {
    let mut app = full();
    demo::tell(&mut app, Message::CloseRequested);
    assert!(matches!(app.overlay, Overlay::Quit { .. }));
    click(&mut app, "quit-remember");
    click(&mut app, "quit-leave");
    assert_eq!(app.model.prefs.leave_node_running, Some(true));
}

#[test]
fn a_payment_link_opens_the_filled_form() {
    let mut app = full();
    let link = "bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4?amount=0.25&label=Shop";
    demo::tell(&mut app, Message::Link(link.to_owned()));
    assert_eq!(app.page, PageId::Send);
    assert!(shows(&app, "✓ Valid. You never paid this address."));
    demo::tell(&mut app, Message::Link("bitcoin://x".to_owned()));
    assert!(shows(
        &app,
        "\"bitcoin://\" is not a valid link. Use \"bitcoin:\" instead."
    ));
}

#[test]
fn mining_is_offered_on_a_private_chain_only() {
    assert!(window(&full()).find(id("mine-1")).is_err());
    let sandbox = demo::full(Coin::Groestlcoin, Network::Regtest);
    assert!(window(&sandbox).click(id("mine-1")).is_ok());
}
