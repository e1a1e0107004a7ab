//! `bitq-cli`: sends commands to a running node, through its Unix socket or by HTTP.

#[path = "cli/client.rs"]
mod client;

fn main() -> std::process::ExitCode {
    client::main()
}
