use common::options::Program;

use super::*;

fn launch(folder: &std::path::Path, args: &[&str]) -> Launch {
    let datadir = format!("-datadir={}", folder.display());
    let args = ["bitq-gui", &datadir]
        .into_iter()
        .chain(args.iter().copied());
    let args = args.map(std::ffi::OsString::from);
    Launch {
        command_line: CommandLine::parse(Program::Gui, args).expect("valid options"),
        store: Store::new(folder.join("window")),
        link: None,
        minimised: false,
        programs: None,
    }
}

#[test]
fn a_broken_settings_file_is_told_with_its_chain_and_can_be_reset() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let launch = launch(folder.path(), &["-coin=bitcoin", "-regtest"]);
    let network = folder.path().join("regtest");
    std::fs::create_dir_all(&network).expect("a folder");
    std::fs::write(network.join("settings.json"), "{ broken").expect("writable");
    let (mut app, _) = App::boot(launch.clone());
    drop(app.booted(read(&launch)));
    assert_eq!(app.title(), "bitq, Bitcoin regtest");
    let Screen::Trouble(trouble) = &app.screen else {
        panic!("the start goes on with a broken file");
    };
    assert!(
        trouble.words().contains("settings.json"),
        "{}",
        trouble.words()
    );
    // Mended by hand, the next try reads it.
    std::fs::write(network.join("settings.json"), "{}").expect("writable");
    assert!(matches!(read(&launch).next, Next::Run(_)));
    // As long as it is broken, it stays so.
    std::fs::write(network.join("settings.json"), "{ broken").expect("writable");
    assert!(matches!(read(&launch).next, Next::Fail(_)));
    assert_eq!(
        app.reset_file().units(),
        1,
        "the card offers to set the file aside"
    );
}

#[test]
fn asking_for_the_folder_keeps_coin_and_chain_of_the_command_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let launch = launch(
        folder.path(),
        &["-choosedatadir", "-coin=bitcoin", "-testnet4"],
    );
    let Next::FirstRun(progress) = read(&launch).next else {
        panic!("the folder is not asked for");
    };
    assert_eq!(
        (progress.coin, progress.network),
        (Coin::Bitcoin, Network::Testnet4)
    );
    assert_eq!(progress.datadir.as_deref(), Some(folder.path()));
    assert_eq!(progress.step, Step::Storage);
    // The start that follows agrees with the command line, also where another network was chosen after all.
    for network in [Network::Testnet4, Network::Regtest] {
        let config = configure(&launch, Some((Coin::Bitcoin, network)), Some(folder.path()));
        let (config, _) = config.expect("no contradiction");
        assert_eq!(config.params().network, network);
    }
}

#[test]
fn a_sandbox_is_there_again_at_the_next_start_until_something_else_is_wanted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let launch = Launch {
        command_line: CommandLine::empty(Program::Gui, "bitq-gui"),
        ..launch(folder.path(), &[])
    };
    let params = ChainParams::get(Coin::Bitcoin, Network::Regtest);
    let prefs = Prefs {
        datadir: Some(folder.path().join("data")),
        ..Prefs::default()
    };
    launch.store.write_prefs(params, &prefs).expect("writable");
    let (mut app, _) = App::boot(launch.clone());
    drop(app.booted(read(&launch)));
    assert!(matches!(app.screen, Screen::FirstRun(_)));
    drop(app.first_run_outcome(first_run::Outcome::Sandbox(Coin::Bitcoin)));
    launch.store.write_shared(&app.shared).expect("writable");

    let (mut next, _) = App::boot(launch.clone());
    let boot = read(&launch);
    assert_eq!(boot.params.network, Network::Regtest);
    assert!(matches!(boot.next, Next::Run(_)));
    drop(next.booted(boot));
    assert!(next.sandbox, "and makes its wallet by itself");
    drop(next.switch_chain(Coin::Bitcoin, Network::Signet));
    launch.store.write_shared(&next.shared).expect("writable");
    assert!(matches!(read(&launch).next, Next::FirstRun(_)));
}
