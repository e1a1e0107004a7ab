use super::*;

fn text(
    wallet: &Value,
    balance: &Value,
    balances: Option<&Map<String, Value>>,
    colors: Colors,
) -> String {
    let network = json!({
        "version": 310000, "timeoffset": -1, "connections": 3, "connections_in": 1, "connections_out": 2,
        "networks": [
            {"name": "ipv4", "proxy": "127.0.0.1:9050"},
            {"name": "ipv6", "proxy": ""},
            {"name": "onion", "proxy": "127.0.0.1:9050"},
            {"name": "i2p", "proxy": "127.0.0.1:7656"},
        ],
        "warnings": ["Beware", "Twice"],
    });
    let mut network = network;
    network["relayfee"] = rpc::amount(100);
    let chain = json!({
        "chain": "regtest", "blocks": 5, "headers": 10, "verificationprogress": 0.5,
        "difficulty": 4.656542373906925e-10,
    });
    let facts = Facts {
        network: &network,
        chain: &chain,
        wallet,
        balance,
        balances,
        ticker: "BTC",
    };
    page(&facts, colors)
}

const COMMON: &str = "Chain: regtest
Blocks: 5
Headers: 10
Verification progress: ▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░ 50.0000%
Difficulty: 4.656542373906925e-10

Network: in 1, out 2, total 3
Version: 310000
Time offset (s): -1
Proxies: 127.0.0.1:9050 (ipv4, onion), 127.0.0.1:7656 (i2p)
Min tx relay fee rate (BTC/kvB): 0.00000100

";

#[test]
fn a_node_without_wallet() {
    let page = text(&Value::Null, &Value::Null, None, Colors::default());
    assert_eq!(page, format!("{COMMON}Warnings: Beware\nTwice"));
}

#[test]
fn one_wallet_or_several() {
    let wallet = json!({"walletname": "", "keypoolsize": 1, "unlocked_until": 0});
    let balance = rpc::amount(5_000_000_000);
    let page = text(&wallet, &balance, None, Colors::default());
    assert_eq!(
        page,
        format!(
            "{COMMON}Wallet: \"\"\nKeypool size: 1\nUnlocked until: 0\nBalance: 50.00000000\n\n\
             Warnings: Beware\nTwice"
        )
    );
    let mut balances = Map::new();
    balances.insert(String::new(), rpc::amount(1));
    balances.insert("two".into(), rpc::amount(1_000_000_000_000));
    let page = text(
        &Value::Null,
        &Value::Null,
        Some(&balances),
        Colors::default(),
    );
    assert_eq!(
        page,
        format!(
            "{COMMON}Balances\n    0.00000001 \"\"\n10000.00000000 two\n\nWarnings: Beware\nTwice"
        )
    );
}

#[test]
fn colors_are_a_choice() {
    let page = text(&Value::Null, &Value::Null, None, Colors::ON);
    assert!(
        page.starts_with("\u{1b}[34mChain: regtest\u{1b}[0m\n"),
        "{page}"
    );
    let colored =
        |when, terminal| Colors::choose(when, terminal).map(|colors| !colors.reset.is_empty());
    assert!(matches!(colored("always", false), Ok(true)));
    assert!(matches!(colored("auto", true), Ok(true)));
    assert!(matches!(colored("auto", false), Ok(false)));
    assert!(matches!(colored("never", true), Ok(false)));
    assert!(matches!(colored("foo", true), Err(CliError::Color)));
}

#[test]
fn the_bar_is_gone_when_the_work_is_done() {
    assert_eq!(progress_bar(0.0), "░░░░░░░░░░░░░░░░░░░░ ");
    assert_eq!(progress_bar(0.01), "▒░░░░░░░░░░░░░░░░░░░░ ");
    assert_eq!(progress_bar(0.99), "");
    assert_eq!(progress_bar(2.0), "");
}
