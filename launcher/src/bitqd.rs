//! `bitqd`: node and wallet in one process, which talk as if they were two.

use std::process::ExitCode;

use common::options::Program;

#[global_allocator]
static ALLOCATOR: node::Allocator = node::Allocator;

fn main() -> ExitCode {
    node::main(Program::Daemon, Some(Box::new(wallet::run_in_process)))
}
