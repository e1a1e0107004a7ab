//! What a wallet said is stored survives SIGKILL at any moment.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use primitives::address::Destination;
use primitives::{ChainParams, Coin, Network};
use wallet::db::{Database, FILE_NAME, OpenOptions};
use wallet::wallet::NewWallet;
use wallet::{Wallet, WalletOptions};

/// Names the directory in which the other half of the test writes.
const DIRECTORY: &str = "BITQ_TEST_WRITER";
const ROUNDS: u64 = 8;

fn params() -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, Network::Regtest)
}

fn options() -> WalletOptions {
    WalletOptions {
        keypool: 3,
        ..WalletOptions::defaults(params())
    }
}

fn open(dir: &Path) -> Wallet {
    let wait = Duration::from_secs(10);
    let how = OpenOptions {
        wait,
        ..OpenOptions::default()
    };
    let db = Database::open(&dir.join(FILE_NAME), params(), how).unwrap();
    db.verify().unwrap();
    Wallet::load("w", db, params(), options()).unwrap()
}

/// Makes addresses for ever and prints each once it is stored.
#[test]
fn writer() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let mut wallet = open(Path::new(&dir));
    let mut out = std::io::stdout();
    for i in 0.. {
        let label = format!("label {i}");
        let address = wallet.new_address(None, &label, 1_800_000_000).unwrap();
        writeln!(out, "\nstored {} {label}", address.to_address(params())).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn killed_wallets_lose_nothing_that_was_stored() {
    let dir = tempfile::tempdir().unwrap();
    let how = OpenOptions {
        create: true,
        ..OpenOptions::default()
    };
    let db = Database::open(&dir.path().join(FILE_NAME), params(), how).unwrap();
    let new = NewWallet {
        now: 1_800_000_000,
        ..NewWallet::default()
    };
    Wallet::create("w", db, params(), options(), &new, b"")
        .unwrap()
        .close()
        .unwrap();
    let mut stored: Vec<(String, String)> = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer", "--nocapture"])
            .env(DIRECTORY, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        for line in lines {
            let line = line.unwrap();
            if let Some((address, label)) = line
                .strip_prefix("stored ")
                .and_then(|rest| rest.split_once(' '))
            {
                stored.push((address.to_owned(), label.to_owned()));
                seen += 1;
                // At another moment in each round.
                if seen == 3 + round * 5 {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        let wallet = open(dir.path());
        for (address, label) in &stored {
            let destination = Destination::from_address(address, params()).unwrap();
            assert_eq!(wallet.label_of(&destination), label, "{address}");
        }
        wallet.close().unwrap();
    }
    assert!(stored.len() as u64 > ROUNDS * 3);
}
