use super::*;
use crate::link::Link;
use crate::model::Prefs;
use primitives::{ChainParams, Coin, Network};

fn model() -> Model {
    Model::new(
        ChainParams::get(Coin::Bitcoin, Network::Regtest),
        Prefs::default(),
        0,
    )
}

fn tell(page: &mut Page, message: Message) -> Option<Event> {
    let (model, link) = (model(), Link::default());
    page.update(
        message,
        &Context {
            model: &model,
            link: &link,
        },
    )
    .event
}

fn run(page: &mut Page, line: &str) -> Option<Event> {
    tell(page, Message::Input(line.to_owned()));
    tell(page, Message::Submit)
}

#[test]
fn a_passphrase_is_neither_shown_nor_remembered() {
    let mut page = Page::default();
    let event = run(&mut page, "walletpassphrase geheim 60");
    assert!(!page.text().contains("geheim"));
    let Some(Event::Prefs(PrefsChange::ConsoleHistory(lines))) = event else {
        panic!("the history is to be kept");
    };
    assert_eq!(lines, ["walletpassphrase(…)"]);
}

#[test]
fn a_recalled_line_without_its_secret_does_not_run() {
    let mut page = Page::default();
    run(&mut page, "walletpassphrase geheim 60");
    let running = page.running.len();
    tell(&mut page, Message::Back);
    assert_eq!(page.input, "walletpassphrase(…)");
    tell(&mut page, Message::Submit);
    assert_eq!(page.running.len(), running, "nothing was sent");
    assert!(page.text().contains("cannot run"));
}

#[test]
fn wrong_syntax_is_told_and_not_sent() {
    let mut page = Page::default();
    run(&mut page, "getblock(getblockhash(0)");
    assert!(page.running.is_empty());
    assert!(page.text().contains("parentheses do not match"));
}

#[test]
fn answers_are_lines_and_waiting_can_be_given_up() {
    let mut page = Page::default();
    run(&mut page, "getblockcount");
    assert_eq!(page.running.len(), 1);
    let id = page.running[0].id;
    tell(
        &mut page,
        Message::Done(id, Ok("{\n  \"a\": 1\n}".to_owned())),
    );
    assert!(page.running.is_empty());
    assert!(page.text().ends_with("{\n  \"a\": 1\n}"));
    run(&mut page, "waitfornewblock");
    let id = page.running[0].id;
    tell(&mut page, Message::Cancel(id));
    assert!(page.running.is_empty() && page.text().contains("No longer waiting"));
}

#[test]
fn clearing_leaves_the_warning() {
    let mut page = Page::default();
    run(&mut page, "help-console");
    assert!(page.text().contains("Parentheses"));
    tell(&mut page, Message::Clear);
    assert!(page.text().starts_with("WARNING") && !page.text().contains("Parentheses"));
}

fn command(name: &str, wallet: bool) -> ipc_schema::RpcCommand {
    ipc_schema::RpcCommand {
        name: name.to_owned(),
        wallet,
        ..Default::default()
    }
}

/// What the console says to `line`, with these commands known, a wallet of that name in view, and no process behind.
async fn answer(
    line: &str,
    commands: Vec<ipc_schema::RpcCommand>,
    wallet: Option<&str>,
) -> Result<String, String> {
    let (mut model, link) = (model(), Link::default());
    model.commands = commands;
    let call = console::parse(line).expect("well written").expect("a call");
    let context = Context {
        model: &model,
        link: &link,
    };
    run::run(call, &context, wallet).await
}

#[tokio::test]
async fn a_passphrase_never_goes_to_the_node() {
    let known = || {
        vec![
            command("createwallet", true),
            command("getblockcount", false),
        ]
    };
    let line = "createwallet x false false secret";
    // With and without a wallet in view, one without a name included.
    for wallet in [None, Some(""), Some("Savings")] {
        let refusal = answer(line, known(), wallet)
            .await
            .expect_err("no wallet process");
        assert!(refusal.starts_with("Nothing was sent"), "{refusal}");
        assert!(refusal.contains("wallet process"), "{refusal}");
    }
    // While nothing says whose command it is, it is nobody's.
    for commands in [vec![], vec![command("getblockcount", false)]] {
        let refusal = answer(line, commands, None).await.expect_err("not known");
        assert!(refusal.starts_with("Nothing was sent"), "{refusal}");
    }
    // The wallet's command inside one of the node takes the same way.
    let inner = answer(
        "getblockcount(createwallet(x false false secret))",
        known(),
        None,
    )
    .await;
    assert!(
        inner
            .expect_err("no wallet process")
            .contains("createwallet is for the wallet")
    );
    // The node's own commands go to the node.
    let node = answer("getblockcount", known(), None).await;
    assert!(node.expect_err("no node").contains("node does not answer"));
}

#[test]
fn every_command_of_the_wallet_takes_the_side_of_the_wallet() {
    let commands = [command("walletpassphrase", true), command("stop", false)];
    assert_eq!(
        run::side(&commands, "walletpassphrase"),
        Ok(run::Side::Wallet)
    );
    assert_eq!(run::side(&commands, "stop"), Ok(run::Side::Node));
    assert!(run::side(&commands, "WalletPassphrase").is_err());
}

#[test]
fn page_keys_of_the_input_walk_through_the_output() {
    let mut page = Page::default();
    run(&mut page, "help-console");
    for _ in 0..3 {
        run(&mut page, "help-console");
    }
    let last = page.lines.len() - 1;
    tell(&mut page, Message::Page { up: true });
    assert_eq!(page.selected, Some(last - PAGE));
    tell(&mut page, Message::Page { up: false });
    tell(&mut page, Message::Page { up: false });
    assert_eq!(page.selected, Some(last));
}

#[test]
fn a_command_about_wallets_makes_the_window_look_at_them() {
    let mut page = Page::default();
    run(&mut page, "createwallet x");
    let id = page.running[0].id;
    let event = tell(&mut page, Message::Done(id, Ok("{}".to_owned())));
    assert_eq!(event, Some(Event::WalletsChanged));
    run(&mut page, "getblockcount");
    let id = page.running[0].id;
    assert_eq!(tell(&mut page, Message::Done(id, Ok("0".to_owned()))), None);
}
