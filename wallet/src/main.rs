//! `bitq-wallet`: the wallets of a node, or a tool for wallet files.

use std::process::ExitCode;

fn main() -> ExitCode {
    wallet::program::main()
}
